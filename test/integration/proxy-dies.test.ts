import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { cpuSeconds, eventually, isAlive } from './processes.ts';
import { type Agent, pidOf, Sandbox } from './sandbox.ts';

// The data plane's own death: clients are refused for as long as its process takes to start again.

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
    const gone = agent.said.match(/the data plane is gone/g) ?? [];
    const back = agent.said.match(/the data plane is back/g) ?? [];
    assert.deepEqual([gone.length, back.length], [3, 3], agent.said);
    assert.equal((await agent.stop()).code, 0);
    assert.deepEqual(sandbox.processes(), []);
  });
}

test('a proxy whose address was taken while it was gone is reported, waited for, and comes back', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  const pid = proxyPid(sandbox);
  process.kill(pid, 'SIGKILL');
  const thief = await steal(sandbox.ports.listen);
  t.after(() => thief.close());

  await agent.until('status says so', (now) => !now.trafficUp);
  assert.deepEqual(await overall(agent), { code: 503, status: 'DOWN' });
  const cpuBefore = cpuSeconds(agent.pid);
  await sleep(3000);
  const cpu = cpuSeconds(agent.pid) - cpuBefore;
  assert.ok(cpu < 0.6, `the agent used ${cpu.toFixed(2)} s of CPU in 3 s`);
  const log = await readFile(sandbox.path('state/proxy-shop.log'), 'utf8');
  const attempts = log.match(/EADDRINUSE.*\n/g) ?? [];
  assert.ok(attempts.length > 0, 'it is tried again');
  assert.ok(attempts.length < 30, `${attempts.length} lines of failed attempts in 3 s`);

  thief.close();
  await agent.until('the data plane is back', (now) => now.trafficUp && isWhole(now));
  assert.equal(await sandbox.ask(), 'a');
  const status = await sandbox.run('status');
  assert.equal(status.code, 0, status.err);
});
