import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startInPlace } from '../../src/agent/hand-over.ts';
import { isHeld, provenHolder } from '../../src/drivers/store/state-lock.ts';
import { writeLockOwners } from '../../src/drivers/store/lock-owner.ts';
import { AppError } from '../../src/errors.ts';

const HOLDER = join(import.meta.dirname, '../drivers/store/hold-fixture.ts');

function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'hotwarm-hand-over-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function run(t: TestContext, ...args: readonly string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

/** A process that holds the directory, and ends by any signal. */
async function hold(t: TestContext, dir: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = run(t, '--disable-warning=ExperimentalWarning', HOLDER, dir);
  assert.ok(child.stdout !== null);
  await once(child.stdout, 'data');
  return child;
}

function note(dir: string, pid: number): void {
  writeFileSync(join(dir, 'agent.json'), JSON.stringify({ pid, host: 'h1' }));
}

async function start(dir: string): Promise<string> {
  return await startInPlace(dir, async () => await Promise.resolve('started'));
}

function isLocked(error: unknown): boolean {
  return error instanceof AppError && error.code === 'stateLocked';
}

test('the agent that holds the lock is replaced', async (t) => {
  const dir = tempDir(t);
  assert.equal(await start(dir), 'started', 'none runs');
  const agent = await hold(t, dir);
  assert.equal(provenHolder(dir), agent.pid);
  const exit = once(agent, 'exit');
  assert.equal(await start(dir), 'started');
  await exit;
  assert.ok(!isHeld(dir));
  assert.equal(provenHolder(dir), null, 'what it noted proves nothing any more');
});

test('a process that does not hold the lock gets no signal, whatever pid is noted', async (t) => {
  const dir = tempDir(t);
  const agent = await hold(t, dir);
  const innocent = run(t, '-e', 'process.stdin.resume()');
  note(dir, innocent.pid);
  await assert.rejects(start(dir), isLocked);
  assert.deepEqual([innocent.exitCode, innocent.signalCode], [null, null]);
  assert.deepEqual([agent.exitCode, agent.signalCode], [null, null]);
});

test('a noted pid that is gone is no internal error', async (t) => {
  const dir = tempDir(t);
  await hold(t, dir);
  const gone = run(t, '-e', '');
  await once(gone, 'exit');
  note(dir, gone.pid);
  await assert.rejects(start(dir), isLocked);
});

test('an agent that took the lock in between is replaced in turn', async (t) => {
  const dir = tempDir(t);
  let starts = 0;
  const result = await startInPlace(dir, async () => {
    starts += 1;
    if (starts > 1) return 'started';
    await hold(t, dir);
    const text = { en: 'held', zh: '已锁定' };
    throw new AppError('stateLocked', { message: text, reason: text, hint: text });
  });
  assert.equal(result, 'started');
  assert.ok(!isHeld(dir));
});

test('of the locks on a file those for writing have owners', () => {
  const table = `1: POSIX  ADVISORY  READ 11 00:27:75 128 128
2: POSIX  ADVISORY  WRITE 12 00:27:75 1073741825 1073741825
3: FLOCK  ADVISORY  WRITE 13 00:27:75 0 EOF
4: POSIX  ADVISORY  WRITE 14 00:27:175 0 EOF
4: -> POSIX  ADVISORY  WRITE 15 00:27:75 0 EOF
`;
  assert.deepEqual(writeLockOwners(table, 75), [12]);
  assert.equal(writeLockOwners('', 75), null);
});
