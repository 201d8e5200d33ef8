import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../src/clock.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// The agent is killed or stopped and the service goes on. A new agent takes what the dead one left.

const LEASE_MS = 1500;
const SHORT_LEASE = [
  'exclusive: true',
  'failback: { mode: manual }',
  `lease: { ttl: ${LEASE_MS}ms, renewInterval: 400ms, safetyMargin: 200ms }`,
  'timeouts: { store: 300ms }',
];

type Served = { readonly member: string; readonly atMs: number; readonly pid: number };

/** What the members wrote before they answered, in the order of time. */
async function readServed(file: string): Promise<readonly Served[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return lines
    .map((line) => {
      const [member = '', at = '', pid = ''] = line.split(' ');
      return { member, atMs: Number(at), pid: Number(pid) };
    })
    .toSorted((first, second) => first.atMs - second.atMs);
}

/** How often the process that served changed. */
function handovers(served: readonly Served[]): number {
  return served.filter(({ pid }, index) => index > 0 && served[index - 1]?.pid !== pid).length;
}

/** Both files pass the full check of SQLite, and every line of the journal can be read. */
function assertSound(sandbox: Sandbox): void {
  for (const name of ['hotwarm.db', 'journal.db']) {
    const database = new DatabaseSync(sandbox.path(`state/${name}`), { readOnly: true });
    const check = database.prepare('PRAGMA integrity_check').get();
    assert.deepEqual({ ...check }, { integrity_check: 'ok' }, name);
    if (name === 'journal.db') {
      const rows = database.prepare('SELECT seq, body FROM event ORDER BY seq').all();
      assert.ok(rows.length > 0, 'the journal has events');
      const first = Number(rows[0]?.['seq']);
      rows.forEach(({ seq, body }, index) => {
        assert.equal(seq, first + index, 'no event is missing');
        JSON.parse(String(body));
      });
    }
    database.close();
  }
}

/** One process of each member, one proxy and one socket holder. */
function assertNothingTwice(sandbox: Sandbox): void {
  const commands = sandbox.processes().map(({ command }) => command);
  assert.equal(commands.filter((one) => one.includes('member.mjs')).length, 2, commands.join('\n'));
  for (const kind of [
    /^hotwarm-proxy|traffic\/proxy\/main/,
    /^hotwarm-socket-holder|socket-holder\/main/,
  ])
    assert.equal(commands.filter((one) => kind.test(one)).length, 1, commands.join('\n'));
}

describe('after kill -9 of the agent', () => {
  const services = {
    'a service': { lines: ['failback: { mode: manual }'], servesAlone: true },
    'an exclusive service': { lines: SHORT_LEASE, servesAlone: false },
  } as const;
  for (const [what, { lines, servesAlone }] of Object.entries(services)) {
    test(`${what} is taken over by the next agent without a lost GET`, async (t) => {
      const sandbox = await Sandbox.open(t);
      const log = sandbox.path('served.log');
      const env = { SERVED_LOG: log };
      await sandbox.useShop({ a: { env }, b: { env }, lines });
      const first = sandbox.up();
      const before = await first.until('a whole service', isWhole);
      const load = sandbox.load();
      load.start();
      await sleep(500);

      first.signal('SIGKILL');
      await eventually('the agent is gone', () => first.exited);
      const goneAt = monotonicMs();
      await sleep(1000);
      assert.ok(isAlive(pidOf(before, 'a')), 'members outlive the agent');
      assert.ok(isAlive(pidOf(before, 'b')), 'members outlive the agent');
      if (!servesAlone) await sleep(LEASE_MS);
      const backAt = monotonicMs();

      const second = sandbox.up();
      const after = await second.until('a whole service again', isWhole);
      await sleep(500);
      await load.stop();
      t.diagnostic(
        `cut off for ${load.longestGapMs(backAt, monotonicMs()).toFixed(0)} ms from the new start on`,
      );

      assert.deepEqual(load.failures, []);
      const served = await readServed(log);
      const away = served.filter(({ atMs }) => atMs > goneAt && atMs < backAt);
      assert.ok(away.length > 0, 'it was served without an agent');
      if (!servesAlone) {
        const late = away.filter(({ atMs }) => atMs > goneAt + LEASE_MS);
        assert.deepEqual(late, [], 'but not beyond its lease');
      }
      const isSame = pidOf(after, 'a') === pidOf(before, 'a');
      // The epoch is the token of one holder: a new process is a new holder.
      if (!isSame) assert.ok(after.epoch > before.epoch, `${before.epoch} ${after.epoch}`);
      assert.ok(after.epoch >= before.epoch, 'an epoch never falls');
      assert.equal(after.active, 'a');
      assertNothingTwice(sandbox);
      // Where two actives do no harm, the standby may have stepped in between.
      if (!servesAlone) assert.equal(handovers(served), isSame ? 0 : 1, 'one process at a time');

      const ended = await second.stop();
      assert.equal(ended.code, 0, ended.err);
      assert.deepEqual(sandbox.processes(), []);
      assertSound(sandbox);
    });
  }
});

test('with another configuration the members are started anew, and no GET is lost', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop({ lines: ['restart: { maxBackoff: 10s }'] });
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  const load = sandbox.load({ ratePerSecond: 400 });
  load.start();
  await sleep(300);
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  await sandbox.useShop({ lines: ['restart: { maxBackoff: 20s }'] });
  const second = sandbox.up();
  const after = await second.until('a whole service again', isWhole);
  await sleep(300);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.notEqual(pidOf(after, 'a'), pidOf(before, 'a'));
  assert.ok(after.epoch > before.epoch, `${before.epoch} ${after.epoch}`);
  assertNothingTwice(sandbox);
});

test('a proxy that hangs when the next agent comes is ended, and clients are served again', async (t) => {
  const sandbox = await Sandbox.open(t);
  await sandbox.useShop();
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  const proxy = sandbox.processes().find(({ command }) => command.startsWith('hotwarm-proxy'));
  assert.ok(proxy !== undefined);
  process.kill(proxy.pid, 'SIGSTOP');
  const second = sandbox.up();
  await second.until('a whole service again', isWhole);
  assert.equal(await sandbox.ask(), 'a');
  assert.ok(!isAlive(proxy.pid), 'the one that hung is gone');
  assertNothingTwice(sandbox);
});

describe('while the agent is stopped by SIGSTOP', () => {
  test('a service goes on being served, and afterwards no member is blamed', async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    const load = sandbox.load();
    load.start();
    await sleep(300);
    const stoppedAt = monotonicMs();
    agent.signal('SIGSTOP');
    await sleep(3000);
    agent.signal('SIGCONT');
    const contAt = monotonicMs();
    await sleep(2000);
    const after = await agent.until('a whole service', isWhole);
    await load.stop();
    assert.deepEqual(load.failures, []);
    const meanwhile = load.completions.filter(({ at }) => at > stoppedAt && at < contAt);
    assert.ok(meanwhile.length > 200, `only ${meanwhile.length} requests were answered meanwhile`);
    assert.equal(after.active, before.active);
    assert.equal(after.epoch, before.epoch);
    assert.deepEqual(after.lastIncident, before.lastIncident, 'no incident');
    assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
    assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
  });

  test('an exclusive service is served until its lease ends, and again when the agent goes on', async (t) => {
    const sandbox = await Sandbox.open(t);
    const log = sandbox.path('served.log');
    const env = { SERVED_LOG: log };
    await sandbox.useShop({ a: { env }, b: { env }, lines: SHORT_LEASE });
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    const load = sandbox.load({ method: 'POST' });
    load.start();
    await sleep(500);
    const stoppedAt = monotonicMs();
    agent.signal('SIGSTOP');
    await sleep(2 * LEASE_MS);
    const contAt = monotonicMs();
    agent.signal('SIGCONT');
    await eventually('it is served again', async () =>
      (await readServed(log)).some(({ atMs }) => atMs > contAt),
    );
    await sleep(500);
    const after = await agent.until('a whole service', isWhole);
    await load.stop();

    const served = await readServed(log);
    const during = served.filter(({ atMs }) => atMs > stoppedAt + 20 && atMs < contAt);
    assert.ok(during.length > 0, 'it is served while the lease lasts');
    const beyond = during.filter(({ atMs }) => atMs > stoppedAt + LEASE_MS);
    assert.deepEqual(beyond, [], 'nothing is forwarded beyond the lease');
    assert.equal(handovers(served), 0, 'one process served everything');
    // A POST that was being answered when the lease ended is cut; none is ever sent a second time.
    assert.ok(load.failures.length <= 2, JSON.stringify(load.failures));
    assert.ok(served.length <= load.sent, `${served.length} served of ${load.sent} sent`);
    assert.equal(after.active, before.active);
    assert.deepEqual(after.lastIncident, before.lastIncident, 'no incident');
  });
});
