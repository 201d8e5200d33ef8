import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// A member is not to blame for a machine that is short of CPU, nor for an agent that gets none.

const STARVED_S = 5;
/** Two busy programs for each CPU, and four on the smallest machine. */
const HOGS = Math.max(4, 2 * availableParallelism());

/** How long the agent, its proxy and its members together were ready to run and had no CPU; see proc_pid_schedstat(5). */
function cpuWaitMs(sandbox: Sandbox): number {
  const waits = sandbox.processes().map(({ pid }) => {
    const [, waitedNs = ''] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waitedNs) / 1e6;
  });
  return waits.reduce((sum, wait) => sum + wait, 0);
}

test('under CPU starvation nobody is found failed, though probes go out every 50 ms', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  const load = sandbox.load({ ratePerSecond: 100 });
  load.start();
  await sleep(1000);

  const stress = spawn('stress-ng', ['--cpu', `${HOGS}`, '--timeout', `${STARVED_S}s`, '--quiet']);
  t.after(() => stress.kill('SIGKILL'));
  const ended = once(stress, 'exit'); // Rejects when there is no such program: apt install stress-ng
  const waitedBefore = cpuWaitMs(sandbox);
  const [code] = await ended;
  assert.equal(code, 0, 'stress-ng did its work');
  const waitedMs = cpuWaitMs(sandbox) - waitedBefore;
  t.diagnostic(`waited ${waitedMs.toFixed(0)} ms for a CPU`);
  assert.ok(waitedMs > 100, `they waited only ${waitedMs.toFixed(0)} ms for a CPU`);

  await sleep(1000);
  await load.stop();
  const after = await agent.until('a whole service', isWhole);
  assert.equal(after.active, before.active);
  assert.equal(after.epoch, before.epoch, 'no failover');
  assert.deepEqual(after.lastIncident, before.lastIncident, 'no incident');
  for (const member of ['a', 'b'])
    assert.equal(pidOf(after, member), pidOf(before, member), `${member} was not restarted`);
  assert.deepEqual(load.failures, []);
});
