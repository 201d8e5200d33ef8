import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openIncidentLog } from '../../src/agent/incident-log.ts';
import { type JournalLimits, openJournal } from '../../src/agent/journal.ts';
import { listSegments, readSegment } from '../../src/agent/journal-reader.ts';
import type { CoreConfig } from '../../src/core/config.ts';
import type { Event } from '../../src/core/event.ts';
import { STATE_VERSION, type AgentState, type Incident } from '../../src/core/state.ts';
import { openStateDir, type StateDir } from '../../src/drivers/store/database.ts';
import type { JournalEntry } from '../../src/runtime/ports.ts';

const config: CoreConfig = { host: 'h1', services: [] };
const roomy: JournalLimits = { maxRows: 100_000, maxBytes: 64 * 1024 * 1024, segments: 8 };

function stateAt(at: number): AgentState {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the journal looks at nothing in a state but `at`.
  const observer = {} as AgentState['observer'];
  return {
    version: STATE_VERSION,
    at,
    started: true,
    observer,
    services: [],
    nextEffect: 1,
    nextIncident: 1,
    polling: null,
  };
}

function snapshot(at: number): JournalEntry {
  return { type: 'snapshot', config, state: stateAt(at) };
}

function event(at: number): Event {
  return {
    type: 'probeSucceeded',
    at,
    service: 'shop',
    member: 'a',
    incarnation: 1,
    channel: 'http',
    sequence: at,
    latencyMs: 1.25,
  };
}

function entry(at: number): JournalEntry {
  return { type: 'event', event: event(at) };
}

function incident(id: number, service = 'shop'): Incident {
  return {
    id,
    service,
    kind: 'failover',
    cause: { code: 'memberFailed', member: 'a', reason: 'exited' },
    from: 'a',
    to: 'b',
    epoch: 2,
    observeOnly: false,
    outcome: 'underWay',
    wellUntil: 1,
    startedAt: 2,
    verdictAt: 2,
    servedAt: null,
    endedAt: null,
    outageMs: null,
    steps: { detectMs: 1, decideMs: null, fenceMs: null, promoteMs: null, switchMs: null },
    evidence: [],
    candidates: [],
    timeline: [],
  };
}

function withDir(title: string, body: (dir: StateDir) => void): void {
  test(title, () => {
    const path = mkdtempSync(join(tmpdir(), 'hotwarm-journal-'));
    const dir = openStateDir({ path, host: 'h1' });
    try {
      body(dir);
    } finally {
      dir.close();
      rmSync(path, { recursive: true, force: true });
    }
  });
}

withDir('a segment reads back as the snapshot and the events in order', ({ journal: database }) => {
  const journal = openJournal(database, roomy, () => 1_700_000_000_010);
  journal.append(snapshot(10));
  for (let at = 11; at < 20; at += 1) journal.append(entry(at));
  assert.equal(journal.flush(), null);
  const [summary] = listSegments(database);
  assert.deepEqual(summary, {
    id: 1,
    startedWallMs: 1_700_000_000_010,
    startedAt: 10,
    endedAt: 19,
    events: 9,
  });
  assert.deepEqual(readSegment(database, 1), {
    config,
    state: stateAt(10),
    events: Array.from({ length: 9 }, (_, index) => event(11 + index)),
  });
  assert.equal(readSegment(database, 2), null);
});

withDir('nothing is written before the flush, and all of it by the flush', (dir) => {
  const journal = openJournal(dir.journal, roomy);
  journal.append(snapshot(1));
  journal.append(entry(2));
  assert.deepEqual(listSegments(dir.journal), []);
  journal.flush();
  assert.equal(listSegments(dir.journal)[0]?.events, 1);
});

withDir('asks for a snapshot at the start and after an eighth of its bounds', (dir) => {
  const journal = openJournal(dir.journal, { ...roomy, maxRows: 80 });
  assert.ok(journal.snapshotDue);
  journal.append(snapshot(1));
  for (let at = 2; at < 10; at += 1) journal.append(entry(at));
  assert.ok(!journal.snapshotDue);
  journal.append(entry(10));
  assert.ok(journal.snapshotDue);
});

withDir('events without a snapshot before them are counted as lost, not kept', (dir) => {
  const journal = openJournal(dir.journal, roomy);
  journal.append(entry(1));
  assert.equal(journal.flush(), null);
  assert.equal(journal.lostEvents, 1);
  assert.deepEqual(listSegments(dir.journal), []);
});

withDir('a journal opened again continues with the next segment', (dir) => {
  const first = openJournal(dir.journal, roomy);
  first.append(snapshot(1));
  first.append(entry(2));
  first.flush();
  const second = openJournal(dir.journal, roomy);
  assert.equal(second.bytes, first.bytes);
  second.append(snapshot(3));
  second.append(entry(4));
  second.flush();
  assert.deepEqual(readSegment(dir.journal, 1)?.events, [event(2)]);
  assert.deepEqual(readSegment(dir.journal, 2)?.events, [event(4)]);
});

test('stays within its bounds by dropping whole oldest segments, for any batches', () => {
  const runs = fc.array(fc.record({ events: fc.nat(30), restart: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(runs, fc.integer({ min: 40, max: 120 }), (batches, maxRows) => {
      const path = mkdtempSync(join(tmpdir(), 'hotwarm-journal-'));
      const dir = openStateDir({ path, host: 'h1' });
      try {
        keepsWithinBounds(dir, batches, maxRows);
      } finally {
        dir.close();
        rmSync(path, { recursive: true, force: true });
      }
    }),
    { numRuns: 15 },
  );
});

function keepsWithinBounds(
  dir: StateDir,
  batches: readonly { readonly events: number; readonly restart: boolean }[],
  maxRows: number,
): void {
  const limits = { ...roomy, maxRows };
  let journal = openJournal(dir.journal, limits);
  let at = 0;
  for (const { events, restart } of batches) {
    if (restart) journal = openJournal(dir.journal, limits);
    for (let index = 0; index < events; index += 1) {
      if (journal.snapshotDue) journal.append(snapshot(at));
      at += 1;
      journal.append(entry(at));
    }
    assert.equal(journal.flush(), null);
    const segments = listSegments(dir.journal);
    const rows = segments.reduce((sum, segment) => sum + segment.events + 1, 0);
    assert.ok(rows <= maxRows, `${rows} rows of at most ${maxRows}`);
    const kept = segments.flatMap(({ id }) => readSegment(dir.journal, id)?.events ?? []);
    const first = at - kept.length + 1;
    assert.deepEqual(
      kept.map((one) => one.at),
      kept.map((_, index) => first + index),
    );
  }
  assert.equal(journal.lostEvents, 0);
}

withDir('the bound in bytes holds too', (dir) => {
  const maxBytes = 20_000;
  const journal = openJournal(dir.journal, { ...roomy, maxBytes });
  for (let at = 0; at < 1000; at += 1) {
    if (journal.snapshotDue) journal.append(snapshot(at));
    journal.append(entry(at));
    assert.equal(journal.flush(), null);
    assert.ok(journal.bytes <= maxBytes);
  }
  assert.equal(journal.bytes, openJournal(dir.journal, roomy).bytes);
  assert.ok(listSegments(dir.journal).length > 4);
});

withDir('a segment that is never given a snapshot ends at the bound', (dir) => {
  const journal = openJournal(dir.journal, { ...roomy, maxRows: 50 });
  journal.append(snapshot(0));
  for (let at = 1; at <= 200; at += 1) {
    journal.append(entry(at));
    journal.flush();
  }
  assert.equal(journal.lostEvents, 151);
  assert.equal(readSegment(dir.journal, 1)?.events.length, 49);
  assert.ok(journal.snapshotDue);
});

withDir('on a full disk old segments make room for new events', (dir) => {
  const journal = openJournal(dir.journal, roomy);
  for (let segment = 0; segment < 5; segment += 1) {
    journal.append(snapshot(segment * 100));
    for (let at = 1; at < 100; at += 1) journal.append(entry(segment * 100 + at));
    assert.equal(journal.flush(), null);
  }
  forbidGrowth(dir);
  for (let at = 500; at < 700; at += 1) journal.append(entry(at));
  assert.equal(journal.flush(), null);
  const segments = listSegments(dir.journal);
  assert.ok((segments[0]?.id ?? 0) > 1, 'the oldest was given up');
  assert.equal(readSegment(dir.journal, 5)?.events.length, 299);
});

withDir(
  'a disk with no room at all is reported, and the journal resumes with a snapshot',
  (dir) => {
    const journal = openJournal(dir.journal, roomy);
    journal.append(snapshot(0));
    journal.append(entry(1));
    journal.flush();
    forbidGrowth(dir);
    for (let at = 2; at < 2000; at += 1) journal.append(entry(at));
    assert.equal(journal.flush()?.code, 'diskFull');
    assert.equal(journal.fault?.code, 'diskFull');
    assert.equal(journal.lostEvents, 1998);
    assert.ok(journal.snapshotDue);
    assert.deepEqual(readSegment(dir.journal, 1)?.events, [event(1)]);
    dir.journal.exec('PRAGMA max_page_count = 1000000');
    journal.append(snapshot(2000));
    journal.append(entry(2001));
    assert.equal(journal.flush(), null);
    assert.equal(journal.fault, null);
    assert.deepEqual(readSegment(dir.journal, 2)?.events, [event(2001)]);
  },
);

/** SQLite answers a file that may not grow and a full disk with the same SQLITE_FULL. */
function forbidGrowth(dir: StateDir): void {
  dir.journal.exec('PRAGMA max_page_count = 1');
}

withDir('incidents are replaced by id and listed newest first', (dir) => {
  const log = openIncidentLog(dir.journal);
  assert.equal(log.nextIncident(), 1);
  for (let id = 1; id <= 5; id += 1) {
    const service = id % 2 === 0 ? 'shop' : 'bank';
    assert.equal(log.save({ incident: incident(id, service), startedWallMs: 1000 + id }), null);
  }
  const ended: Incident = { ...incident(2), outcome: 'succeeded', outageMs: 12 };
  log.save({ incident: ended, startedWallMs: 1002 });
  assert.deepEqual(log.get(2), { incident: ended, startedWallMs: 1002 });
  assert.equal(log.get(99), null);
  const ids = (options: { service: string | null; limit: number }): number[] =>
    log.list(options).map((stored) => stored.incident.id);
  assert.deepEqual(ids({ service: null, limit: 3 }), [5, 4, 3]);
  assert.deepEqual(ids({ service: 'shop', limit: 10 }), [4, 2]);
  assert.equal(log.nextIncident(), 6);
});

withDir('only the newest 10,000 incidents are kept and ids go on', (dir) => {
  const log = openIncidentLog(dir.journal);
  log.save({ incident: incident(1), startedWallMs: 1 });
  log.save({ incident: incident(2), startedWallMs: 2 });
  log.save({ incident: incident(10_001), startedWallMs: 3 });
  assert.equal(log.get(1), null);
  assert.notEqual(log.get(2), null);
  assert.equal(openIncidentLog(dir.journal).nextIncident(), 10_002);
});
