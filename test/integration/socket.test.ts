import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import type { OpenLoopLoad } from '../../src/drill/load.ts';
import { untilStandingBy } from './operator.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Members inherit the listening socket: no hop, and connections wait in the kernel while nobody accepts.

const SOCKET = { traffic: 'via: socket', lines: ['failback: { mode: manual }'] } as const;

function refused(load: OpenLoopLoad): readonly string[] {
  return load.failures.map(({ reason }) => reason).filter((reason) => /REFUSED/.test(reason));
}

describe('a service whose members share its listening socket', () => {
  test('refuses no connection when its active member is killed', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(SOCKET);
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    await untilStandingBy(agent, 'b');
    const load = sandbox.load();
    load.start();
    await sleep(500);
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    const after = await agent.until('b has taken over', (service) => service.active === 'b');
    await untilStandingBy(agent, 'a');
    await sleep(500);
    await load.stop();
    assert.deepEqual(refused(load), []);
    // Only what the dead member had accepted; each request of this load has a connection of its own.
    assert.ok(load.failures.length <= 3, JSON.stringify(load.failures));
    assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
    assert.equal(await sandbox.ask(), 'b');
    const ended = await agent.stop();
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(sandbox.processes(), [], 'the socket holder has ended too');
  });

  test('is moved as planned twenty times without an error', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(SOCKET);
    const agent = sandbox.up();
    await agent.until('a whole service', isWhole);
    await untilStandingBy(agent, 'b');
    const load = sandbox.load();
    load.start();
    await sleep(300);
    for (const to of Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? 'b' : 'a'))) {
      const moved = await sandbox.run('switchover', '--to', to);
      assert.equal(moved.code, 0, moved.err);
      await agent.until(`${to} serves`, (service) => service.active === to);
      await untilStandingBy(agent, to === 'a' ? 'b' : 'a');
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.completions.length > 100, 'the load is real');
  });

  test('keeps connections waiting while no member lives, and outlives its agent', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(SOCKET);
    const first = sandbox.up();
    const before = await first.until('a whole service', isWhole);
    await untilStandingBy(first, 'b');
    first.signal('SIGKILL');
    await eventually('the agent is gone', () => first.exited);
    assert.equal(await sandbox.ask(), 'a', 'it is served without an agent');
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    process.kill(pidOf(before, 'b'), 'SIGKILL');
    await eventually(
      'both are gone',
      () => !isAlive(pidOf(before, 'a')) && !isAlive(pidOf(before, 'b')),
    );
    const waiting = sandbox.ask();
    const second = sandbox.up();
    const after = await second.until('a whole service again', isWhole);
    assert.notEqual(await waiting, null, 'the connection that waited is answered');
    assert.ok(after.epoch > before.epoch);
  });

  test('is adopted by the next agent, which can start members on the same socket', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(SOCKET);
    const first = sandbox.up();
    const before = await first.until('a whole service', isWhole);
    await untilStandingBy(first, 'b');
    first.signal('SIGKILL');
    await eventually('the agent is gone', () => first.exited);
    const second = sandbox.up();
    const adopted = await second.until('the adopted service', isWhole);
    assert.equal(pidOf(adopted, 'a'), pidOf(before, 'a'));
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await second.until('b has taken over', (service) => service.active === 'b');
    await untilStandingBy(second, 'a');
    const moved = await sandbox.run('switchover', '--to', 'a');
    assert.equal(moved.code, 0, moved.err);
    assert.equal(
      await sandbox.ask(),
      'a',
      'a member that the new agent started serves the old socket',
    );
  });

  test('is served on when its socket holder is killed, and is whole again once no old member is left', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({ ...SOCKET, lines: [...SOCKET.lines, 'restart: { maxBackoff: 1s }'] });
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    await untilStandingBy(agent, 'b');
    const socketHolder = sandbox
      .processes()
      .find(({ command }) => command.startsWith('hotwarm-socket-holder'));
    assert.ok(socketHolder !== undefined);
    process.kill(socketHolder.pid, 'SIGKILL');
    await eventually('it is told', () => /socket holder exited/.test(agent.said));
    assert.equal(
      (await agent.get('/get_status'))?.status,
      200,
      'members that share the socket serve on',
    );
    assert.equal(await sandbox.ask(), 'a');
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await agent.until('b has taken over', (service) => service.active === 'b');
    assert.equal(await sandbox.ask(), 'b', 'the standby holds the socket, too');
    process.kill(pidOf(before, 'b'), 'SIGKILL');
    const after = await agent.until(
      'new members on a new socket',
      (service) => isWhole(service) && pidOf(service, 'b') !== pidOf(before, 'b'),
    );
    assert.notEqual(pidOf(after, 'a'), pidOf(before, 'a'));
    // Until it is frozen, the standby may accept as well.
    await untilStandingBy(agent, after.active === 'a' ? 'b' : 'a');
    assert.equal(await sandbox.ask(), after.active);
  });

  test('can be gunicorn as Debian ships it: its orphaned workers are ended, too', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useExample('flask', 'hotwarm-socket.yaml');
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    await untilStandingBy(agent, 'b');
    const load = sandbox.load();
    load.start();
    await sleep(500);
    // The master alone: its workers would serve on for a while.
    process.kill(pidOf(before, 'a'), 'SIGKILL');
    await agent.until('b has taken over', (service) => service.active === 'b');
    await untilStandingBy(agent, 'a');
    await sleep(300);
    await load.stop();
    assert.deepEqual(refused(load), []);
    assert.ok(load.failures.length <= 3, JSON.stringify(load.failures));
    assert.equal(await sandbox.ask(), 'b');
  });
});
