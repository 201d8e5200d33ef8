import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  expectQuietSuccess,
  isHistory,
  isStored,
  readJson,
  untilObserved,
  wholeWith,
} from './operator.ts';
import { pidOf, Sandbox } from './sandbox.ts';

// What the operator can read of the past: the list of incidents, and each of them explained.

test('history lists every incident once, newest first, and explain tells each of them', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  await wholeWith(agent, 'a');
  assert.match((await sandbox.run('history')).out, /^no incidents yet$/m);
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
  await sandbox.useShop({ lines: ['failback: { mode: manual }', 'takeover: { probation: 1s }'] });
  // Probes so rare that none finds the port closed before the kernel tells of the exit: then that would be the cause.
  const file = await readFile(sandbox.path('hotwarm.yaml'), 'utf8');
  await sandbox.write(file.replace('interval: 50ms, timeout: 200ms', 'interval: 2s, timeout: 1s'));
  const agent = sandbox.up();
  const before = await wholeWith(agent, 'a');
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await wholeWith(agent, 'b');
  await untilObserved(agent, 1);

  const stored = await readJson(sandbox, isStored, 'explain', '1');
  const { incident } = stored;
  assert.deepEqual(
    [incident.kind, incident.outcome, incident.observeOnly],
    ['failover', 'succeeded', false],
  );
  // Once a second the memory is looked at, which may be in the millisecond before the exit.
  const { cause } = incident;
  assert.ok(cause.code === 'memberFailed' && cause.member === 'a', JSON.stringify(cause));
  assert.ok(cause.reason === 'exited' || cause.reason === 'exiting', cause.reason);
  assert.ok(
    incident.evidence.some(({ fact }) =>
      cause.reason === 'exited'
        ? fact.code === 'exited' && fact.signal === 'SIGKILL'
        : fact.code === 'exiting',
    ),
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
  assert.match(
    text.out,
    cause.reason === 'exited' ? /^evidence\n.*SIGKILL/m : /^evidence\n.*memory of process/m,
  );
  assert.match(text.out, /^candidates\n(?:.*\n)* +b +chosen: /m);
  assert.match(text.out, /^ +a +.*not ready/m);
  assert.match(text.out, /^steps\n +detect +/m);
  assert.match(text.out, /^timeline\n/m);
  assert.equal((await sandbox.run('explain')).out, text.out, 'the newest one without a number');
});
