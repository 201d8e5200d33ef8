import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Started } from '../../../src/drivers/member/contract.ts';
import type { CgroupMounts } from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { readBootId } from '../../../src/drivers/os/boot-id.ts';
import { NO_CGROUPS } from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { killOrphans } from '../../../src/drivers/member/process/orphans.ts';
import { processStillRuns, readProcessStat } from '../../../src/drivers/os/proc.ts';
import { recordPath } from '../../../src/drivers/member/process/run-record.ts';
import { isFault } from './conformance.ts';
import { containmentKinds } from './support.ts';
import { eventually, within } from '../../eventually.ts';

const AGENT = fileURLToPath(new URL('./agent-fixture.ts', import.meta.url));

/** A directory for the state of an agent that will be killed. */
async function withStateDir(body: (stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-leftover-'));
  try {
    await body(stateDir);
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

const kill = (stateDir: string, cgroups: CgroupMounts): Promise<boolean> =>
  killOrphans({ stateDir, service: 'shop', member: 'a', signal: within(), cgroups });

/** Starts a member by an agent of its own, which then dies by SIGKILL; the pid and start time of the member. */
async function orphanMember(
  stateDir: string,
  cgroups: CgroupMounts,
  command: readonly string[],
): Promise<Started> {
  const agent = spawn(process.execPath, [AGENT, stateDir, JSON.stringify(cgroups), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await firstOutput(agent.stdout);
  const exit = once(agent, 'exit');
  agent.kill('SIGKILL');
  await exit;
  const main: Started = JSON.parse(line);
  return main;
}

async function firstOutput(stream: Readable): Promise<string> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) return String(chunk);
  throw new Error('it ended without a word');
}

/** A process that has nothing to do with any member. */
async function withStranger(body: (stranger: Started) => Promise<void>): Promise<void> {
  const child = spawn('/bin/sleep', ['600'], { stdio: 'ignore', detached: true });
  const stat = child.pid === undefined ? null : readProcessStat(child.pid);
  assert.ok(stat !== null);
  const exit = once(child, 'exit');
  try {
    await body({ pid: stat.pid, startTicks: stat.startTicks });
    assert.equal(processStillRuns(stat.pid, stat.startTicks), true);
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
}

function isOnRecord(stateDir: string): boolean {
  return readFileSync(recordPath(stateDir, 'shop', 'a'), 'utf8').trim() !== '';
}

function renamed(path: string): string {
  const other = `${path}.other`;
  renameSync(path, other);
  return other;
}

function writeRecord(stateDir: string, fields: Record<string, unknown>): string {
  const path = recordPath(stateDir, 'shop', 'a');
  mkdirSync(dirname(path), { recursive: true });
  const record = {
    init: null,
    cgroup: { unified: null, freezer: null, cpu: null },
    runId: 'run-1',
    recipe: 'recipe-1',
    bootId: readBootId(),
    ...fields,
  };
  writeFileSync(path, JSON.stringify(record));
  return path;
}

for (const [kind, cgroups] of containmentKinds()) {
  describe(`what an agent that was killed left behind, with ${kind}`, () => {
    it('is killed with its children, once', async () => {
      await withStateDir(async (stateDir) => {
        const script = 'sleep 600 & echo $!; wait';
        const main = await orphanMember(stateDir, cgroups, ['/bin/sh', '-c', script]);
        const log = join(stateDir, 'logs', 'shop-a.out.log');
        await eventually('the output', () => readFileSync(log, 'utf8') !== '');
        const child = readProcessStat(Number(readFileSync(log, 'utf8')));
        assert.ok(child !== null);
        assert.equal(processStillRuns(main.pid, main.startTicks), true);
        assert.equal(await kill(stateDir, cgroups), true);
        assert.equal(processStillRuns(main.pid, main.startTicks), false);
        assert.equal(processStillRuns(child.pid, child.startTicks), false);
        assert.equal(isOnRecord(stateDir), false);
        assert.equal(await kill(stateDir, cgroups), false);
      });
    });

    it('is killed even if only a child of it is left', async () => {
      await withStateDir(async (stateDir) => {
        const main = await orphanMember(stateDir, cgroups, [
          '/bin/sh',
          '-c',
          'sleep 600 & echo $!; wait',
        ]);
        const log = join(stateDir, 'logs', 'shop-a.out.log');
        await eventually('the output', () => readFileSync(log, 'utf8') !== '');
        const child = readProcessStat(Number(readFileSync(log, 'utf8')));
        assert.ok(child !== null);
        process.kill(main.pid, 'SIGKILL');
        await eventually(
          'the end of the main process',
          () => !processStillRuns(main.pid, main.startTicks),
        );
        assert.equal(processStillRuns(child.pid, child.startTicks), true);
        assert.equal(await kill(stateDir, cgroups), true);
        assert.equal(processStillRuns(child.pid, child.startTicks), false);
      });
    });
  });
}

describe('a record of a former agent', () => {
  it('never costs a later process with the same number its life', async () => {
    await withStateDir(async (stateDir) => {
      await withStranger(async ({ pid, startTicks }) => {
        const path = writeRecord(stateDir, { main: { pid, startTicks: startTicks - 1 } });
        assert.equal(await kill(stateDir, NO_CGROUPS), false);
        assert.equal(readFileSync(path, 'utf8').trim(), '');
      });
    });
  });

  it('says nothing after a reboot', async () => {
    await withStateDir(async (stateDir) => {
      await withStranger(async (main) => {
        writeRecord(stateDir, { main, bootId: 'another' });
        assert.equal(await kill(stateDir, NO_CGROUPS), false);
      });
    });
  });

  it('says nothing when it is damaged, names a cgroup that is not the member’s, or may be written by others', async () => {
    await withStateDir(async (stateDir) => {
      const main = { pid: 4_194_304, startTicks: 1 };
      const root = { unified: '/sys/fs/cgroup', freezer: null, cpu: null };
      const path = recordPath(stateDir, 'shop', 'a');
      await withStranger(async (stranger) => {
        const forged = { main: stranger, runId: 'none' };
        for (const write of [
          () => writeRecord(stateDir, { main, cgroup: root }),
          () => writeRecord(stateDir, { main: { pid: 1, startTicks: 1 } }),
          () => writeFileSync(path, '{'),
          () => writeFileSync(path, Buffer.alloc(4096, 0xfe)),
          () => chmodSync(writeRecord(stateDir, forged), 0o666),
          () => symlinkSync(renamed(writeRecord(stateDir, forged)), path),
        ]) {
          write();
          assert.equal(await kill(stateDir, NO_CGROUPS), false);
          assert.equal(existsSync(`${path}.damaged`), true);
          rmSync(`${path}.damaged`);
        }
      });
    });
  });

  it('does not have to be whole for the member’s processes to be found', async () => {
    await withStateDir(async (stateDir) => {
      const main = await orphanMember(stateDir, NO_CGROUPS, ['/bin/sleep', '600']);
      writeFileSync(recordPath(stateDir, 'shop', 'a'), '');
      truncateSync(recordPath(stateDir, 'shop', 'a'), 100);
      writeFileSync(recordPath(stateDir, 'shop', 'a'), 'x', { flag: 'r+' });
      assert.equal(await kill(stateDir, NO_CGROUPS), true);
      assert.equal(processStillRuns(main.pid, main.startTicks), false);
    });
  });

  it('makes it refuse, rather than kill, what it cannot prove to be the member’s', async () => {
    await withStateDir(async (stateDir) => {
      // A session whose leader is gone and whose process does not carry the run's id.
      const leader = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!'], {
        detached: true,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const leaderPid = leader.pid;
      const exit = once(leader, 'exit');
      const pid = Number(await firstOutput(leader.stdout));
      await exit;
      const stat = readProcessStat(pid);
      assert.ok(stat !== null);
      writeRecord(stateDir, { main: { pid: leaderPid, startTicks: stat.startTicks } });
      await assert.rejects(kill(stateDir, NO_CGROUPS), (error) => isFault(error, 'stillRunning'));
      assert.equal(processStillRuns(pid, stat.startTicks), true);
      process.kill(pid, 'SIGKILL');
      leader.stdout.destroy();
    });
  });
});
