import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeCause } from '../../../src/core/describe/cause.ts';
import { describeEvidence } from '../../../src/core/describe/evidence.ts';
import { describeFact } from '../../../src/core/describe/fact.ts';
import { describeFault } from '../../../src/core/describe/fault.ts';
import { describeCandidate, describeGate } from '../../../src/core/describe/eligibility.ts';
import { describeHealth } from '../../../src/core/describe/health.ts';
import { duration, type Locale, percent, size } from '../../../src/core/describe/language.ts';
import { describeRefusal, describeRemedy } from '../../../src/core/describe/refusal.ts';
import type {
  Cause,
  EffectFault,
  Evidence,
  EvidenceFact,
  GateRefusal,
  HealthReason,
  ProbeFault,
  Refusal,
} from '../../../src/core/reasons.ts';
import type { IncidentFact } from '../../../src/core/state.ts';

// One value for every code. The mapped types keep these complete: a new code does not compile here.

type Every<T extends { readonly code: string }> = {
  readonly [C in T['code']]: Extract<T, { readonly code: C }>;
};

const evidenceFacts: Every<EvidenceFact> = {
  exited: { code: 'exited', exitCode: 1, signal: null },
  vanished: { code: 'vanished', pid: 4242 },
  exiting: { code: 'exiting', pid: 4242 },
  probeFailed: { code: 'probeFailed', fault: 'timeout', detail: 'after 300 ms' },
  silent: { code: 'silent', silentMs: 412, expectedMs: 100, marginMs: 90 },
  requestFailed: { code: 'requestFailed', fault: 'reset', count: 3 },
  stalled: { code: 'stalled', waitingMs: 800, requests: 7 },
  errorShare: { code: 'errorShare', share: 0.31, requests: 90, limit: 0.05 },
  slow: { code: 'slow', p95Ms: 900, limitMs: 200, requests: 50 },
};

const evidence: Evidence = { at: 5, channel: 'http', fact: evidenceFacts.silent };

const gates: Every<GateRefusal> = {
  notReady: { code: 'notReady', health: 'starting', lifecycle: 'frozen' },
  tooSlow: { code: 'tooSlow', p95Ms: 400, limitMs: 200 },
  lagging: { code: 'lagging', lagBytes: 4_000_000, limitBytes: 0 },
  lagUnknown: { code: 'lagUnknown' },
  diverged: { code: 'diverged', on: '7421/1', newestOn: '7421/2' },
  lagStale: { code: 'lagStale', ageMs: 2400, limitMs: 400 },
  notRehearsed: { code: 'notRehearsed', ageMs: null, limitMs: 3_600_000 },
};

const refusals: Every<Refusal> = {
  unknownService: { code: 'unknownService', service: 'shop' },
  unknownMember: { code: 'unknownMember', member: 'z' },
  alreadyActive: { code: 'alreadyActive', member: 'a' },
  operationUnderWay: { code: 'operationUnderWay', operation: 'failover' },
  paused: { code: 'paused' },
  observeOnly: { code: 'observeOnly' },
  noActive: { code: 'noActive' },
  activeElsewhere: { code: 'activeElsewhere', host: 'h2', member: 'b' },
  memberElsewhere: { code: 'memberElsewhere', host: 'h2', member: 'b' },
  noCandidate: {
    code: 'noCandidate',
    candidates: [{ member: 'b', refusals: [gates.lagging, gates.notReady] }],
  },
  observerUnfit: { code: 'observerUnfit', score: 5 },
  allTargetsLate: { code: 'allTargetsLate', targets: 4 },
  flapping: { code: 'flapping', failovers: 6, limit: 5, windowMs: 600_000 },
  holdDown: { code: 'holdDown', remainingMs: 12_000 },
  degradedBackoff: { code: 'degradedBackoff', remainingMs: 45_000 },
  preferredActive: { code: 'preferredActive' },
  notPaused: { code: 'notPaused' },
};

const causes: Every<Cause> = {
  memberFailed: { code: 'memberFailed', member: 'a', reason: 'exited' },
  memberDegraded: { code: 'memberDegraded', member: 'a', reason: 'tooManyErrors' },
  takeoverTooSlow: { code: 'takeoverTooSlow', member: 'b', p95Ms: 300, limitMs: 200 },
  takeoverErrors: { code: 'takeoverErrors', member: 'b', share: 0.2, limit: 0.05 },
  leaseLost: { code: 'leaseLost', member: 'a' },
  leaseExpired: { code: 'leaseExpired', host: 'h2', member: 'b' },
  operator: { code: 'operator', command: 'switchover' },
  failback: { code: 'failback', member: 'a' },
};

const facts: Every<IncidentFact> = {
  suspected: { code: 'suspected', member: 'a', evidence },
  cleared: { code: 'cleared', member: 'a' },
  prepared: { code: 'prepared', member: 'b', from: 'frozen' },
  verdict: { code: 'verdict', member: 'a', health: 'failed', reason: 'exited' },
  chosen: { code: 'chosen', member: 'b', degraded: false },
  passedOver: { code: 'passedOver', member: 'c', refusals: [gates.lagUnknown] },
  noCandidate: { code: 'noCandidate' },
  evidence: { code: 'evidence', member: 'a', evidence },
  ordered: { code: 'ordered', effect: 'fenceMember', id: 12, member: 'a' },
  done: { code: 'done', effect: 'fenceMember', id: 12, tookMs: 3.2 },
  failed: { code: 'failed', effect: 'fenceMember', id: 12, fault: 'stillRunning', detail: 'pid 7' },
  usedFallback: { code: 'usedFallback', from: 'a', to: 'b' },
  served: { code: 'served', member: 'b' },
  observed: { code: 'observed', member: 'b', p95Ms: 12, errorShare: 0.001 },
  refused: { code: 'refused', refusal: refusals.holdDown },
  aborted: { code: 'aborted', step: 'raising' },
  resumed: { code: 'resumed' },
  superseded: { code: 'superseded', host: 'h2', member: 'b' },
  ended: { code: 'ended', outcome: 'succeeded' },
};

const healthReasons: Readonly<Record<HealthReason, true>> = {
  starting: true,
  answering: true,
  exited: true,
  vanished: true,
  exiting: true,
  refused: true,
  silent: true,
  requestsFailing: true,
  confirmedDead: true,
  tooManyErrors: true,
  tooSlow: true,
  observerUnfit: true,
  allTargetsLate: true,
  frozen: true,
  cold: true,
  notStarted: true,
  startFailed: true,
  crashLoop: true,
};

const faults: Readonly<Record<ProbeFault | EffectFault, true>> = {
  refused: true,
  reset: true,
  closed: true,
  timeout: true,
  badStatus: true,
  badAnswer: true,
  commandFailed: true,
  unreachable: true,
  dependencyFailed: true,
  cancelled: true,
  timedOut: true,
  notFound: true,
  permission: true,
  portTaken: true,
  startFailed: true,
  notReady: true,
  stillRunning: true,
  conflict: true,
  storeUnavailable: true,
  diskFull: true,
  driverFailed: true,
};

/** Each gets a text of its own in both languages, on one line, with nothing left unfilled. */
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

function codesOf<C extends string>(table: Readonly<Record<C, true>>): readonly C[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets the type of its own keys.
  return Object.keys(table) as C[];
}

test('every refusal has a text and a remedy in both languages', () => {
  checkTexts(Object.values(refusals), describeRefusal);
  for (const refusal of Object.values(refusals)) checkTexts([refusal], describeRemedy);
});

test('every cause has a text in both languages', () => {
  checkTexts(Object.values(causes), describeCause);
});

test('every fact of evidence has a text in both languages', () => {
  const values = Object.values(evidenceFacts).map((fact): Evidence => ({ ...evidence, fact }));
  checkTexts(values, describeEvidence);
});

test('every fact of an incident has a text in both languages', () => {
  checkTexts(Object.values(facts), describeFact);
});

test('every reason at the gate has a text in both languages', () => {
  checkTexts(Object.values(gates), describeGate);
});

test('every reason of health has a text in both languages', () => {
  checkTexts(codesOf(healthReasons), describeHealth);
});

test('every fault has a text in both languages', () => {
  checkTexts(codesOf(faults), describeFault);
});

test('a text carries the figures it rests on', () => {
  const text = describeGate({ code: 'tooSlow', p95Ms: 412, limitMs: 200 }, 'en');
  assert.match(text, /412 ms/);
  assert.match(text, /200 ms/);
  const candidate = { member: 'b', refusals: [gates.tooSlow, gates.lagUnknown] };
  for (const refusal of candidate.refusals) {
    assert.ok(describeCandidate(candidate, 'en').includes(describeGate(refusal, 'en')));
  }
});

test('a name from a newer version is shown as it is', () => {
  const text = describeFact({ code: 'ordered', effect: 'teleport', id: 1, member: null }, 'en');
  assert.match(text, /teleport/);
  const inherited = describeFact({ code: 'aborted', step: 'constructor' }, 'en');
  assert.match(inherited, /constructor/);
});

test('amounts are shown in the unit that suits them', () => {
  assert.deepEqual([0.04, 9.96, 412.4, 1200, 90_000, 600_000, 7_200_000].map(duration), [
    '0 ms',
    '10 ms',
    '412 ms',
    '1.2 s',
    '90 s',
    '10 min',
    '2 h',
  ]);
  assert.deepEqual([0, 1023, 1536, 4_194_304].map(size), ['0 B', '1023 B', '1.5 KiB', '4 MiB']);
  assert.deepEqual([0, 0.0012, 1].map(percent), ['0%', '0.12%', '100%']);
});
