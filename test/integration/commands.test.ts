import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectQuietSuccess, isStatus, isStored, readJson, wholeWith } from './operator.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// The operator's commands as they are typed, against a service that serves real requests meanwhile.

test('switchover and failback under load lose no request, not even one that must not be sent twice', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const first = await wholeWith(agent, 'a');
  const gets = sandbox.load({ ratePerSecond: 50 });
  const posts = sandbox.load({ ratePerSecond: 30, method: 'POST', path: '/slow/100' });
  gets.start();
  posts.start();
  await eventually('requests are answered', () => posts.completions.length > 10);

  expectQuietSuccess(await sandbox.run('switchover'));
  const moved = await wholeWith(agent, 'b');
  assert.equal(moved.epoch, first.epoch + 1);
  assert.equal(await sandbox.ask(), 'b');

  expectQuietSuccess(await sandbox.run('failback', 'shop'));
  const back = await wholeWith(agent, 'a');
  assert.equal(back.epoch, first.epoch + 2);
  assert.equal(await sandbox.ask(), 'a');
  assert.deepEqual(
    [pidOf(back, 'a'), pidOf(back, 'b')],
    [pidOf(first, 'a'), pidOf(first, 'b')],
    'where two actives do no harm nobody is restarted',
  );

  await Promise.all([gets.stop(), posts.stop()]);
  assert.deepEqual([gets.failures, posts.failures], [[], []]);
});

test('switchover of an exclusive service drains the old active and loses no request', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['exclusive: true', 'failback: { mode: manual }'] });
  const agent = sandbox.up();
  const first = await wholeWith(agent, 'a');
  const posts = sandbox.load({ ratePerSecond: 50, method: 'POST', path: '/slow/100' });
  posts.start();
  await eventually('requests are answered', () => posts.completions.length > 10);
  expectQuietSuccess(await sandbox.run('switchover', '--to', 'b'));
  const moved = await wholeWith(agent, 'b');
  await posts.stop();
  assert.deepEqual(posts.failures, []);
  assert.equal(await sandbox.ask(), 'b');
  assert.notEqual(pidOf(moved, 'a'), pidOf(first, 'a'), 'the old active has been stopped');
});

test('failover --to takes over at once, kills the old active and loses no GET', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const first = await wholeWith(agent, 'a');
  const load = sandbox.load({ path: '/slow/30' });
  load.start();
  await eventually('requests are answered', () => load.completions.length > 10);
  const ended = await sandbox.run('failover', '--to', 'b', '--json');
  assert.equal(ended.code, 0, ended.err);
  const told: unknown = JSON.parse(ended.out);
  assert.ok(isStored(told), ended.out);
  const { kind, cause, from, to, outcome } = told.incident;
  assert.deepEqual(
    { kind, cause, from, to, outcome },
    {
      kind: 'failover',
      cause: { code: 'operator', command: 'failover' },
      from: 'a',
      to: 'b',
      outcome: 'succeeded',
    },
  );
  const moved = await wholeWith(agent, 'b');
  assert.notEqual(pidOf(moved, 'a'), pidOf(first, 'a'));
  assert.ok(!sandbox.processes().some(({ pid }) => pid === pidOf(first, 'a')));
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(await sandbox.ask(), 'b');
});

test('status --json has every promised field, and the text says the same', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ b: { keys: 'temperature: warm, cpu: 50%' } });
  const agent = sandbox.up();
  await wholeWith(agent, 'a');
  const { services } = await readJson(sandbox, isStatus, 'status');
  const shop = services['shop'];
  assert.ok(shop !== undefined);
  const { a, b } = shop.members;
  assert.deepEqual(services, {
    shop: {
      active: 'a',
      epoch: 1,
      phase: 'steady',
      paused: false,
      trafficUp: true,
      members: {
        a: {
          role: 'active',
          temperature: 'hot',
          health: 'healthy',
          ready: true,
          pid: a?.pid,
          lagBytes: null,
          reason: 'answering',
        },
        b: {
          role: 'standby',
          temperature: 'warm',
          health: 'healthy',
          ready: true,
          pid: b?.pid,
          lagBytes: null,
          reason: 'answering',
        },
      },
      lastIncident: null,
    },
  });
  assert.equal(typeof a?.pid, 'number');
  assert.deepEqual(JSON.parse((await agent.get('/api/v1/status'))?.text ?? ''), { services });

  expectQuietSuccess(await sandbox.run('switchover'));
  await wholeWith(agent, 'b');
  const after = (await readJson(sandbox, isStatus, 'status', 'shop')).services['shop'];
  assert.deepEqual(Object.keys(after?.lastIncident ?? {}), [
    'id',
    'cause',
    'from',
    'to',
    'outageMs',
    'steps',
  ]);
  assert.deepEqual(Object.keys(after?.lastIncident?.steps ?? {}), [
    'detectMs',
    'decideMs',
    'fenceMs',
    'promoteMs',
    'switchMs',
  ]);
  const text = await sandbox.run('status');
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^shop +(OK|DEGRADED) +active b +epoch 2 /m);
  assert.match(text.out, /^ +a +standby +hot +healthy +yes +\d+/m);
  assert.match(text.out, /^\* +b +active +warm +healthy +yes +\d+/m);
  assert.match(text.out, /last incident: 1 +a → b.*\(hotwarm explain 1\)/);
});
