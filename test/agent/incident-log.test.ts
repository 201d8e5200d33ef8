import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type IncidentLog, openIncidentLog } from '../../src/agent/incident-log.ts';
import type { StoredIncident } from '../../src/agent/contract.ts';
import { openStateDir, type StateDir } from '../../src/drivers/store/database.ts';
import { makeIncident } from '../api/fake-view.ts';

function withLog(title: string, body: (log: IncidentLog, dir: StateDir) => void): void {
  test(title, () => {
    const path = mkdtempSync(join(tmpdir(), 'hotwarm-incidents-'));
    const dir = openStateDir({ path, host: 'h1' });
    try {
      body(openIncidentLog(dir.journal), dir);
    } finally {
      dir.close();
      rmSync(path, { recursive: true });
    }
  });
}

function keep(log: IncidentLog, ...all: readonly StoredIncident[]): void {
  for (const one of all) assert.equal(log.save(one), null);
}

withLog('an empty log lists nothing and gives the first number', (log) => {
  assert.deepEqual(log.list({ service: null, limit: 10 }), []);
  assert.equal(log.get(1), null);
  assert.equal(log.nextIncident(), 1);
});

withLog('what was saved last comes back as it was, with the time of day it began', (log) => {
  const underWay = makeIncident(1, { outcome: 'underWay', endedAt: null, servedAt: null });
  keep(log, underWay);
  assert.deepEqual(log.get(1), underWay);
  const ended = makeIncident(1, { outcome: 'succeeded' });
  keep(log, ended);
  assert.deepEqual(log.get(1), ended);
  assert.deepEqual(log.list({ service: null, limit: 10 }), [ended]);
});

withLog('incidents are listed by service, newest first, within the limit', (log) => {
  const all = [1, 2, 3, 4, 5].map((id) =>
    makeIncident(id, { service: id % 2 === 0 ? 'shop' : 'mail' }),
  );
  keep(log, ...all);
  const ids = (service: string | null, limit: number): readonly number[] =>
    log.list({ service, limit }).map(({ incident }) => incident.id);
  assert.deepEqual(ids(null, 10), [5, 4, 3, 2, 1]);
  assert.deepEqual(ids(null, 2), [5, 4]);
  assert.deepEqual(ids('shop', 10), [4, 2]);
  assert.deepEqual(ids('mail', 1), [5]);
  assert.deepEqual(ids('other', 10), []);
  assert.deepEqual(ids(null, 0), [5], 'a limit is at least one');
});

withLog('numbers go on after the newest one, and across a reopening', (log, dir) => {
  keep(log, makeIncident(7), makeIncident(3));
  assert.equal(log.nextIncident(), 8);
  assert.equal(openIncidentLog(dir.journal).nextIncident(), 8);
});

withLog('a log that cannot be written says why instead of throwing', (log, dir) => {
  keep(log, makeIncident(1));
  dir.journal.exec('PRAGMA query_only = ON');
  const fault = log.save(makeIncident(2));
  assert.ok(fault !== null);
  assert.match(fault.text.message.en, /incident log/);
  assert.deepEqual(
    log.list({ service: null, limit: 10 }).map(({ incident }) => incident.id),
    [1],
    'what was kept can still be read',
  );
  dir.journal.exec('PRAGMA query_only = OFF');
  keep(log, makeIncident(2));
});
