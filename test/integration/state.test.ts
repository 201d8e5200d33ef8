import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Who may use a state directory, and what is left when an agent is told to stop.

test('a second agent on the same state directory refuses and names the first, which goes on unharmed', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const load = sandbox.load();
  load.start();
  await eventually('requests are answered', () => load.completions.length > 10);

  const second = await sandbox.up().ended;
  assert.equal(second.code, 5, second.err);
  assert.match(
    second.err,
    new RegExp(`^hotwarm: .*state.*\\nwhy: {2}.*pid ${first.pid}.*\\nfix: {2}.+\\n$`),
  );
  assert.equal(first.exited, false);
  const after = await first.until('a whole service', isWhole);
  assert.deepEqual(after, before, 'nobody was restarted and nothing has moved');
  await load.stop();
  assert.deepEqual(load.failures, []);
  process.kill(pidOf(after, 'a'), 'SIGKILL');
  await first.until('it still fails over', (service) => service.active === 'b' && isWhole(service));
});

test('after an old backup of the epochs no epoch is given a second time', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const epochs: number[] = [];
  const live = async (): Promise<void> => {
    const agent = sandbox.up();
    epochs.push((await agent.until('a whole service', isWhole)).epoch);
    assert.equal((await agent.stop()).code, 0);
  };
  const file = sandbox.path('state/hotwarm.db');
  await live();
  await cp(file, sandbox.path('backup'));
  await live();
  await live();
  for (const suffix of ['', '-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
  await cp(sandbox.path('backup'), file);
  await live();
  assert.deepEqual(
    epochs,
    epochs.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(epochs).size, epochs.length, String(epochs));
});

test('a second agent on other ports refuses as well, and does not touch the members', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const other = await Sandbox.open(t);
  await other.useShop();
  await other.write(
    `agent: { stateDir: ${JSON.stringify(sandbox.path('state'))}, api: '127.0.0.1:${other.ports.api}' }
services:
  shop:
    members:
      a: { command: ['true'], port: ${other.ports.a} }
      b: { command: ['true'], port: ${other.ports.b} }
    traffic: { listen: '127.0.0.1:${other.ports.listen}' }
    probe: { tcp: true }
`,
  );
  const second = await other.up().ended;
  assert.equal(second.code, 5, second.err);
  assert.match(second.err, new RegExp(`pid ${first.pid}`));
  assert.deepEqual(other.processes(), []);
  assert.deepEqual(await first.until('a whole service', isWhole), before);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends members and proxy, answers what is under way, and the agent exits with 0`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop({ b: { keys: 'temperature: frozen' } });
    // A group of its own, as a terminal's Ctrl-C goes to the whole foreground group.
    const agent = sandbox.up(['setsid']);
    const before = await agent.until(
      'a serves and b is frozen',
      (service) => isWhole(service) && service.members['b']?.reason === 'frozen',
    );
    const pending = sandbox.ask('/slow/300');
    await eventually(
      'the request is under way',
      async () => (await agent.metric('hotwarm_requests_total')) === 1,
    );
    if (signal === 'SIGINT') process.kill(-agent.pid, signal);
    else agent.signal(signal);
    const ended = await agent.ended;
    assert.equal(ended.code, 0, ended.err);
    assert.equal(ended.err, '');
    assert.equal(await pending, 'a');
    for (const member of ['a', 'b']) assert.equal(isAlive(pidOf(before, member)), false);
    assert.deepEqual(sandbox.processes(), [], 'no process is left, the proxy included');
    assert.equal(await sandbox.ask(), null);

    const again = sandbox.up();
    const after = await again.until('it starts again', isWhole);
    assert.equal(after.active, 'a');
    assert.ok(after.epoch > before.epoch, 'a new holder of the lease has a new epoch');
  });
}

for (const [what, part] of [
  ['its proxy', 'proxy/main'],
  ['a member', 'member.mjs'],
] as const) {
  test(`an agent that is told to stop as soon as ${what} is started leaves nothing behind`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const agent = sandbox.up();
    await eventually(`${what} is started`, () =>
      sandbox.processes().some(({ command }) => command.includes(part)),
    );
    const ended = await agent.stop();
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(sandbox.processes(), []);
  });
}

test('an agent that is told to stop again and again still ends its members', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  agent.signal('SIGINT');
  await eventually('it stops', () => agent.said.includes('stopping'));
  agent.signal('SIGINT');
  agent.signal('SIGTERM');
  const ended = await agent.ended;
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(sandbox.processes(), []);
});
