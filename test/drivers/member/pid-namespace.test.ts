import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NO_CGROUPS } from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { killOrphans } from '../../../src/drivers/member/process/orphans.ts';
import { findPidNamespace } from '../../../src/drivers/member/process/pid-namespace.ts';
import { readProcessStat } from '../../../src/drivers/os/proc.ts';
import { memberConformance } from './conformance.ts';
import { makeBench, type Bench } from './support.ts';
import { eventually, within } from '../../eventually.ts';

// Without a cgroup: whatever a member's processes do to get away, nothing of them outlives the kill.

const namespace = findPidNamespace();
assert.ok(namespace !== null, 'this machine lets root make PID namespaces');
const held = { cgroups: NO_CGROUPS, namespace };

/** A worker in a session of its own, with a blank environment, as PostgreSQL's are; it counts in a file. */
const ESCAPED = 'i=0; while :; do i=$((i+1)); echo $i >>count; sleep 0.01; done';
const WITH_ESCAPED = [
  '/bin/sh',
  '-c',
  `setsid env -i PATH="$PATH" sh -c '${ESCAPED}' & exec sleep 600`,
];

async function withBench(
  command: readonly string[],
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const bench = makeBench(command, held);
  try {
    await body(bench);
  } finally {
    await bench.dispose();
  }
}

const start = (bench: Bench) => bench.driver.start({ capacity: 'full', signal: within() });

function count(bench: Bench): number {
  const file = join(bench.stateDir, 'count');
  return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
}

async function untilItCounts(bench: Bench): Promise<void> {
  const before = count(bench);
  await eventually('the worker counts', () => count(bench) > before);
}

/** Processes whose working directory is the bench's: all of the member's, however they were started. */
function left(bench: Bench): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && placeOf(name) === bench.stateDir)
    .map(Number)
    .filter((pid) => readProcessStat(pid)?.state !== 'Z');
}

function placeOf(pid: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null; // Ended, or of the kernel.
  }
}

memberConformance('a PID namespace', () => makeBench(['/bin/sleep', '600'], held));

describe('a process member in a PID namespace', () => {
  it('is killed with a worker that has a session of its own and a blank environment', async () => {
    await withBench(WITH_ESCAPED, async (bench) => {
      await start(bench);
      await untilItCounts(bench);
      await bench.driver.kill({ signal: within() });
      assert.deepEqual(left(bench), []);
    });
  });

  it('ends whole when its main process does', async () => {
    await withBench(WITH_ESCAPED, async (bench) => {
      const { pid } = await start(bench);
      await untilItCounts(bench);
      process.kill(pid, 'SIGKILL');
      await eventually('the exit', () => bench.exits.length === 1);
      assert.equal(bench.exits[0]?.signal, 'SIGKILL');
      assert.equal(bench.exits[0].pid, pid);
      assert.deepEqual(left(bench), []);
    });
  });

  it('is frozen with such a worker, and goes on with it', async () => {
    await withBench(WITH_ESCAPED, async (bench) => {
      await start(bench);
      await untilItCounts(bench);
      await bench.driver.freeze({ signal: within() });
      const before = count(bench);
      // Longer than several of its rounds would take.
      for (const endAt = performance.now() + 100; performance.now() < endAt;);
      assert.equal(count(bench), before);
      await bench.driver.thaw({ signal: within() });
      await untilItCounts(bench);
    });
  });

  it('is asked to end by the signal that any program gets', async () => {
    const command = [
      '/bin/sh',
      '-c',
      'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.01; done',
    ];
    await withBench(command, async (bench) => {
      await start(bench);
      await eventually('its trap is set', () => bench.output() === 'ready\n');
      await bench.driver.stop({ graceMs: 15_000, signal: within() });
      assert.equal(bench.output(), 'ready\nbye\n');
      await eventually('the exit', () => bench.exits.length === 1);
      assert.equal(bench.exits[0]?.exitCode, 7);
    });
  });

  it('is ended by the next agent, whatever of it is left', async () => {
    await withBench(WITH_ESCAPED, async (bench) => {
      await start(bench);
      await untilItCounts(bench);
      const { stateDir } = bench;
      const found = await killOrphans({
        stateDir,
        service: 'shop',
        member: 'a',
        cgroups: NO_CGROUPS,
        signal: within(),
      });
      assert.equal(found, true);
      await eventually('nothing is left', () => left(bench).length === 0);
    });
  });
});
