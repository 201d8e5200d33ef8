import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { type Agent, pidOf, Sandbox } from './sandbox.ts';

// The examples as they are shipped, under load, while their active member is killed and hung.

/** Load before and after the fault. */
const LOAD_MS = 700;

async function strike(
  sandbox: Sandbox,
  agent: Agent,
  signal: 'SIGKILL' | 'SIGSTOP',
): Promise<{ readonly failures: readonly unknown[]; readonly from: string; readonly to: string }> {
  const before = await agent.until('a whole service', isWhole);
  const from = before.active ?? '';
  const to = from === 'a' ? 'b' : 'a';
  const load = sandbox.load();
  load.start();
  await sleep(LOAD_MS);
  // The kill hits the main process alone; a hang means all of them, as gunicorn's workers serve without their master.
  const pid = pidOf(before, from);
  process.kill(signal === 'SIGSTOP' ? -pid : pid, signal);
  await agent.until('the standby has taken over', (service) => service.active === to);
  await sleep(LOAD_MS);
  await load.stop();
  assert.ok(load.completions.length > 100, 'the load is real');
  return { failures: load.failures, from, to };
}

async function losesNothing(t: TestContext, example: string): Promise<void> {
  const sandbox = await Sandbox.open(t);
  await sandbox.useExample(example);
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  assert.equal(await sandbox.ask(), 'a');

  const kill = await strike(sandbox, agent, 'SIGKILL');
  assert.deepEqual(kill.failures, []);
  assert.deepEqual([kill.from, kill.to], ['a', 'b']);
  const service = await agent.until(
    'the killed member is a standby again',
    (now) => isWhole(now) && now.members['a']?.role === 'standby',
  );
  const { lastIncident } = service;
  assert.equal(lastIncident?.cause, 'memberFailed');
  assert.deepEqual([lastIncident.from, lastIncident.to], ['a', 'b']);
  assert.equal(typeof lastIncident.steps.detectMs, 'number');
  assert.equal(typeof lastIncident.steps.switchMs, 'number');

  const hang = await strike(sandbox, agent, 'SIGSTOP');
  assert.deepEqual(hang.failures, []);
  assert.deepEqual([hang.from, hang.to], ['b', 'a']);
  const explained = await sandbox.run('explain', '--json');
  assert.equal(explained.code, 0, explained.err);

  const ended = await agent.stop();
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(sandbox.processes(), []);
}

function missingPrograms(): readonly string[] {
  const needs = [
    ['gunicorn', ['gunicorn', '--version']],
    ['python3-flask', ['/usr/bin/python3', '-c', 'import flask']],
  ] as const;
  return needs.flatMap(([name, [program, ...args]]) =>
    spawnSync(program, args).status === 0 ? [] : [name],
  );
}

describe('the examples lose no GET when their active member is killed or hung', () => {
  test('web: a Node server', async (t) => {
    await losesNothing(t, 'web');
  });

  test('flask: gunicorn and Flask as Debian ships them', async (t) => {
    const missing = missingPrograms();
    assert.deepEqual(missing, [], `missing: apt install ${missing.join(' ')}`);
    await losesNothing(t, 'flask');
  });

  test('command: any program that listens on a port', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useExample('command');
    const agent = sandbox.up();
    const { failures } = await strike(sandbox, agent, 'SIGKILL');
    assert.deepEqual(failures, []);
  });

  test('static-site: nginx as Debian ships it, with a frozen standby', async (t) => {
    for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
      const sandbox = await Sandbox.open(t);
      await sandbox.useExample('static-site');
      const agent = sandbox.up();
      const { failures } = await strike(sandbox, agent, signal);
      assert.deepEqual(failures, [], signal);
      assert.equal((await agent.stop()).code, 0);
    }
  });
});

describe('a request that must not be sent twice', () => {
  test('fails only if it was in flight at the kill, and is counted', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    const load = sandbox.load({ method: 'POST', path: '/slow/100' });
    load.start();
    await sleep(LOAD_MS);
    const inFlight = load.sent - load.completions.length - load.failures.length;
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await agent.until('the standby has taken over', (service) => service.active === 'b');
    await sleep(LOAD_MS);
    await load.stop();
    assert.ok(inFlight > 0, 'requests are in flight at the kill');
    assert.ok(load.failures.length > 0, 'a kill in the middle of a POST is not hidden');
    // Those that left between the count and the kill may be among them.
    assert.ok(load.failures.length <= inFlight + 5, `${load.failures.length} of ${inFlight}`);
    assert.equal(await agent.metric('hotwarm_requests_failed_total'), load.failures.length);
  });
});
