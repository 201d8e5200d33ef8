import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { cpuSeconds, isAlive } from './processes.ts';
import { type Agent, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// The data plane's own death: its address is kept, so that clients wait until a process restarted.

function proxyPid(sandbox: Sandbox): number {
  const proxies = sandbox.processes().filter(({ command }) => command.startsWith('hotwarm-proxy'));
  const [first] = proxies;
  assert.ok(first !== undefined && proxies.length === 1, JSON.stringify(proxies));
  return first.pid;
}

async function overall(agent: Agent): Promise<{ readonly code: number; readonly status: unknown }> {
  const answer = await agent.get('/get_status');
  const body = JSON.parse(answer?.text ?? '{}') as { readonly status?: unknown }; // The API's own document.
  return { code: answer?.status ?? 0, status: body.status };
}

/** Listens there as soon as the port is free, before a new process can. */
async function steal(port: number): Promise<Server> {
  const thief = createServer();
  await eventually('the port is stolen', async () => {
    try {
      thief.listen(port, '127.0.0.1');
      await once(thief, 'listening');
      return true;
    } catch {
      return false; // The old one has not let go yet.
    }
  });
  return thief;
}

for (const exclusive of [false, true]) {
  test(`a killed proxy of ${exclusive ? 'an exclusive' : 'a'} service is started again and told its route`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({
      lines: [`exclusive: ${exclusive}`, 'failback: { mode: manual }'],
    });
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    const load = sandbox.load();
    load.start();
    await sleep(300);
    for (const _ of ['first', 'second', 'third']) {
      const pid = proxyPid(sandbox);
      process.kill(pid, 'SIGKILL');
      await eventually('the proxy is gone', () => !isAlive(pid));
      await eventually('it is served again', async () => (await sandbox.ask()) === 'a');
    }
    await sleep(300);
    const served = load.completions.length;
    await sleep(300);
    assert.ok(load.completions.length > served, 'the load is served again');
    await load.stop();
    const after = await agent.until('a whole service', (now) => isWhole(now) && now.trafficUp);
    assert.deepEqual([after.active, after.epoch], [before.active, before.epoch], 'no failover');
    assert.equal(pidOf(after, 'a'), pidOf(before, 'a'), 'members are left alone');
    const gone = agent.said.match(/proxy or socket holder exited/g) ?? [];
    const back = agent.said.match(/proxy or socket holder restarted/g) ?? [];
    assert.deepEqual([gone.length, back.length], [3, 3], agent.said);
    const refused = load.failures.filter(({ reason }) => reason.includes('REFUSED'));
    assert.deepEqual(refused, [], 'its address is kept');
    assert.equal(await agent.metric('hotwarm_proxy_failures_total'), 3);
    assert.equal(agent.said.match(/proxy process 0 \(pid \d+\) exited/g)?.length, 3, agent.said);
    assert.equal((await agent.stop()).code, 0);
    assert.deepEqual(sandbox.processes(), []);
  });
}

test('an address that was taken while socket holder and proxy were gone is reported, waited for, and comes back', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  const socketHolder = sandbox
    .processes()
    .find(({ command }) => command.startsWith('hotwarm-socket-holder'));
  assert.ok(socketHolder !== undefined);
  process.kill(socketHolder.pid, 'SIGKILL');
  process.kill(proxyPid(sandbox), 'SIGKILL');
  const thief = await steal(sandbox.ports.listen);
  t.after(() => thief.close());

  await agent.until('status says so', (now) => !now.trafficUp);
  assert.deepEqual(await overall(agent), { code: 503, status: 'DOWN' });
  const cpuBefore = cpuSeconds(agent.pid);
  await sleep(3000);
  const cpu = cpuSeconds(agent.pid) - cpuBefore;
  assert.ok(cpu < 0.6, `the agent used ${cpu.toFixed(2)} s of CPU in 3 s`);

  thief.close();
  await agent.until('the data plane is back', (now) => now.trafficUp && isWhole(now));
  assert.equal(await sandbox.ask(), 'a');
  const status = await sandbox.run('status');
  assert.equal(status.code, 0, status.err);
});

test('one of two proxies that hangs is replaced while the other serves, and both serve the next agent', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ traffic: 'processes: 2', lines: ['failback: { mode: manual }'] });
  const pids = (): readonly number[] =>
    sandbox
      .processes()
      .filter(({ command }) => command.startsWith('hotwarm-proxy'))
      .map(({ pid }) => pid);
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  const before = pids();
  assert.equal(before.length, 2);
  const [hung = 0] = before;
  process.kill(hung, 'SIGSTOP');
  const load = sandbox.load();
  load.start();
  await eventually('the one that hung is gone', () => !isAlive(hung));
  await eventually('it is told and replaced', () => /process \d restarted/.test(first.said));
  assert.match(first.said, /did not respond and was killed/);
  assert.doesNotMatch(first.said, /proxy or socket holder exited/);
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  const left = pids();
  const second = sandbox.up();
  await second.until('a whole service again', isWhole);
  await load.stop();
  assert.deepEqual(load.failures, [], 'a new connection goes to whoever accepts');
  assert.deepEqual(pids(), left, 'they are taken over');
  assert.equal((await second.stop()).code, 0);
  assert.deepEqual(sandbox.processes(), []);
});

test('a service of another name takes the address over that a former configuration left', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  for (const { pid, command } of sandbox.processes())
    if (command.includes('member.mjs')) process.kill(pid, 'SIGKILL');
  const text = await readFile(sandbox.path('hotwarm.yaml'), 'utf8');
  await sandbox.write(text.replace('  shop:', '  store:'));
  const second = sandbox.up();
  await second.until('a whole service', isWhole);
  assert.equal(await sandbox.ask(), 'a');
});
