import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox, type Agent } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// An agent is killed and the next one goes on from its journal: nothing is started twice, nothing is forgotten.

async function killAgent(agent: Agent): Promise<void> {
  agent.signal('SIGKILL');
  await eventually('the agent is gone', () => agent.exited);
}

test('members, epoch, active and pause stay as they were', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const paused = await sandbox.run('pause');
  assert.equal(paused.code, 0, paused.err);
  await killAgent(first);
  const second = sandbox.up();
  const after = await second.until('the service', (service) => service.active !== null);
  assert.deepEqual(
    [after.active, after.epoch, after.paused, pidOf(after, 'a'), pidOf(after, 'b')],
    [before.active, before.epoch, true, pidOf(before, 'a'), pidOf(before, 'b')],
  );
  const ended = await second.stop();
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(sandbox.processes(), [], 'an adopted member is stopped like any other');
});

test('a pause outlives a changed configuration, and an agent of which nothing is left', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  const paused = await sandbox.run('pause');
  assert.equal(paused.code, 0, paused.err);
  const stopped = await first.stop();
  assert.equal(stopped.code, 0, stopped.err);
  await sandbox.useShop({ timeout: '300ms' });
  const second = sandbox.up();
  const restarted = await second.until('a whole service', isWhole);
  assert.equal(restarted.paused, true, 'after a change of the configuration');
  await killAgent(second);
  const pids = ['a', 'b'].map((member) => pidOf(restarted, member));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually('no member is left', () => !pids.some(isAlive));
  const third = sandbox.up();
  const again = await third.until('a whole service', isWhole);
  assert.equal(again.paused, true, 'although there was nothing to adopt');
});

test('the death of an adopted member is noticed, and it is repaired', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  await killAgent(first);
  const second = sandbox.up();
  await second.until('the adopted service', isWhole);
  const load = sandbox.load();
  load.start();
  await sleep(300);
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await second.until('b has taken over', (service) => service.active === 'b');
  const after = await second.until('a is a standby again', isWhole);
  await sleep(300);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.notEqual(pidOf(after, 'a'), pidOf(before, 'a'));
  assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
  assert.equal(after.epoch, before.epoch + 1);
});

test('a frozen standby is adopted frozen, and takes over', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ b: { keys: 'temperature: frozen' } });
  const first = sandbox.up();
  const before = await first.until(
    'b stands by frozen',
    (service) => isWhole(service) && service.members['b']?.health === 'unknown',
  );
  await killAgent(first);
  const second = sandbox.up();
  await second.until('the adopted service', isWhole);
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  const after = await second.until('b has taken over', (service) => service.active === 'b');
  assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
  assert.equal(await sandbox.ask(), 'b');
});

const KINDS = {
  'a service': { exclusive: false, via: 'proxy', lost: 0 },
  'an exclusive service': { exclusive: true, via: 'proxy', lost: 0 },
  // What the killed member had accepted is lost with it.
  'a service without a proxy': { exclusive: false, via: 'socket', lost: 15 },
} as const;

for (const [what, { exclusive, via, lost }] of Object.entries(KINDS)) {
  test(`an agent that dies at any moment of a failover of ${what} is gone on from`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({
      traffic: `via: ${via}`,
      lines: [`exclusive: ${exclusive}`, 'failback: { mode: manual }'],
    });
    let agent = sandbox.up();
    let service = await agent.until('a whole service', isWhole);
    const load = sandbox.load();
    load.start();
    for (const afterMs of [0, 2, 5, 10, 30]) {
      const from = service.active ?? '';
      const { epoch } = service;
      process.kill(pidOf(service, from), 'SIGKILL');
      await sleep(afterMs);
      await killAgent(agent);
      agent = sandbox.up();
      service = await agent.until(
        `the other member serves after ${afterMs} ms`,
        (now) => isWhole(now) && now.active !== null,
      );
      assert.ok(service.epoch >= epoch, 'an epoch never falls');
      const members = sandbox.processes().filter(({ command }) => command.includes('member.mjs'));
      assert.equal(members.length, 2, 'no member runs twice');
      assert.ok(isAlive(pidOf(service, 'a')) && isAlive(pidOf(service, 'b')));
    }
    await load.stop();
    assert.ok(load.failures.length <= lost, JSON.stringify(load.failures));
    assert.ok(!load.failures.some(({ reason }) => reason.includes('REFUSED')));
  });
}

test('a member whose command has changed is started anew, though nothing else has', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  await killAgent(first);
  const env = { NEWLY: 'set' };
  await sandbox.useShop({ a: { env }, b: { env } });
  const second = sandbox.up();
  const after = await second.until('a whole service', isWhole);
  assert.notEqual(pidOf(after, 'a'), pidOf(before, 'a'));
  assert.notEqual(pidOf(after, 'b'), pidOf(before, 'b'));
});

test('with another configuration the members are started anew', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  await killAgent(first);
  await sandbox.useShop({ lines: ['failback: { mode: never }'] });
  const second = sandbox.up();
  const after = await second.until('a whole service', isWhole);
  assert.notEqual(pidOf(after, 'a'), pidOf(before, 'a'));
  assert.equal(isAlive(pidOf(before, 'a')), false);
  assert.ok(after.epoch > before.epoch);
});

test('up --replace puts a new agent in the place of the old one, and clients notice nothing', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const load = sandbox.load();
  load.start();
  await sleep(300);
  const second = sandbox.up([], ['--replace']);
  const old = await first.ended;
  assert.equal(old.code, 0, old.err);
  const after = await second.until('the adopted service', isWhole);
  await sleep(300);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(
    [after.active, after.epoch, pidOf(after, 'a'), pidOf(after, 'b')],
    [before.active, before.epoch, pidOf(before, 'a'), pidOf(before, 'b')],
  );
});

test('of several up --replace at once one stays, and none ends with an error', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const others = [1, 2].map(() => sandbox.up([], ['--replace']));
  await eventually(
    'one stays',
    () => first.exited && others.filter(({ exited }) => !exited).length === 1,
    60_000,
  );
  const stays = others.find(({ exited }) => !exited);
  const replaced = others.find(({ exited }) => exited);
  assert.ok(stays !== undefined && replaced !== undefined);
  const { code, err } = await replaced.ended;
  assert.deepEqual([code, err], [0, '']);
  const after = await stays.until('the adopted service', isWhole);
  assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
});

test('up --replace kills an agent that hangs', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  first.signal('SIGSTOP');
  const second = sandbox.up([], ['--replace']);
  await eventually('the old agent is gone', () => first.exited);
  const after = await second.until('the adopted service', isWhole);
  assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
});
