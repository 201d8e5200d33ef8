import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Members that stand by running, beside a listening socket that they share, and accept once they are told.

const GO = {
  traffic: 'via: socket, accept: onActivate',
  lines: ['failback: { mode: manual }'],
} as const;

/** Which members answered, from the log that they write. */
async function whoServed(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return [...new Set(lines.map((line) => line.split(' ')[0] ?? ''))].toSorted();
}

describe('members that wait for the go', () => {
  for (const temperature of ['hot', 'warm', 'frozen']) {
    test(`stand by ${temperature} without a client, and one takes over when the active is killed`, async (t) => {
      const sandbox = await Sandbox.open(t);
      const log = sandbox.path('served.log');
      const options = { env: { SERVED_LOG: log }, keys: `temperature: ${temperature}` };
      await sandbox.useShop({ ...GO, a: options, b: options });
      const agent = sandbox.up();
      const before = await agent.until('a whole service', isWhole);
      const load = sandbox.load();
      load.start();
      await eventually('it is served', () => load.completions.length > 50);
      assert.deepEqual(await whoServed(log), ['a'], 'the standby accepts nobody');
      process.kill(pidOf(before, 'a'), 'SIGKILL');
      const after = await agent.until('b has taken over', (service) => service.active === 'b');
      await agent.until('a stands by again', isWhole);
      await sleep(200);
      await load.stop();
      assert.ok(load.failures.length <= 3, JSON.stringify(load.failures));
      assert.ok(!load.failures.some(({ reason }) => reason.includes('REFUSED')));
      assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
      assert.equal(await sandbox.ask(), 'b');
    });
  }

  test('are moved as planned without an error', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(GO);
    const agent = sandbox.up();
    await agent.until('a whole service', isWhole);
    const load = sandbox.load();
    load.start();
    for (const to of ['b', 'a', 'b']) {
      const moved = await sandbox.run('switchover', '--to', to);
      assert.equal(moved.code, 0, moved.err);
      await agent.until(`${to} serves`, (service) => service.active === to && isWhole(service));
      assert.equal(await sandbox.ask(), to);
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  test('are told by the next agent when theirs dies at any moment of a takeover', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(GO);
    let agent = sandbox.up();
    let service = await agent.until('a whole service', isWhole);
    for (const afterMs of [0, 2, 5, 10, 30]) {
      const pid = pidOf(service, service.active ?? '');
      process.kill(pid, 'SIGKILL');
      await sleep(afterMs);
      agent.signal('SIGKILL');
      await eventually('the agent is gone', () => agent.exited);
      await eventually('the member accepts no more', () => !isAlive(pid));
      // It waits in the kernel if nobody was told yet.
      const asked = sandbox.ask();
      agent = sandbox.up();
      service = await agent.until(`somebody serves after ${afterMs} ms`, isWhole);
      assert.notEqual(await asked, null, 'the connection that waited is answered');
      assert.equal(await sandbox.ask(), service.active);
    }
  });
});

test('a member that accepts before it is told to is named', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ ...GO, b: { env: { IGNORE_GO: '1' } } });
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  // Each stays open, at whichever member was the first to accept it.
  const clients: Socket[] = [];
  t.after(() => clients.forEach((client) => client.destroy()));
  await eventually('it is told', () => {
    const client = connect(sandbox.ports.listen, '127.0.0.1').on('error', () => {});
    if (clients.length < 1000) clients.push(client);
    else client.destroy();
    return /b accepted clients while standby/.test(agent.said);
  });
  assert.doesNotMatch(agent.said, /a stands by and accepts/);
});

for (const configuration of ['hotwarm.yaml', 'hotwarm-python.yaml']) {
  test(`the example ${configuration} refuses nobody when its active member is killed`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useExample('socket', configuration);
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    assert.equal(await sandbox.ask(), 'a');
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await eventually('it accepts no more', () => !isAlive(pidOf(before, 'a')));
    assert.equal(await sandbox.ask(), 'b', 'the connection waited in the kernel');
    await agent.until('b has taken over', (service) => service.active === 'b');
    await agent.until('a stands by again', isWhole);
    assert.equal(await sandbox.ask(), 'b');
  });
}
