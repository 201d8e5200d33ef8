import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../eventually.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { cpuSeconds } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// The disk of the state directory is full: a small file system of its own, filled to the last block.

/** A little above what `up` wants to find free. */
const SIZE = '72m';
const FILLER = 'filler';

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${program} ${args.join(' ')} needs root: ${stderr}`);
}

/** The sandbox's state directory, on a small disk. */
async function useSmallDisk(t: TestContext, sandbox: Sandbox): Promise<string> {
  const disk = mkdtempSync(join(tmpdir(), 'hotwarm-disk-'));
  run('mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'none', disk);
  t.after(() => {
    run('umount', '--lazy', disk);
    rmdirSync(disk);
  });
  await symlink(disk, sandbox.path('state'));
  return disk;
}

function fill(disk: string): void {
  const file = openSync(join(disk, FILLER), 'a');
  for (const size of [1024 * 1024, 4096, 1]) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC'); // Of a system call.
    }
  }
  closeSync(file);
}

function free(disk: string): void {
  rmSync(join(disk, FILLER));
}

function assertSound(disk: string): void {
  for (const name of ['hotwarm.db', 'journal.db']) {
    const database = new DatabaseSync(join(disk, name), { readOnly: true });
    const check = database.prepare('PRAGMA integrity_check').get();
    database.close();
    assert.deepEqual({ ...check }, { integrity_check: 'ok' }, name);
  }
}

test('up refuses to start on a full disk, and says how much it needs', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const disk = await useSmallDisk(t, sandbox);
  fill(disk);
  const ended = await sandbox.run('up');
  assert.equal(ended.code, 3, ended.err);
  assert.match(ended.err, /agent\.stateDir: only 0B are free/);
  assert.match(ended.err, /free 64MiB or more/);
  assert.deepEqual(sandbox.processes(), []);
});

for (const exclusive of [false, true]) {
  test(`${exclusive ? 'an exclusive' : 'a'} service fails over on a full disk twice, as its members are started again meanwhile`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({
      lines: [`exclusive: ${exclusive}`, 'failback: { mode: manual }'],
    });
    const disk = await useSmallDisk(t, sandbox);
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    fill(disk);
    const load = sandbox.load();
    load.start();
    await sleep(500);
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    const after = await agent.until('b serves', (now) => now.active === 'b');
    assert.equal(after.epoch, before.epoch + 1);
    await sleep(1000);
    const cpuBefore = cpuSeconds(agent.pid);
    await sleep(2000);
    const share = (cpuSeconds(agent.pid) - cpuBefore) / 2;
    assert.ok(share < 0.3, `the agent uses ${(share * 100).toFixed(0)}% of a core`);
    await load.stop();
    assert.deepEqual(load.failures, []);
    const standing = await agent.until('a is a standby again', isWhole);
    process.kill(pidOf(standing, 'b'), 'SIGKILL');
    await agent.until('a serves', (now) => now.active === 'a');
    assert.equal(await sandbox.ask(), 'a');
    assert.equal(await agent.metric('hotwarm_agent_journal_write_failed'), 1);
    const explained = await sandbox.run('explain');
    assert.equal(explained.code, 0, explained.err);

    free(disk);
    await agent.until('a whole service', isWhole);
    assert.equal(await sandbox.ask(), 'a');
    await eventually(
      'the journal is written again',
      async () => (await agent.metric('hotwarm_agent_journal_write_failed')) === 0,
    );
    assert.equal((await agent.stop()).code, 0, agent.said);
    assert.deepEqual(sandbox.processes(), []);
    assertSound(disk);
    const next = sandbox.up();
    const again = await next.until('a whole service', isWhole);
    assert.equal(again.active, 'a', 'the epochs are known');
    assert.ok(again.epoch > after.epoch, `${after.epoch} ${again.epoch}`);
  });
}

test('an agent that is killed on a full disk is followed by one that recovers and reports the disk', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const disk = await useSmallDisk(t, sandbox);
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  const load = sandbox.load();
  load.start();
  fill(disk);
  await sleep(500);
  agent.signal('SIGKILL');
  const next = sandbox.up();
  const after = await next.until('the members are adopted', isWhole);
  assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
  const checked = await sandbox.run('check');
  assert.equal(checked.code, 0, checked.err);
  assert.match(checked.out, /free 64MiB or more/);

  free(disk);
  await next.until('a whole service', isWhole);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await next.stop()).code, 0);
  assertSound(disk);
});
