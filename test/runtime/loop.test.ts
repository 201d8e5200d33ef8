import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectResult, Event } from '../../src/core/event.ts';
import { toPosition } from '../../src/core/position.ts';
import { HostSampler } from '../../src/runtime/host-sampler.ts';
import { mockTime } from './mock-time.ts';
import { pause, resume, rig, STARTED } from './loop-rig.ts';

// What comes first in the loop, what waits, and what ends it.

test('an event is durable before any effect that it causes begins, and is told after that', (t) => {
  const { loop, trace } = rig(t);
  loop.begin(STARTED, null);
  assert.deepEqual(trace, [
    'append agentStarted',
    'flush',
    'execute startMember',
    'execute startMember',
    'told agentStarted',
  ]);
});

test('a quiet event is not flushed by itself, but within seconds', (t) => {
  const { loop, trace } = rig(t);
  loop.begin(STARTED, null);
  trace.length = 0;
  const service = loop.state.services[0]?.name ?? '';
  loop.deliver({
    type: 'positionReported',
    at: 1,
    service,
    member: 'a',
    incarnation: 0,
    history: 'x',
    timeline: 1,
    position: toPosition(0n),
    ageMs: 0,
  });
  assert.deepEqual(trace, ['append positionReported', 'told positionReported']);
  t.mock.timers.tick(5000);
  assert.ok(trace.includes('flush'));
});

test('a pause is durable at once, although it orders nothing', (t) => {
  const { loop, trace } = rig(t);
  loop.begin(STARTED, null);
  trace.length = 0;
  loop.deliver(pause(1));
  assert.deepEqual(trace, ['append pauseRequested', 'flush', 'told pauseRequested']);
});

test('a snapshot that is due comes before the event, with the state before it', (t) => {
  const { loop, journal } = rig(t);
  loop.begin(STARTED, null);
  const before = loop.state;
  journal.snapshotDue = true;
  loop.deliver(pause(1));
  const [snapshot, event] = journal.entries.slice(-2);
  assert.equal(snapshot?.type === 'snapshot' && snapshot.state, before);
  assert.equal(event?.type === 'event' && event.event.type, 'pauseRequested');
});

test('an event that comes while another is being decided waits its turn, in the order of arrival', (t) => {
  let depth = 0;
  const { loop, events } = rig(t, {
    onStep: (event, within) => {
      assert.equal(depth, 0, 'one step at a time');
      depth += 1;
      if (event.type === 'agentStarted')
        for (const next of [pause(1), resume(2), pause(3)]) within.deliver(next);
      depth -= 1;
    },
  });
  loop.begin(STARTED, null);
  assert.deepEqual(
    events().map(({ type }) => type),
    ['agentStarted', 'pauseRequested', 'resumeRequested', 'pauseRequested'],
  );
  assert.equal(loop.state.services[0]?.paused, true);
  assert.equal(loop.events, 4);
});

test('time never runs backwards for the core, even if two events are delivered crosswise', (t) => {
  const { loop, events } = rig(t);
  loop.begin(STARTED, null);
  loop.deliver(pause(50));
  loop.deliver(resume(20));
  assert.deepEqual(
    events().map(({ at }) => at),
    [0, 50, 50],
  );
});

test('events that breed events without end stop the agent instead of filling its memory', (t) => {
  const { loop, defects, events } = rig(t, {
    onStep: (_event, within) => {
      within.deliver(pause(1));
      within.deliver(resume(1));
    },
  });
  loop.begin(STARTED, null);
  assert.equal(defects.length, 1);
  assert.match(String(defects[0]), /bounded/);
  const count = events().length;
  loop.deliver(pause(2));
  assert.equal(events().length, count, 'it takes nothing any more');
});

test('a defect is told once, and nothing is decided after it', (t) => {
  const { loop, journal, defects, trace } = rig(t);
  loop.begin(STARTED, null);
  journal.broken = new Error('an invariant is broken');
  loop.deliver(pause(1));
  journal.broken = null;
  trace.length = 0;
  loop.deliver(pause(2));
  loop.close();
  assert.deepEqual(defects.map(String), ['Error: an invariant is broken']);
  assert.deepEqual(trace, [], 'closed once already');
});

test('the outcome of an effect comes back as an event with its number', async (t) => {
  const started: EffectResult = { type: 'started', pid: 7, incarnation: 1 };
  const { loop, events } = rig(t, {
    execute: async (effect) =>
      effect.type === 'startMember' && effect.member === 'a'
        ? await Promise.resolve(started)
        : await Promise.reject(new Error('it would not')),
  });
  loop.begin(STARTED, null);
  const [startA, startB] = (loop.state.services[0]?.pending ?? []).filter(
    ({ type }) => type === 'startMember',
  );
  await new Promise((resolve) => setImmediate(resolve));
  const outcomes = events().filter(({ type }) => type.startsWith('effect'));
  assert.deepEqual(
    outcomes.find((event) => 'id' in event && event.id === startA?.id),
    { type: 'effectSucceeded', at: 0, id: startA?.id, result: started },
  );
  const failed = outcomes.find((event) => 'id' in event && event.id === startB?.id);
  assert.equal(failed?.type === 'effectFailed' && failed.detail, 'it would not');
});

test('an effect whose driver never answers times out by the clock, and that is an event too', (t) => {
  const made = rig(t);
  made.loop.begin(STARTED, null);
  const pending = made.loop.state.services[0]?.pending ?? [];
  const start = pending.find(({ type }) => type === 'startMember');
  made.at = start?.deadline ?? 0;
  t.mock.timers.tick(made.at);
  assert.ok(
    made.events().some((event) => event.type === 'effectTimedOut' && event.id === start?.id),
  );
});

test('a deadline of the core is delivered when it is reached, not before', (t) => {
  const made = rig(t);
  made.loop.begin(STARTED, null);
  const deadlines = (): readonly Event[] =>
    made.events().filter(({ type }) => type === 'deadlineReached');
  t.mock.timers.tick(60_000);
  assert.deepEqual(
    deadlines(),
    [],
    'a timer that fires although the clock stands only sets itself again',
  );
  made.at = 120_000;
  t.mock.timers.tick(60_000);
  assert.ok(deadlines().length > 0);
  for (const event of deadlines())
    assert.ok(event.type === 'deadlineReached' && event.dueAt <= event.at);
});

test('after a pause of its own the agent looks at itself before it believes anything', (t) => {
  const made = rig(t);
  const still = { runDelayMs: 0, throttledMs: 0, wallOffsetMs: 0, bootOffsetMs: 0 };
  const sampler = new HostSampler({
    time: mockTime(made),
    readings: { read: () => still, takeEcho: () => null },
    onSample: (sample, at) => made.loop.deliver({ type: 'hostSampled', at, ...sample }),
  });
  made.loop.begin(STARTED, sampler);
  made.at = 400;
  made.loop.deliver(pause(400));
  made.at = 5000;
  made.loop.deliver(resume(5000));
  assert.deepEqual(
    made.events().map(({ type }) => type),
    ['agentStarted', 'pauseRequested', 'hostSampled', 'resumeRequested'],
  );
  const sample = made.events()[2];
  assert.equal(sample?.type === 'hostSampled' && sample.lateMs, 4500);
});

test('closing makes durable what was decided, stops the timers and drops what comes later', async (t) => {
  const { loop, trace, events } = rig(t, {
    execute: async () =>
      await new Promise((resolve) => setImmediate(() => resolve({ type: 'done' }))),
  });
  loop.begin(STARTED, null);
  loop.deliver(pause(1));
  trace.length = 0;
  loop.close();
  assert.deepEqual(trace, ['flush']);
  loop.deliver(resume(2));
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(600_000);
  assert.deepEqual(trace, ['flush']);
  assert.equal(events().length, 2);
});

test('what comes before the start waits until it is decided', (t) => {
  const { loop, events } = rig(t);
  loop.deliver(pause(0));
  assert.deepEqual(events(), []);
  loop.begin(STARTED, null);
  assert.deepEqual(
    events().map(({ type }) => type),
    ['agentStarted', 'pauseRequested'],
  );
});

test('a state that no event led to is written down before the next event', (t) => {
  const { loop, journal } = rig(t);
  loop.begin(STARTED, null);
  const older = { ...loop.state, at: loop.state.at - 5 };
  loop.continueFrom(older);
  loop.deliver(pause(1));
  const [snapshot] = journal.entries.slice(-2);
  assert.equal(snapshot?.type === 'snapshot' && snapshot.state, older);
});
