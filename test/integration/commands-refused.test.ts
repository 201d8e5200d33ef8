import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { type Agent, type Ended, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// What the commands do not do: each refusal has an exit code of its kind and three lines, what, why and
// what to do. And the pause, in which everything is seen and nothing is done.

function expectError(ended: Ended, code: number, named: RegExp): void {
  assert.equal(ended.code, code, ended.err);
  assert.equal(ended.out, '');
  assert.match(ended.err, /^hotwarm: \S.*\nwhy: {2}\S.*\nfix: {2}\S.*\n$/);
  assert.match(ended.err, named);
}

/** Waits until the agent has gone on to decide on that many further events. */
async function letDecide(agent: Agent, count: number): Promise<void> {
  const name = 'hotwarm_agent_events_total';
  const before = await agent.metric(name);
  await eventually('the agent decides', async () => (await agent.metric(name)) >= before + count);
}

test('a command that may not be carried out ends with code 5 and says what, why and what to do', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ b: { env: { NEVER_LISTEN: '1' } } });
  const agent = sandbox.up();
  const before = await agent.until(
    'a serves and b is not ready',
    (service) => service.active === 'a' && service.phase === 'steady',
  );
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['switchover', '--to', 'zz'], /no member zz.*\n.*\n.*hotwarm status/],
    [['failover', '--to', 'zz'], /no member zz/],
    [['switchover', 'shap'], /no service shap/],
    [['pause', 'shap'], /no service shap/],
    [['status', 'shap'], /no service shap\n.*shop/],
    [['switchover'], /why: {2}no standby is eligible \(b: .*not ready/],
    [['switchover', '--to', 'b'], /why: {2}no standby is eligible/],
    [['failover', '--to', 'b'], /why: {2}no standby is eligible \(b: .*not ready/],
    [['switchover', '--to', 'a'], /why: {2}a is already active/],
    [['failover', '--to', 'a'], /why: {2}a is already active/],
    [['failback'], /why: {2}the preferred member is already active/],
    [['resume'], /why: {2}not paused/],
    [['explain', '99'], /no incident 99\n.*\n.*hotwarm history/],
  ];
  for (const [args, named] of refusals) expectError(await sandbox.run(...args), 5, named);

  assert.equal((await sandbox.run('pause')).code, 0);
  for (const args of [['switchover'], ['failover', '--to', 'b']])
    expectError(
      await sandbox.run(...args),
      5,
      /why: {2}paused \(maintenance mode\)\nfix: {2}.*hotwarm resume/,
    );
  const after = await agent.until('it is paused', (service) => service.paused);
  assert.deepEqual(
    [after.active, after.epoch, pidOf(after, 'a'), after.lastIncident],
    [before.active, before.epoch, pidOf(before, 'a'), null],
    'what is refused changes nothing',
  );
});

test('without an agent every command that needs one ends with code 4', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  for (const args of [
    ['status'],
    ['status', '--json'],
    ['history'],
    ['explain', '1'],
    ['switchover'],
    ['failover', '--to', 'b'],
    ['failback', 'shop'],
    ['pause'],
    ['resume', 'shop'],
  ])
    expectError(
      await sandbox.run(...args),
      4,
      /cannot reach the agent at 127\.0\.0\.1:\d+\n.*\n.*hotwarm up/,
    );
});

test('a broken or missing configuration ends every command with code 3', async (t) => {
  const sandbox = await Sandbox.open(t);
  for (const command of ['up', 'check', 'status']) {
    const ended = await sandbox.run(command);
    assert.equal(ended.code, 3, ended.err);
    assert.match(ended.err, /^hotwarm: .*hotwarm\.yaml/);
  }
  await sandbox.useShop({ lines: ['failbak: { mode: manual }', 'mode: perhaps'] });
  for (const command of ['up', 'status', 'switchover', 'pause']) {
    const ended = await sandbox.run(command);
    assert.equal(ended.code, 3, ended.err);
    assert.match(ended.err, /failbak[^]*failback/, 'the slip and what was perhaps meant');
    assert.match(ended.err, /mode[^]*perhaps/, 'every fault at once');
    assert.match(ended.err, /^why: {2}.+\n(fix: {2}.+\n)$/m);
  }
  assert.deepEqual(sandbox.processes(), [], 'nothing was started');
});

test('a command line that is not understood ends with code 2', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const slips: readonly (readonly [readonly string[], RegExp])[] = [
    [['statsu'], /did you mean status/],
    [['status', '--jsno'], /--jsno/],
    [['explain', 'last'], /integer/],
    [['history', '--limit', '0'], /integer/],
    [['switchover', '--timeout', 'soon'], /integer/],
    [['switchover', '--to'], /--to/],
    [['switchover', 'shop', 'b'], /too many arguments/],
    [['--api', 'nowhere', 'status'], /--api nowhere/],
  ];
  for (const [args, named] of slips) expectError(await sandbox.run(...args), 2, named);
});

test('while paused a dead active is reported and not replaced, and resume acts at once', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  assert.deepEqual(await sandbox.run('pause', '--json'), {
    code: 0,
    out: `${JSON.stringify({ service: 'shop', paused: true }, null, 2)}\n`,
    err: '',
  });
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until('its death is seen', (service) => service.members['a']?.health === 'failed');
  await letDecide(agent, 20);

  const paused = await agent.until('it is down', (service) => service.phase === 'down');
  assert.deepEqual(
    [paused.active, paused.epoch, paused.paused, paused.lastIncident],
    ['a', before.epoch, true, null],
  );
  assert.deepEqual([paused.members['a']?.pid, pidOf(paused, 'b')], [null, pidOf(before, 'b')]);
  assert.equal((await agent.get('/get_status'))?.status, 503);
  assert.match((await sandbox.run('history')).out, /no incidents yet/);
  const status = await sandbox.run('status');
  assert.match(status.out, /^shop +DOWN +active a .* paused/m);
  assert.match(status.out, /^\* +a +active +hot +failed/m);
  const explained = await sandbox.run('explain');
  assert.match(
    explained.out,
    /blocked now\n +shop +for .* paused \(maintenance mode\) .*hotwarm resume/,
  );
  const told: unknown = JSON.parse((await sandbox.run('explain', '--json')).out);
  assert.ok(typeof told === 'object' && told !== null && 'blocked' in told);
  assert.deepEqual(
    Array.isArray(told.blocked) ? told.blocked.map(({ service, reason }) => [service, reason]) : [],
    [['shop', { code: 'paused' }]],
  );
  assert.match(agent.said, /blocked: .*paused/);

  const waiting = sandbox.ask();
  assert.equal((await sandbox.run('resume')).code, 0);
  await agent.until('b has taken over', (service) => service.active === 'b');
  assert.equal(await waiting, 'b', 'a request that waited is answered');
  const after = await agent.until('a is a standby again', isWhole);
  assert.deepEqual([after.paused, after.epoch], [false, before.epoch + 1]);
  assert.doesNotMatch((await sandbox.run('explain')).out, /not done at present/);
});

test('while paused a dead standby is not restarted, and traffic goes on', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  assert.equal((await sandbox.run('pause')).code, 0);
  process.kill(pidOf(before, 'b'), 'SIGKILL');
  await agent.until('its death is seen', (service) => service.members['b']?.health === 'failed');
  await letDecide(agent, 20);
  const paused = await agent.until('it is paused', (service) => service.paused);
  assert.deepEqual([paused.members['b']?.pid, pidOf(paused, 'a')], [null, pidOf(before, 'a')]);
  assert.equal(await sandbox.ask(), 'a');
  assert.equal((await sandbox.run('resume')).code, 0);
  await agent.until('b is a standby again', isWhole);
});
