import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { test } from 'node:test';
import { openJournal } from '../../src/agent/journal.ts';
import type { CoreConfig } from '../../src/core/config.ts';
import { initialState } from '../../src/core/initial.ts';
import { STATE_VERSION } from '../../src/core/state.ts';
import { openStateDir } from '../../src/drivers/store/database.ts';
import { within } from '../eventually.ts';

const config: CoreConfig = { host: 'h1', services: [] };

/** The version of the state that an agent may continue from. */
function kept(version: number): number | null {
  const path = mkdtempSync(join(tmpdir(), 'hotwarm-foreign-'));
  const dir = openStateDir({ path, host: 'h1' });
  try {
    const journal = openJournal(dir.journal, { maxRows: 100, maxBytes: 1_000_000, segments: 2 });
    const state = { ...initialState(config, 0), version };
    journal.append({ type: 'snapshot', config, state });
    assert.equal(journal.flush(), null);
    return journal.newest()?.state.version ?? null;
  } finally {
    dir.close();
    rmSync(path, { recursive: true });
  }
}

test('a state that this version has written is gone on from', () => {
  assert.equal(kept(STATE_VERSION), STATE_VERSION);
});

test('a state that another version has written is refused, with a warning that says so', async () => {
  const warned = once(process, 'warning', { signal: within(5000) });
  assert.equal(kept(STATE_VERSION + 1), null);
  const [warning]: unknown[] = await warned;
  assert.match(String(warning), /written by another version of hotwarm/);
});
