import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  findCgroupMounts,
  NO_CGROUPS,
  type CgroupMounts,
} from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { openCgroup, throttledPeriods } from '../../../src/drivers/member/process/cgroup.ts';
import {
  processStillRuns,
  readProcessStat,
  sessionProcesses,
} from '../../../src/drivers/os/proc.ts';
import type { ProcessMemberOptions } from '../../../src/drivers/member/process.ts';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { isFault, memberConformance } from './conformance.ts';
import { containmentKinds, isRoot, makeBench, type Bench } from './support.ts';
import { eventually, within } from '../../eventually.ts';

const SLEEP = ['/bin/sleep', '600'];

/** Runs a body with a driver and leaves nothing of it behind. */
async function withBench(
  command: readonly string[],
  overrides: Partial<ProcessMemberOptions>,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const bench = makeBench(command, overrides);
  try {
    await body(bench);
  } finally {
    await bench.dispose();
  }
}

const start = (bench: Bench, capacity: 'full' | 'reduced' = 'full') =>
  bench.driver.start({ capacity, signal: within() });

/** Numbers that the member wrote to its stdout, one a line, once there are so many. */
async function printedPids(bench: Bench, count: number): Promise<readonly number[]> {
  const read = (): number[] => bench.output().trim().split('\n').filter(Boolean).map(Number);
  await eventually(`${count} pids in the output`, () => read().length >= count);
  return read();
}

/** Whether a process of this number runs; the numbers are fresh, so that a later one is out of the question. */
function runs(pid: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== null && processStillRuns(pid, stat.startTicks);
}

function cgroupDirectories(cgroups: CgroupMounts, name: string): readonly string[] {
  return [cgroups.unified, cgroups.cpu, cgroups.freezer]
    .filter((mount) => mount !== null)
    .flatMap((mount) => mount.parents.map((parent) => join(parent, name)))
    .filter((directory) => existsSync(directory));
}

for (const [kind, cgroups] of containmentKinds()) {
  memberConformance(kind, () => makeBench(SLEEP, { cgroups }));

  describe(`a process member with ${kind}`, () => {
    it('kills grandchildren too', async () => {
      const command = ['/bin/sh', '-c', 'sleep 600 & echo $!; sh -c "sleep 600 & echo \\$!; wait"'];
      await withBench(command, { cgroups }, async (bench) => {
        const started = await start(bench);
        const pids = await printedPids(bench, 2);
        await bench.driver.kill({ signal: within() });
        assert.deepEqual(pids.filter(runs), []);
        assert.deepEqual(sessionProcesses(started), []);
      });
    });

    it('proves the death of a worker that outlived the main process and holds the port', async () => {
      const [port] = await findFreePorts(1);
      const worker = `require('net').createServer().listen(${port},'127.0.0.1',()=>console.log(process.pid))`;
      const main = `require('child_process').spawn(process.execPath,['-e',process.argv[1]],{stdio:'inherit'});setTimeout(()=>{},6e5)`;
      await withBench([process.execPath, '-e', main, worker], { cgroups }, async (bench) => {
        const { pid } = await start(bench);
        const [orphan] = await printedPids(bench, 1);
        assert.ok(orphan !== undefined);
        process.kill(pid, 'SIGKILL');
        await eventually('the exit', () => bench.exits.length === 1);
        assert.equal(runs(orphan), true);
        await assert.rejects(start(bench), (error) => isFault(error, 'stillRunning'));
        await bench.driver.kill({ signal: within() });
        assert.equal(runs(orphan), false);
        const again = createServer().listen(port, '127.0.0.1');
        await once(again, 'listening');
        await new Promise((resolve) => again.close(resolve));
      });
    });

    it('asks workers that the main process left behind, then kills those that will not go', async () => {
      const stubborn = 'trap "" TERM; echo $$; while :; do sleep 600; done';
      const command = ['/bin/sh', '-c', `sh -c '${stubborn}' & exec sleep 600`];
      await withBench(command, { cgroups }, async (bench) => {
        await start(bench);
        const pids = await printedPids(bench, 1);
        await bench.driver.stop({ graceMs: 100, signal: within() });
        assert.deepEqual(pids.filter(runs), []);
        await eventually('the exit', () => bench.exits.length === 1);
        assert.equal(bench.exits[0]?.signal, 'SIGTERM');
      });
    });

    it('stops every process of a frozen member', async () => {
      const command = ['/bin/sh', '-c', 'sh -c "while :; do :; done" & echo $!; wait'];
      await withBench(command, { cgroups }, async (bench) => {
        await start(bench);
        const [busy] = await printedPids(bench, 1);
        assert.ok(busy !== undefined);
        await bench.driver.freeze({ signal: within() });
        const before = cpuTicks(busy);
        // Work of our own takes longer than a clock tick, so a process that still ran would have used some.
        for (const endAt = performance.now() + 60; performance.now() < endAt;);
        assert.equal(cpuTicks(busy), before);
        await bench.driver.thaw({ signal: within() });
        await eventually('CPU time after the thaw', () => cpuTicks(busy) > before);
      });
    });

    it('leaks neither descriptors nor cgroups in 20 rounds', async () => {
      await withBench(SLEEP, { cgroups }, async (bench) => {
        await start(bench);
        await bench.driver.kill({ signal: within() });
        const before = readdirSync('/proc/self/fd').length;
        for (let round = 0; round < 20; round += 1) {
          await start(bench);
          await bench.driver.kill({ signal: within() });
        }
        await eventually(
          'the descriptors to be closed',
          () => readdirSync('/proc/self/fd').length <= before,
        );
        await bench.driver.close();
        assert.deepEqual(cgroupDirectories(cgroups, bench.cgroupName), []);
        assert.equal(readFileSync(join(bench.stateDir, 'run/shop-a.json'), 'utf8').trim(), '');
      });
    });
  });
}

/** Clock ticks of CPU time used so far: utime and stime. */
function cpuTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

describe('a process member', () => {
  it('runs inside its cgroup from its first instruction, by any way of cgroups', async () => {
    for (const [kind, cgroups] of containmentKinds()) {
      await withBench(['/bin/cat', '/proc/self/cgroup'], { cgroups }, async (bench) => {
        await start(bench);
        await eventually('the exit', () => bench.exits.length === 1);
        const inside = bench.output().includes(bench.cgroupName);
        assert.equal(inside, kind !== 'a process group alone', kind);
      });
    }
  });

  it('is throttled at reduced capacity and runs free at full capacity', async () => {
    const cgroups = findCgroupMounts();
    const command = ['/bin/sh', '-c', 'while :; do :; done'];
    await withBench(command, { reducedCpuShare: 0.1 }, async (bench) => {
      await start(bench, 'reduced');
      const signal = within();
      if (!isRoot) {
        await assert.rejects(bench.driver.setCapacity('reduced', { signal }), (error) =>
          isFault(error, 'permission'),
        );
        return;
      }
      const throttled = (): number =>
        throttledPeriods(openCgroup(cgroups, bench.cgroupName)) ?? Number.NaN;
      await eventually('throttled periods', () => throttled() >= 3);
      await bench.driver.setCapacity('full', { signal });
      const after = throttled();
      for (const endAt = performance.now() + 150; performance.now() < endAt;);
      assert.ok(throttled() <= after + 1, 'the quota is lifted');
      await bench.driver.setCapacity('reduced', { signal });
      await eventually('throttled periods again', () => throttled() > after + 1);
    });
  });

  it('says that it cannot reduce a running member where it has no cgroup, but starts it', async () => {
    const cgroups = { unified: null, cpu: null, freezer: null };
    await withBench(SLEEP, { cgroups, reducedCpuShare: 0.1 }, async (bench) => {
      await start(bench, 'reduced');
      await assert.rejects(bench.driver.setCapacity('reduced', { signal: within() }), (error) =>
        isFault(error, 'permission'),
      );
      await bench.driver.setCapacity('full', { signal: within() });
    });
  });

  it('has its variables, the inherited ones, and none of the agent’s secrets', async () => {
    process.env['HOTWARM_TOKEN'] = 'secret';
    process.env['NOTIFY_SOCKET'] = '/run/notify';
    const env = { COLOUR: 'red $HOME "; exit 1', PORT: '1' };
    try {
      await withBench(['env', '-0'], { env }, async (bench) => {
        await start(bench);
        await eventually('the exit', () => bench.exits.length === 1);
        const seen = new Map(
          bench
            .output()
            .split('\0')
            .map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
        );
        assert.equal(seen.get('COLOUR'), env.COLOUR);
        assert.equal(seen.get('PORT'), '3001');
        assert.equal(seen.get('HOTWARM_ADDRESS'), '127.0.0.1');
        assert.equal(seen.get('HOTWARM_MEMBER'), 'a');
        assert.equal(seen.get('HOTWARM_SERVICE'), 'shop');
        assert.equal(seen.get('PATH'), process.env['PATH']);
        assert.equal(seen.has('HOTWARM_TOKEN'), false);
        assert.equal(seen.has('NOTIFY_SOCKET'), false);
      });
    } finally {
      delete process.env['HOTWARM_TOKEN'];
      delete process.env['NOTIFY_SOCKET'];
    }
  });

  it('hands arguments over untouched by any shell', async () => {
    const hostile = ['$(echo a)', '`echo b`', '; exit 1', "'", '"', '*', '', '-n', 'a b'];
    await withBench(['printf', '[%s]', ...hostile], {}, async (bench) => {
      await start(bench);
      await eventually('the exit', () => bench.exits.length === 1);
      assert.equal(bench.output(), hostile.map((text) => `[${text}]`).join(''));
      assert.equal(bench.exits[0]?.exitCode, 0);
    });
  });

  it('gets no descriptor from the driver but its three streams', async () => {
    // What a plain child inherits from this test's own parent is not the driver's doing.
    const plain = spawnSync('/bin/ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout;
    await withBench(['/bin/ls', '/proc/self/fd'], {}, async (bench) => {
      await start(bench);
      await eventually('the exit', () => bench.exits.length === 1);
      assert.equal(bench.output(), plain);
    });
  });

  it('drops root and the supplementary groups, or says that only root can', async () => {
    await withBench(['id'], { user: isRoot ? 'nobody' : 'root', cwd: '/' }, async (bench) => {
      if (!isRoot) {
        await assert.rejects(start(bench), (error) => isFault(error, 'permission'));
        return;
      }
      await start(bench);
      await eventually('the exit', () => bench.exits.length === 1);
      assert.match(bench.output(), /^uid=65534\(nobody\) gid=65534\(\w+\) groups=65534\(\w+\)\n$/);
    });
  });

  it('does not know a user that is not in /etc/passwd', async () => {
    await withBench(SLEEP, { user: 'no-such-user' }, async (bench) => {
      await assert.rejects(start(bench), (error) => isFault(error, 'notFound'));
    });
  });

  it('names the path of a command that is missing', async () => {
    await withBench(['/no/such/program'], {}, async (bench) => {
      await assert.rejects(start(bench), (error) => {
        assert.match(String(error), /\/no\/such\/program/);
        return isFault(error, 'notFound');
      });
    });
    await withBench(['no-such-program'], {}, async (bench) => {
      await assert.rejects(start(bench), (error) => isFault(error, 'notFound'));
    });
  });

  it('names the path of a command that may not be executed', async () => {
    await withBench(['./data'], {}, async (bench) => {
      writeFileSync(join(bench.stateDir, 'data'), 'text');
      await assert.rejects(start(bench), (error) => {
        assert.match(String(error), /data is not executable/);
        return isFault(error, 'permission');
      });
    });
  });

  it('says so when the interpreter of a script is missing, and can start it once it is mended', async () => {
    await withBench(['./script'], {}, async (bench) => {
      const path = join(bench.stateDir, 'script');
      writeFileSync(path, '#!/no/such/interpreter\n');
      chmodSync(path, 0o755);
      await assert.rejects(start(bench), (error) => isFault(error, 'notFound'));
      writeFileSync(path, '#!/bin/sh\nexec sleep 600\n');
      await start(bench);
      assert.deepEqual(bench.exits, []);
    });
  });

  it('does not know a working directory that is missing', async () => {
    await withBench(SLEEP, { cwd: '/no/such/directory' }, async (bench) => {
      await assert.rejects(start(bench), (error) => isFault(error, 'notFound'));
    });
  });

  it('reports an exit code with the monotonic time', async () => {
    await withBench(['/bin/sh', '-c', 'exit 3'], {}, async (bench) => {
      const before = Number(process.hrtime.bigint()) / 1e6;
      const { pid } = await start(bench);
      await eventually('the exit', () => bench.exits.length === 1);
      const [exit] = bench.exits;
      assert.ok(exit !== undefined && exit.at > before);
      assert.deepEqual([exit.pid, exit.exitCode, exit.signal], [pid, 3, null]);
    });
  });

  it('takes a signal that is aborted already as no time at all', async () => {
    await withBench(SLEEP, {}, async (bench) => {
      await assert.rejects(
        bench.driver.start({ capacity: 'full', signal: AbortSignal.abort() }),
        (error) => isFault(error, 'timedOut'),
      );
      await start(bench);
      const kill = bench.driver.kill({ signal: AbortSignal.abort() });
      await assert.rejects(kill, (error) => isFault(error, 'stillRunning'));
    });
  });
});

describe(
  'a cgroup that a member made inside its own',
  { skip: !isRoot && 'only root may make one' },
  () => {
    it('is emptied and removed with it, frozen or not, by any way of cgroups', async () => {
      for (const [kind, cgroups] of containmentKinds()) {
        if (cgroups === NO_CGROUPS) continue;
        await withBench(SLEEP, { cgroups }, async (bench) => {
          const { pid } = await start(bench);
          const directories = cgroupDirectories(cgroups, bench.cgroupName);
          for (const directory of directories) {
            mkdirSync(join(directory, 'inner/innermost'), { recursive: true });
            // In v2 only a group without inner ones may hold processes and controllers at once.
            writeFileSync(join(directory, 'inner/innermost/cgroup.procs'), `${pid}`);
          }
          await bench.driver.freeze({ signal: within() });
          await bench.driver.kill({ signal: within() });
          assert.equal(runs(pid), false, kind);
          await bench.driver.close();
          assert.deepEqual(cgroupDirectories(cgroups, bench.cgroupName), [], kind);
        });
      }
    });
  },
);
