import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openIncidentLog } from '../../src/agent/incident-log.ts';
import { type JournalLimits, openJournal } from '../../src/agent/journal.ts';
import { readRecording } from '../../src/cli/replay/read-recording.ts';
import type { Event } from '../../src/core/event.ts';
import { initialState } from '../../src/core/initial.ts';
import { STATE_VERSION, type Incident } from '../../src/core/state.ts';
import { step } from '../../src/core/step.ts';
import { openStateDir } from '../../src/drivers/store/database.ts';
import { AppError } from '../../src/errors.ts';
import { incidentIn } from '../../src/replay/timeline.ts';
import { walk } from '../../src/replay/verify.ts';
import { play } from '../core/scenario.ts';

const TWICE = 'start\nrun 1000\nexit a\nrun 4000\nexit b\nrun 4000\n';

/** Writes what an agent would have written, in segments of so many events; the path of its state directory. */
function written(
  t: TestContext,
  limits: Partial<JournalLimits> & { readonly every: number; readonly version?: number },
): string {
  const { every, version = STATE_VERSION, ...bounds } = limits;
  const path = mkdtempSync(join(tmpdir(), 'hotwarm-replay-'));
  t.after(() => rmSync(path, { recursive: true }));
  const dir = openStateDir({ path, host: 'h1' });
  const journal = openJournal(dir.journal, {
    maxRows: 100_000,
    maxBytes: 64 * 1024 * 1024,
    segments: 8,
    ...bounds,
  });
  const log = openIncidentLog(dir.journal);
  const { world } = play(TWICE);
  const { config } = world;
  let state = { ...initialState(config, 0), version };
  for (const [index, event] of world.events.entries()) {
    if (index % every === 0) journal.append({ type: 'snapshot', config, state });
    journal.append({ type: 'event', event });
    const result = step(config, state, event);
    state = result.state;
    for (const effect of result.effects)
      if (effect.type === 'recordIncident') save(log, state.services[0]?.incident ?? null);
    journal.flush();
  }
  dir.close();
  return path;
}

function save(log: ReturnType<typeof openIncidentLog>, incident: Incident | null): void {
  if (incident !== null) log.save({ incident, startedWallMs: 1e12 + incident.startedAt });
}

for (const every of [7, 40, 100_000]) {
  test(`each incident replays exactly from a journal in segments of ${every} events`, (t) => {
    const path = written(t, { every });
    for (const id of [1, 2]) {
      const { recording } = readRecording(path, id);
      const walked = walk(recording);
      assert.deepEqual(walked.divergences, []);
      assert.equal(walked.compared.incidents, 1);
      assert.equal(walked.compared.states, recording.checkpoints.length);
      assert.deepEqual(incidentIn(walked.steps, 'shop', id), recording.stored);
      if (every < 100) assert.ok(recording.checkpoints.length > 0);
    }
  });
}

test('without a number it is the newest incident', (t) => {
  assert.equal(readRecording(written(t, { every: 40 }), null).recording.incident, 2);
});

test('an incident whose events the ring has given up is refused with the reason, a newer one is not', (t) => {
  const path = written(t, { every: 20, maxRows: 140, segments: 7 });
  assert.throws(
    () => readRecording(path, 1),
    (error) =>
      error instanceof AppError &&
      error.code === 'notFound' &&
      error.text.message.en.includes('no longer in the journal') &&
      error.text.reason.en.includes('begin at') &&
      error.text.hint.en.includes('hotwarm explain 1'),
  );
  assert.equal(readRecording(path, 2).recording.incident, 2);
});

test('an incident that never was is refused with what to do', (t) => {
  const path = written(t, { every: 100 });
  assert.throws(
    () => readRecording(path, 9),
    (error) => error instanceof AppError && error.text.hint.en.includes('hotwarm history'),
  );
});

test('what another version of hotwarm has written is refused with what to do', (t) => {
  const path = written(t, { every: 100, version: STATE_VERSION - 1 });
  assert.throws(
    () => readRecording(path, 1),
    (error) =>
      error instanceof AppError &&
      error.code === 'stateUnusable' &&
      error.text.reason.en.includes(
        `version ${STATE_VERSION - 1}, this version uses ${STATE_VERSION}`,
      ) &&
      error.text.hint.en.includes('replay this journal with the version that wrote it'),
  );
});

test('an agent that starts afresh ends the recording of the one before', (t) => {
  const path = written(t, { every: 100_000 });
  const before = readRecording(path, 2).recording.events.length;
  const dir = openStateDir({ path, host: 'h1' });
  const journal = openJournal(dir.journal, { maxRows: 1000, maxBytes: 1e6, segments: 8 });
  const { config } = play('start\n').world;
  const started: Event = {
    type: 'agentStarted',
    at: 20_000,
    epochs: [],
    nextIncident: 3,
    carried: [],
  };
  journal.append({ type: 'snapshot', config, state: initialState(config, 20_000) });
  journal.append({ type: 'event', event: started });
  journal.flush();
  dir.close();
  const { recording } = readRecording(path, 2);
  assert.equal(recording.events.length, before);
  assert.deepEqual(walk(recording).divergences, []);
});
