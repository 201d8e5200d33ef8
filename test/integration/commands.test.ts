import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredIncident } from '../../src/agent/contract.ts';
import type { ServiceReport, StatusReport } from '../../src/api/status.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { type Agent, type Ended, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from './processes.ts';

// The operator's commands as they are typed, against a service that serves real requests meanwhile.

/** Commands that succeed are quiet where nobody looks at a terminal. */
function expectQuietSuccess(ended: Ended): void {
  assert.deepEqual(ended, { code: 0, out: '', err: '' });
}

async function wholeWith(agent: Agent, active: string): Promise<ServiceReport> {
  return await agent.until(
    `${active} serves and the other one stands by`,
    (service) => service.active === active && isWhole(service),
  );
}

/** The output of a command that reads, as the type that is claimed for it; its fields are asserted where they matter. */
async function readJson<T>(
  sandbox: Sandbox,
  isIt: (value: unknown) => value is T,
  ...args: string[]
) {
  const ended = await sandbox.run(...args, '--json');
  assert.equal(ended.code, 0, ended.err);
  assert.equal(ended.err, '');
  const value: unknown = JSON.parse(ended.out);
  assert.ok(isIt(value), ended.out);
  return value;
}

function isStatus(value: unknown): value is StatusReport {
  return typeof value === 'object' && value !== null && 'services' in value;
}

function isHistory(value: unknown): value is { readonly incidents: readonly StoredIncident[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'incidents' in value &&
    Array.isArray(value.incidents)
  );
}

function isStored(value: unknown): value is StoredIncident {
  return typeof value === 'object' && value !== null && 'incident' in value;
}

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
  assert.match(text.out, /last: incident 1 +a → b.*\(hotwarm explain 1\)/);
});

test('history lists every incident once, newest first, and explain tells each of them', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await wholeWith(agent, 'a');
  assert.match((await sandbox.run('history')).out, /^nothing has happened yet$/m);
  expectQuietSuccess(await sandbox.run('switchover', '--to', 'b'));
  await wholeWith(agent, 'b');
  expectQuietSuccess(await sandbox.run('failback'));
  const before = await wholeWith(agent, 'a');
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await wholeWith(agent, 'b');

  const { incidents } = await readJson(sandbox, isHistory, 'history');
  assert.deepEqual(
    incidents.map(({ incident }) => [incident.id, incident.kind, incident.from, incident.to]),
    [
      [3, 'failover', 'a', 'b'],
      [2, 'failback', 'b', 'a'],
      [1, 'switchover', 'a', 'b'],
    ],
  );
  const newest = await readJson(sandbox, isHistory, 'history', 'shop', '--limit', '1');
  assert.deepEqual(
    newest.incidents.map(({ incident }) => incident.id),
    [3],
  );
  const text = await sandbox.run('history');
  assert.deepEqual(
    text.out
      .trim()
      .split('\n')
      .map((line) => line.split(/ +/)[0]),
    ['ID', '3', '2', '1'],
  );
  assert.match(text.out, /^1 .* switchover +a +b /m);
});

test('explain shows evidence, the choice with its reasons, the time of each step and the timeline', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['failback: { mode: manual }', 'takeover: { observe: 1s }'] });
  const agent = sandbox.up();
  const before = await wholeWith(agent, 'a');
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await wholeWith(agent, 'b');
  await eventually(
    'the incident has been observed to its end',
    async () => typeof (await agent.incident(1))?.incident.endedAt === 'number',
  );

  const stored = await readJson(sandbox, isStored, 'explain', '1');
  const { incident } = stored;
  assert.deepEqual(
    [incident.kind, incident.outcome, incident.shadow],
    ['failover', 'succeeded', false],
  );
  assert.deepEqual(incident.cause, { code: 'memberFailed', member: 'a', reason: 'exited' });
  assert.ok(
    incident.evidence.some(({ fact }) => fact.code === 'exited' && fact.signal === 'SIGKILL'),
    JSON.stringify(incident.evidence),
  );
  const chosen = incident.candidates.find(({ member }) => member === incident.to);
  assert.deepEqual(chosen, { member: 'b', refusals: [] });
  const passedOver = incident.candidates.find(({ member }) => member === 'a');
  assert.equal(passedOver?.refusals[0]?.code, 'notReady');
  const { detectMs, decideMs, fenceMs, switchMs } = incident.steps;
  for (const ms of [detectMs, decideMs, fenceMs, switchMs, incident.outageMs])
    assert.ok(ms !== null && ms >= 0, JSON.stringify(incident.steps));
  const instants = incident.timeline.map(({ at }) => at);
  assert.deepEqual(
    instants,
    instants.toSorted((one, other) => one - other),
  );
  for (const code of ['evidence', 'verdict', 'chosen', 'ordered', 'done', 'served', 'ended'])
    assert.ok(
      incident.timeline.some((entry) => entry.code === code),
      `${code} is in the timeline`,
    );
  assert.ok(Math.abs(Date.now() - stored.startedWallMs) < 60_000);

  const text = await sandbox.run('explain', '1');
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^failover 1: a → b, succeeded, .* without service$/m);
  assert.match(text.out, /^evidence\n.*SIGKILL/m);
  assert.match(text.out, /^candidates\n(?:.*\n)* +b +chosen: /m);
  assert.match(text.out, /^ +a +.*not ready/m);
  assert.match(text.out, /^steps\n +detect +/m);
  assert.match(text.out, /^timeline\n/m);
  assert.equal((await sandbox.run('explain')).out, text.out, 'the newest one without a number');
});
