import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentEvent } from '../../src/agent/contract.ts';
import { changes, EventStream, type AgentEventDraft } from '../../src/agent/event-stream.ts';
import type { AgentState, MemberState, ServiceState } from '../../src/core/state.ts';
import { makeIncident, wellState } from '../api/fake-view.ts';

const WALL_MS = 1_700_000_000_000;
const KEPT = 1000;

function stream(wallMs = WALL_MS): EventStream {
  return new EventStream(() => wallMs);
}

const draft: AgentEventDraft = { service: 'shop', kind: 'traffic', data: { up: true } };

function withService(state: AgentState, change: Partial<ServiceState>): AgentState {
  return { ...state, services: state.services.map((service) => ({ ...service, ...change })) };
}

function withMember(state: AgentState, name: string, change: Partial<MemberState>): AgentState {
  return {
    ...state,
    services: state.services.map((service) => ({
      ...service,
      members: service.members.map((one) => (one.name === name ? { ...one, ...change } : one)),
    })),
  };
}

test('whoever resumes with the last number gets exactly what came after it, oldest first', () => {
  const events = stream();
  for (let count = 0; count < 5; count += 1) events.post(draft);
  const all = events.after(0);
  assert.equal(all.length, 5);
  for (const [index, { id }] of all.entries()) {
    assert.equal(id, (all[0]?.id ?? 0) + index, 'numbered without gaps');
    assert.deepEqual(events.after(id), all.slice(index + 1));
  }
});

test('only the newest thousand events are kept, and the numbers go on', () => {
  const events = stream();
  const told: AgentEvent[] = [];
  events.subscribe((event) => told.push(event));
  for (let count = 0; count < KEPT + 7; count += 1) events.post(draft);
  assert.deepEqual(events.after(0), told.slice(7));
  assert.equal(events.after(told[3]?.id ?? 0).length, KEPT, 'what is gone shows as a gap');
});

test('the numbers of a later agent are higher than those of an earlier one', () => {
  const first = stream();
  for (let count = 0; count < 3; count += 1) first.post(draft);
  const later = stream(WALL_MS + 1000);
  later.post(draft);
  const newestOfFirst = first.after(0).at(-1)?.id ?? 0;
  const oldestOfLater = later.after(0)[0]?.id ?? 0;
  assert.ok(oldestOfLater > newestOfFirst + 1);
});

test('every watcher is told of each event until it leaves, and one that leaves leaves alone', () => {
  const events = stream();
  const early: number[] = [];
  const late: number[] = [];
  const leave = events.subscribe(({ id }) => early.push(id));
  events.post(draft);
  events.subscribe(({ id }) => late.push(id));
  events.post(draft);
  leave();
  events.post(draft);
  const ids = events.after(0).map(({ id }) => id);
  assert.deepEqual([early, late], [ids.slice(0, 2), ids.slice(1)]);
});

test('a step that changes nothing worth telling is not told', () => {
  const before = wellState();
  assert.deepEqual(changes(before, before), []);
  assert.deepEqual(changes(before, { ...before, at: before.at + 1 }), []);
  const beat = withMember(before, 'a', { rehearsedAt: 5 });
  assert.deepEqual(changes(before, beat), [], 'a heartbeat alone is no news');
});

test('health, status, traffic and refusals are told when they change, in a fixed order', () => {
  const before = wellState();
  const after = withService(withMember(before, 'b', { readySince: null, lifecycle: 'absent' }), {
    paused: true,
    trafficUp: false,
    refusals: [{ at: 2000, refusal: { code: 'paused' } }],
  });
  const told = changes(before, after);
  assert.deepEqual(
    told.map(({ service, kind }) => [service, kind]),
    [
      ['shop', 'health'],
      ['shop', 'blocked'],
      ['shop', 'status'],
      ['shop', 'traffic'],
    ],
  );
  assert.deepEqual(changes(after, after), [], 'a refusal that stands is told once');
  assert.deepEqual(
    changes(after, { ...withService(after, { refusals: [] }), at: 3000 }),
    [],
    'that it stands no longer is no news',
  );
});

test('an incident is told when it opens, and then only with what is new of its timeline', () => {
  const calm = wellState();
  const { incident } = makeIncident(1, { timeline: [{ at: 1, code: 'noCandidate' }] });
  const opened = withService(calm, { incident });
  const [first, ...others] = changes(calm, opened);
  assert.deepEqual(others, []);
  assert.deepEqual(first, {
    service: 'shop',
    kind: 'incident',
    data: { ...incident, opened: true },
  });

  const entry = { at: 2, code: 'served', member: 'b' } as const;
  const longer = { ...incident, timeline: [...incident.timeline, entry] };
  const went = withService(calm, { incident: longer });
  assert.deepEqual(changes(opened, went), [
    {
      service: 'shop',
      kind: 'incident',
      data: { ...longer, timeline: [entry], opened: false },
    },
  ]);
  const measured = withService(calm, { incident: { ...longer, outageMs: 7 } });
  assert.deepEqual(changes(went, measured), [], 'without a new entry there is nothing to tell');
});
