import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../../src/core/change.ts';
import { describeChange } from '../../../src/core/describe/change.ts';
import { describeEvent } from '../../../src/core/describe/event.ts';
import type { Locale } from '../../../src/core/describe/language.ts';
import { describeOrder } from '../../../src/core/describe/order.ts';
import type { Effect, EffectOrder } from '../../../src/core/effect.ts';
import type { Event } from '../../../src/core/event.ts';
import { toPosition } from '../../../src/core/position.ts';

// What a replay shows, in words: one value for every event, order and change. A new one does not compile here.

type EveryType<T extends { readonly type: string }> = {
  readonly [C in T['type']]: Extract<T, { readonly type: C }>;
};
type EveryCode<T extends { readonly code: string }> = {
  readonly [C in T['code']]: Extract<T, { readonly code: C }>;
};

const of = { at: 5, service: 'shop', member: 'a' };
const probe = { ...of, incarnation: 1, channel: 'http', sequence: 7 } as const;
const calm = { lateMs: 1, runDelayMs: 0, throttledMs: 0, wallStepMs: 0, suspendedMs: 0 };
const asked = { at: 5, service: 'shop' };

const events: EveryType<Event> = {
  agentStarted: { type: 'agentStarted', at: 5, epochs: [], nextIncident: 1, carried: [] },
  agentRecovered: { type: 'agentRecovered', at: 5, epochs: [], found: [] },
  deadlineReached: { type: 'deadlineReached', at: 5, dueAt: 4 },
  hostSampled: { type: 'hostSampled', at: 5, ...calm, echoMs: 0.1 },
  probeSucceeded: { type: 'probeSucceeded', ...probe, latencyMs: 1.2 },
  probeFailed: { type: 'probeFailed', ...probe, fault: 'refused', detail: '' },
  memberExiting: { type: 'memberExiting', ...of, incarnation: 1, pid: 7 },
  memberExited: {
    type: 'memberExited',
    ...of,
    incarnation: 1,
    exitCode: null,
    signal: 'SIGKILL',
    how: 'exited',
    pid: 7,
  },
  trafficFailed: { type: 'trafficFailed', ...of, fault: 'reset', count: 2 },
  trafficSampled: {
    type: 'trafficSampled',
    ...of,
    windowMs: 100,
    requests: 40,
    errors: 1,
    p95Ms: 3,
    waiting: 2,
    oldestWaitMs: 4,
  },
  positionReported: {
    type: 'positionReported',
    ...of,
    incarnation: 1,
    history: '7421',
    timeline: 3,
    position: toPosition(4096n),
    ageMs: 2,
  },
  trafficFellBack: { type: 'trafficFellBack', ...asked, from: 'a', to: 'b' },
  trafficLost: { type: 'trafficLost', ...asked },
  trafficRestored: { type: 'trafficRestored', ...asked },
  leaseObserved: { type: 'leaseObserved', ...asked, record: null },
  effectSucceeded: { type: 'effectSucceeded', at: 5, id: 3, result: { type: 'done' } },
  effectFailed: { type: 'effectFailed', at: 5, id: 3, fault: 'conflict', detail: '' },
  effectTimedOut: { type: 'effectTimedOut', at: 5, id: 3 },
  switchoverRequested: { type: 'switchoverRequested', ...asked, to: 'b' },
  failoverRequested: { type: 'failoverRequested', ...asked, to: null },
  failbackRequested: { type: 'failbackRequested', ...asked },
  pauseRequested: { type: 'pauseRequested', ...asked },
  resumeRequested: { type: 'resumeRequested', ...asked },
};

const route = { epoch: 2, active: 'b', fallbacks: ['a'], suspects: [], dead: [], leaseUntil: null };

const orders: EveryType<EffectOrder> = {
  startMember: { type: 'startMember', member: 'a', capacity: 'reduced' },
  stopMember: { type: 'stopMember', member: 'a', graceMs: 10 },
  freezeMember: { type: 'freezeMember', member: 'a' },
  thawMember: { type: 'thawMember', member: 'a' },
  setCapacity: { type: 'setCapacity', member: 'a', capacity: 'full' },
  primeMember: { type: 'primeMember', member: 'a' },
  awaitReady: { type: 'awaitReady', member: 'a' },
  promoteMember: { type: 'promoteMember', member: 'a', epoch: 2 },
  demoteMember: { type: 'demoteMember', member: 'a' },
  rejoinMember: { type: 'rejoinMember', member: 'a', active: 'b' },
  fenceMember: { type: 'fenceMember', member: 'a' },
  watchMember: { type: 'watchMember', member: 'a', incarnation: 1 },
  unwatchMember: { type: 'unwatchMember', member: 'a' },
  probeMember: { type: 'probeMember', member: 'a', channel: 'direct', timeoutMs: 300 },
  drainInput: { type: 'drainInput' },
  cancelEffects: { type: 'cancelEffects', ids: [3, 4] },
  acquireLease: { type: 'acquireLease', member: 'a', expectedEpoch: 1 },
  renewLease: { type: 'renewLease', member: 'a', epoch: 1, renewal: 2 },
  releaseLease: { type: 'releaseLease', epoch: 1 },
  switchTraffic: { type: 'switchTraffic', route },
  drainTraffic: { type: 'drainTraffic', member: 'a', timeoutMs: 10 },
  recordIncident: { type: 'recordIncident', incident: 1 },
};

const changes: EveryCode<Change> = {
  phase: { code: 'phase', from: 'steady', to: 'suspect' },
  active: { code: 'active', from: 'a', to: 'b' },
  epoch: { code: 'epoch', epoch: 2 },
  paused: { code: 'paused', paused: true },
  trafficUp: { code: 'trafficUp', up: false },
  operation: { code: 'operation', kind: 'failover', from: null, to: 'taking' },
  lifecycle: { code: 'lifecycle', member: 'a', from: 'absent', to: 'starting' },
  capacity: { code: 'capacity', member: 'a', capacity: 'full' },
  health: {
    code: 'health',
    member: 'a',
    from: 'healthy',
    to: 'failed',
    reason: 'exited',
    evidence: null,
  },
  ready: { code: 'ready', member: 'a', ready: false },
  role: { code: 'role', member: 'a', role: 'active' },
  refused: { code: 'refused', refusal: { code: 'paused' } },
  commandRefused: { code: 'commandRefused', refusal: { code: 'noActive' } },
  incident: { code: 'incident', id: 1, kind: 'failover', outcome: 'succeeded' },
};

function effectOf(order: EffectOrder): Effect {
  const issued = { id: 3, service: 'shop', after: [], issuedAt: 1, withinMs: 10, deadline: 11 };
  return { ...order, ...issued };
}

function checkTexts<T>(values: readonly T[], describe: (value: T, locale: Locale) => string): void {
  for (const locale of ['en', 'zh'] as const) {
    const texts = values.map((value) => describe(value, locale));
    for (const text of texts) {
      assert.match(text, /^\S.*\S$/);
      assert.doesNotMatch(text, /undefined|null|NaN|\[object/);
      assert.equal(/\p{Script=Han}/u.test(text), locale === 'zh', text);
    }
    assert.equal(new Set(texts).size, values.length, 'texts differ');
  }
}

test('every event has a text in both languages', () => {
  checkTexts(Object.values(events), (event, locale) => describeEvent(event, null, locale));
});

test('every order has a text in both languages', () => {
  checkTexts(Object.values(orders), (order, locale) => describeOrder(effectOf(order), locale));
});

test('every change has a text in both languages', () => {
  checkTexts(Object.values(changes), describeChange);
});

test('an outcome names its order, how long it took, and what a look at a member found', () => {
  const done = describeEvent(events.effectSucceeded, effectOf(orders.fenceMember), 'en');
  assert.equal(done, 'done #3 fence a, after 4 ms');
  const answer = { ok: false, fault: 'timeout', detail: 'no answer' } as const;
  const result = { type: 'probed', channel: 'http', answer } as const;
  const looked = describeEvent(
    { type: 'effectSucceeded', at: 5, id: 3, result },
    effectOf(orders.probeMember),
    'en',
  );
  assert.equal(looked, '#3 probe of a: timed out (no answer)');
});
