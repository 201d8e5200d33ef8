import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  readdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournalFile, openStateDir } from '../../../src/drivers/store/database.ts';
import { openEmbeddedStore } from '../../../src/drivers/store/embedded.ts';
import { AppError, type ErrorCode } from '../../../src/errors.ts';

function inTempDir(title: string, body: (dir: string) => Promise<void> | void): void {
  test(title, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'hotwarm-state-'));
    try {
      await body(dir);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
}

function openError(path: string): AppError {
  try {
    openStateDir({ path, host: 'h1' }).close();
  } catch (error) {
    assert.ok(error instanceof AppError, `not an AppError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: `${path} was opened` });
}

function expectError(path: string, code: ErrorCode, named: RegExp): void {
  const error = openError(path);
  assert.equal(error.code, code);
  assert.match(
    Object.values(error.text)
      .map(({ en }) => en)
      .join('\n'),
    named,
  );
}

async function holder(path: string): Promise<ChildProcess> {
  const fixture = join(import.meta.dirname, 'hold-fixture.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fixture, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said), 'held\n');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

inTempDir('a missing directory is created for its owner only', (dir) => {
  const path = join(dir, 'a', 'b');
  openStateDir({ path, host: 'h1' }).close();
  assert.equal(statSync(path).mode & 0o777, 0o700);
});

inTempDir('a directory that others may write to, or own, is not trusted', (dir) => {
  for (const mode of [0o720, 0o702, 0o777]) {
    chmodSync(dir, mode);
    assert.throws(() => openStateDir({ path: dir, host: 'h1' }), /is not trustworthy/);
    assert.deepEqual(readdirSync(dir), []);
  }
  if (process.geteuid?.() !== 0) return;
  chmodSync(dir, 0o700);
  chownSync(dir, 65534, 65534);
  assert.throws(() => openStateDir({ path: dir, host: 'h1' }), /is not trustworthy/);
});

inTempDir('what was written is there after a reopening', async (dir) => {
  const first = openStateDir({ path: dir, host: 'h1' });
  await openEmbeddedStore(first.leases).compareAndSwap('k', 0, 'v');
  first.close();
  const second = openStateDir({ path: dir, host: 'h1' });
  assert.equal((await openEmbeddedStore(second.leases).get('k'))?.value, 'v');
  second.close();
});

inTempDir('a file in place of the directory is named', (dir) => {
  const path = join(dir, 'file');
  writeFileSync(path, '');
  expectError(path, 'stateUnusable', /EEXIST|not a directory/);
});

inTempDir('a directory that may not be written is refused', (dir) => {
  chmodSync(dir, 0o500);
  // Permissions do not bind the superuser, so it becomes somebody else for the one synchronous call.
  const isRoot = process.geteuid?.() === 0;
  try {
    if (isRoot) process.seteuid?.(65_534);
    expectError(dir, 'stateUnusable', /EACCES/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(dir, 0o700);
  }
});

inTempDir('a second agent is refused and told who holds the directory', async (dir) => {
  const child = await holder(dir);
  try {
    expectError(dir, 'stateLocked', new RegExp(`pid ${child.pid} on host fixture-host`));
  } finally {
    await kill(child);
  }
});

inTempDir('the hold ends with a holder that is killed, and its swaps are kept', async (dir) => {
  await kill(await holder(dir));
  const opened = openStateDir({ path: dir, host: 'h1' });
  const kept = await openEmbeddedStore(opened.leases).get('lease/shop');
  opened.close();
  assert.deepEqual(kept, { revision: 3, value: 'epoch 3' });
});

inTempDir('a log torn in the middle of its last frame costs only that commit', async (dir) => {
  await kill(await holder(dir));
  const log = join(dir, 'hotwarm.db-wal');
  truncateSync(log, statSync(log).size - 1000);
  const opened = openStateDir({ path: dir, host: 'h1' });
  const kept = await openEmbeddedStore(opened.leases).get('lease/shop');
  opened.close();
  assert.deepEqual(kept, { revision: 2, value: 'epoch 2' });
});

for (const file of ['hotwarm.db', 'journal.db']) {
  inTempDir(`${file} with foreign content is refused and left as it is`, (dir) => {
    openStateDir({ path: dir, host: 'h1' }).close();
    const path = join(dir, file);
    writeFileSync(
      path,
      'this is not a database at all, but it is long enough to be read\n'.repeat(99),
    );
    const before = readFileSync(path);
    expectError(dir, 'stateUnusable', new RegExp(`${file} is damaged`));
    assert.deepEqual(readFileSync(path), before);
  });

  inTempDir(`${file} with a damaged page is refused and left as it is`, (dir) => {
    openStateDir({ path: dir, host: 'h1' }).close();
    const path = join(dir, file);
    const content = readFileSync(path);
    content.fill(0xa5, 4096 * 2, 4096 * 3);
    writeFileSync(path, content);
    expectError(dir, 'stateUnusable', new RegExp(`${file} is damaged`));
    assert.deepEqual(readFileSync(path), content);
  });
}

inTempDir('epochs that are gone are not begun anew in silence', (dir) => {
  openStateDir({ path: dir, host: 'h1' }).close();
  rmSync(join(dir, 'hotwarm.db'));
  expectError(dir, 'stateUnusable', /hotwarm.db is missing/);
  writeFileSync(join(dir, 'hotwarm.db'), '');
  expectError(dir, 'stateUnusable', /missing or empty/);
});

inTempDir('a start that failed has let go of the directory', (dir) => {
  openStateDir({ path: dir, host: 'h1' }).close();
  const kept = readFileSync(join(dir, 'hotwarm.db'));
  rmSync(join(dir, 'hotwarm.db'));
  openError(dir);
  writeFileSync(join(dir, 'hotwarm.db'), kept);
  openStateDir({ path: dir, host: 'h1' }).close();
});

inTempDir('a file of a newer format is refused', (dir) => {
  const opened = openStateDir({ path: dir, host: 'h1' });
  opened.journal.exec('PRAGMA user_version = 999');
  opened.close();
  expectError(dir, 'stateUnusable', /newer version/);
});

inTempDir('the journal can be read beside the agent and not where none ever ran', (dir) => {
  assert.throws(() => openJournalFile(dir), { code: 'stateUnusable' });
  const opened = openStateDir({ path: dir, host: 'h1' });
  const reader = openJournalFile(dir);
  assert.deepEqual(reader.prepare('SELECT count(*) AS n FROM event').get()?.['n'], 0);
  assert.throws(() => reader.exec('DELETE FROM event'), /readonly/);
  reader.close();
  opened.close();
});
