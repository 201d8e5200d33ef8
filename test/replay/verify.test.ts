import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { InvariantError } from '../../src/core/assert.ts';
import type { Event } from '../../src/core/event.ts';
import { step } from '../../src/core/step.ts';
import type { Recording } from '../../src/replay/recording.ts';
import { stepsOf, timelineOf } from '../../src/replay/timeline.ts';
import { walk } from '../../src/replay/verify.ts';
import { play } from '../core/scenario.ts';
import { record } from './recorded.ts';

const CRASH = 'start\nrun 1000\nexit a\nrun 3000\n';
const FOLDER = new URL('../scenarios/', import.meta.url);

test('every scenario whose agent does not die replays exactly', () => {
  let replayed = 0;
  for (const file of readdirSync(FOLDER)) {
    const [script = ''] = readFileSync(new URL(file, FOLDER), 'utf8').split(/^---\n/m);
    if (/^(recording|agentDies|restart|alive) ?/m.test(script)) continue;
    if (play(script).world.service.incident === null) continue;
    const { divergences, steps } = walk({ ...record(script), stored: null });
    assert.deepEqual(divergences, [], file);
    assert.ok(steps.length > 0);
    replayed += 1;
  }
  assert.ok(replayed > 25, `${replayed} scenarios`);
});

test('a replay counts what it was compared with: outcomes, states between segments, the stored incident', () => {
  const recording = withCheckpoint(record(CRASH), 30);
  const { compared, divergences } = walk(recording);
  assert.deepEqual(divergences, []);
  assert.equal(compared.states, 1);
  assert.equal(compared.incidents, 1);
  assert.ok(compared.outcomes > 10, `${compared.outcomes} outcomes`);
});

test('a recording that lacks an event is found out by the next state, and told of once', () => {
  const whole = withCheckpoint(record(CRASH), 30);
  const events = whole.events.toSpliced(10, 1);
  const checkpoints = whole.checkpoints.map((one) => ({ ...one, afterEvents: 29 }));
  const { divergences, compared } = walk({ ...whole, events, checkpoints });
  assert.equal(compared.states, 0);
  const codes = divergences.map(({ code }) => code);
  assert.ok(codes.includes('otherState'), codes.join());
});

test('events that the journal lost at the end of a segment are a gap, and what follows replays exactly', () => {
  const whole = withCheckpoint(record(CRASH), 30);
  const events = whole.events.toSpliced(27, 3);
  const checkpoints = whole.checkpoints.map((one) => ({ ...one, afterEvents: 27 }));
  const { divergences, gaps } = walk({ ...whole, events, checkpoints });
  assert.deepEqual(divergences, []);
  const [before, after] = [whole.events[26], whole.events[29]];
  assert.deepEqual(gaps, [{ afterEvents: 27, fromAt: before?.at, toAt: after?.at }]);
});

test('an outcome of an order that the replay does not give is a divergence', () => {
  const whole = record(CRASH);
  const stray: Event = { type: 'effectTimedOut', at: 500, id: 999 };
  const at = whole.events.findIndex((event) => event.at > 500);
  const events = whole.events.toSpliced(at, 0, stray);
  const { divergences } = walk({ ...whole, events });
  assert.deepEqual(divergences, [{ code: 'unknownOutcome', index: at, id: 999 }]);
});

test('a stored incident that says otherwise is a divergence that names what differs', () => {
  const whole = record(CRASH);
  assert.ok(whole.stored !== null);
  const stored = { ...whole.stored, steps: { ...whole.stored.steps, fenceMs: 77 } };
  const { divergences } = walk({ ...whole, stored });
  assert.deepEqual(divergences, [
    { code: 'otherIncident', path: 'steps.fenceMs', recorded: '77', replayed: '4' },
  ]);
});

test('an event that the core refuses ends the replay, and is named', () => {
  const whole = record(CRASH);
  const late = whole.events.at(-1);
  assert.ok(late !== undefined);
  const events = [...whole.events, { ...late, at: 0 }];
  assert.throws(
    () => step(whole.config, walk(whole).steps.at(-1)!.after, events.at(-1)!),
    InvariantError,
  );
  const { divergences, steps } = walk({ ...whole, events, stored: null });
  assert.equal(steps.length, events.length - 1);
  assert.deepEqual(
    divergences.map(({ code }) => code),
    ['stepFailed'],
  );
});

test('the story tells what changes one by one, and counts what changes nothing', () => {
  const recording = record(CRASH);
  const { steps } = walk(recording);
  const own = stepsOf(steps, 'shop', recording.incident);
  const story = timelineOf(own, { service: 'shop', all: false });
  const [first] = story;
  assert.ok(first?.type === 'step' && first.event.type === 'memberExited');
  assert.deepEqual(
    first.ordered.map(({ type }) => type),
    ['fenceMember', 'acquireLease', 'switchTraffic'],
  );
  assert.ok(first.changes.some((change) => change.code === 'phase' && change.to === 'failingOver'));
  const folded = story.filter((entry) => entry.type === 'unchanged');
  assert.ok(folded.some(({ counts }) => (counts['probeSucceeded'] ?? 0) > 10));
  const all = timelineOf(own, { service: 'shop', all: true });
  assert.ok(all.every(({ type }) => type === 'step'));
  assert.equal(all.length, own.length);
});

function withCheckpoint(recording: Recording, afterEvents: number): Recording {
  const state = walk(recording).steps[afterEvents]?.before;
  assert.ok(state !== undefined);
  return { ...recording, checkpoints: [{ afterEvents, state }] };
}
