import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../src/agent/contract.ts';
import { changes, NoticeBoard, type NoticeDraft } from '../../src/agent/notices.ts';
import type { AgentState, MemberState, ServiceState } from '../../src/core/state.ts';
import { makeIncident, wellState } from '../api/fake-view.ts';

const WALL_MS = 1_700_000_000_000;
const KEPT = 1000;

function board(wallMs = WALL_MS): NoticeBoard {
  return new NoticeBoard(() => wallMs);
}

const draft: NoticeDraft = { service: 'shop', kind: 'traffic', data: { up: true } };

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
  const notices = board();
  for (let count = 0; count < 5; count += 1) notices.post(draft);
  const all = notices.after(0);
  assert.equal(all.length, 5);
  for (const [index, { id }] of all.entries()) {
    assert.equal(id, (all[0]?.id ?? 0) + index, 'numbered without gaps');
    assert.deepEqual(notices.after(id), all.slice(index + 1));
  }
});

test('only the newest thousand notices are kept, and the numbers go on', () => {
  const notices = board();
  const told: Notice[] = [];
  notices.subscribe((notice) => told.push(notice));
  for (let count = 0; count < KEPT + 7; count += 1) notices.post(draft);
  assert.deepEqual(notices.after(0), told.slice(7));
  assert.equal(notices.after(told[3]?.id ?? 0).length, KEPT, 'what is gone shows as a gap');
});

test('the numbers of a later agent are higher than those of an earlier one', () => {
  const first = board();
  for (let count = 0; count < 3; count += 1) first.post(draft);
  const later = board(WALL_MS + 1000);
  later.post(draft);
  const newestOfFirst = first.after(0).at(-1)?.id ?? 0;
  const oldestOfLater = later.after(0)[0]?.id ?? 0;
  assert.ok(oldestOfLater > newestOfFirst + 1);
});

test('every watcher is told of each notice until it leaves, and one that leaves leaves alone', () => {
  const notices = board();
  const early: number[] = [];
  const late: number[] = [];
  const leave = notices.subscribe(({ id }) => early.push(id));
  notices.post(draft);
  notices.subscribe(({ id }) => late.push(id));
  notices.post(draft);
  leave();
  notices.post(draft);
  const ids = notices.after(0).map(({ id }) => id);
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
  const after = withService(withMember(before, 'b', { ready: false, lifecycle: 'absent' }), {
    paused: true,
    trafficUp: false,
    refusals: [{ at: 2000, refusal: { code: 'paused' } }],
  });
  const told = changes(before, after);
  assert.deepEqual(
    told.map(({ service, kind }) => [service, kind]),
    [
      ['shop', 'health'],
      ['shop', 'refusal'],
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
