import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isAlive } from './processes.ts';
import { MEMBER, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Observe-only beside members that somebody else started, here the test: what hotwarm would have done is
// told and recorded, and nothing is done.

const OPTIONS = { lines: ['mode: observe', 'failback: { mode: manual }'] };

/** A member that is not hotwarm's; it carries the sandbox's mark, as everything that must not outlive the test. */
function startMember(sandbox: Sandbox, name: 'a' | 'b'): ChildProcess {
  return spawn(process.execPath, [MEMBER], {
    env: {
      ...process.env,
      SANDBOX_OF_TEST: sandbox.folder,
      HOTWARM_MEMBER: name,
      PORT: String(sandbox.ports[name]),
    },
    stdio: 'ignore',
  });
}

async function whoAnswers(port: number): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      signal: AbortSignal.timeout(2000),
    });
    return await response.text();
  } catch {
    return null;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('observe-only tells of a death and of the failover that it would have made, and does nothing', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop(OPTIONS);
  const a = startMember(sandbox, 'a');
  const b = startMember(sandbox, 'b');
  const agent = sandbox.up();
  const before = await agent.until(
    'both are seen to be well',
    ({ active, phase, members }) =>
      active === 'a' && phase === 'steady' && Object.values(members).every(({ ready }) => ready),
  );
  assert.deepEqual([before.members['a']?.pid, before.members['b']?.pid], [null, null]);
  assert.equal(await sandbox.ask(), null, 'it does not listen for clients');
  const others = sandbox.processes().map(({ pid }) => pid);
  assert.deepEqual(
    others.toSorted((one, other) => one - other),
    [a.pid, b.pid, agent.pid].toSorted((one = 0, other = 0) => one - other),
    'it has started nobody',
  );

  await kill(a);
  await agent.until('b would serve now', ({ active }) => active === 'b');
  await eventually(
    'the incident is recorded',
    async () => (await agent.incident(1))?.incident.outcome === 'succeeded',
  );
  const { incident } = (await agent.incident(1)) ?? assert.fail('the incident is recorded');
  assert.deepEqual(
    [incident.observeOnly, incident.kind, incident.from, incident.to],
    [true, 'failover', 'a', 'b'],
  );
  assert.equal(await whoAnswers(sandbox.ports.a), null, 'the dead member was not started again');
  assert.match((await whoAnswers(sandbox.ports.b)) ?? '', new RegExp(`"pid":${b.pid}\\b`));
  assert.equal(sandbox.processes().length, 2, 'only b and the agent are there');
  assert.equal(Number.isNaN(await agent.metric('hotwarm_failovers_total')), true);

  assert.match(agent.said, /incident 1, failover \(observe-only, no action\): /);
  assert.match((await sandbox.run('history')).out, /^1 .* \(failover\) +a +b /m);
  assert.match((await sandbox.run('explain', '1')).out, /observe-only: no action taken/);
  assert.match(
    (await sandbox.run('status')).out,
    /last incident: 1 +a → b.* \(observe-only: no action taken\)/,
  );

  assert.equal((await agent.stop()).code, 0);
  assert.equal(isAlive(b.pid ?? 0), true, 'what is not its own is left as it is');
});

test('in observe-only commands that would move traffic are refused with code 5', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop(OPTIONS);
  startMember(sandbox, 'a');
  startMember(sandbox, 'b');
  const agent = sandbox.up();
  await agent.until('both are well', ({ members }) =>
    Object.values(members).every(({ ready }) => ready),
  );
  for (const args of [['switchover'], ['switchover', '--to', 'b'], ['failover', '--to', 'b']]) {
    const ended = await sandbox.run(...args);
    assert.equal(ended.code, 5, ended.err);
    assert.match(ended.err, /why: {2}observe-only mode\nfix: {2}set mode: manage/);
  }
});

test('in observe-only a hang that ends is told, and the member counts again', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop(OPTIONS);
  startMember(sandbox, 'a');
  const b = startMember(sandbox, 'b');
  const agent = sandbox.up();
  await agent.until('both are well', ({ members }) =>
    Object.values(members).every(({ ready }) => ready),
  );
  b.kill('SIGSTOP');
  await agent.until(
    'b has failed',
    ({ members }) => members['b']?.health === 'failed' || members['b']?.ready === false,
  );
  b.kill('SIGCONT');
  const after = await agent.until(
    'b is well again',
    ({ members }) => members['b']?.health === 'healthy' && members['b'].ready,
  );
  assert.deepEqual(
    [after.active, after.lastIncident],
    ['a', null],
    'a standby alone makes no incident',
  );
  assert.equal(isAlive(b.pid ?? 0), true, 'it was not killed');
});
