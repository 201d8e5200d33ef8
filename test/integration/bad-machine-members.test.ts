import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { cpuSeconds } from './processes.ts';
import { type Agent, pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Members that cannot live. The agent goes on trying, ever more seldom, and never in a busy loop.

/** A core is kept busy to less than this share by an agent that has nothing useful to do. */
const IDLE_SHARE = 0.2;

async function assertIdle(agent: Agent, forMs = 2000): Promise<void> {
  const before = cpuSeconds(agent.pid);
  await sleep(forMs);
  const share = (cpuSeconds(agent.pid) - before) / (forMs / 1000);
  assert.ok(share < IDLE_SHARE, `the agent uses ${(share * 100).toFixed(0)}% of a core`);
}

/** How often the member was started. */
async function starts(file: string, member: string): Promise<number> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  return lines.filter((line) => line.startsWith(`${member} `)).length;
}

/** With a base of 500 ms: pauses of 0.2, 0.5, 1, 2, 4 s, and at most 8 s from then on. */
const REPAIR = 'restart: { backoff: 500ms, maxBackoff: 8s }';

/** The most starts that those pauses allow. */
function startsWithin(ms: number): number {
  const pauses = [0, 200, 500, 1000, 2000, 4000];
  let at = 0;
  let count = 0;
  for (let index = 0; at <= ms; index += 1) {
    at += pauses[index] ?? 8000;
    if (at <= ms) count += 1;
  }
  return count;
}

test('a member that never gets ready is given up after its time-out, and the other one serves', async (t) => {
  const sandbox = await Sandbox.open(t);
  const log = sandbox.path('starts.log');
  await sandbox.useShop({
    a: { env: { NEVER_LISTEN: '1', START_LOG: log } },
    lines: ['timeouts: { ready: 1s }', REPAIR],
  });
  const agent = sandbox.up();
  const service = await agent.until('b serves', (now) => now.active === 'b');
  assert.equal(service.members['a']?.ready, false);
  assert.equal(await sandbox.ask(), 'b');
  await eventually('it says so', () =>
    /a could not be started, attempt 1: .*\(.+\)/.test(agent.said),
  );
  const since = performance.now();
  const before = await starts(log, 'a');
  await assertIdle(agent, 3000);
  const more = (await starts(log, 'a')) - before;
  assert.ok(more <= startsWithin(performance.now() - since), `${more} starts in 3 s`);
  const brief = await agent.get('/get_status');
  assert.match(brief?.text ?? '', /DEGRADED/);
  assert.equal((await agent.stop()).code, 0);
  assert.deepEqual(sandbox.processes(), []);
});

test('a standby that crashes again and again is started ever more seldom', async (t) => {
  const sandbox = await Sandbox.open(t);
  const log = sandbox.path('starts.log');
  await sandbox.useShop({ b: { env: { CRASH_AFTER: '250', START_LOG: log } }, lines: [REPAIR] });
  const agent = sandbox.up();
  await eventually('b was started', async () => (await starts(log, 'b')) > 0);
  const since = performance.now();
  const load = sandbox.load();
  await agent.until('a serves', (now) => now.active === 'a');
  load.start();
  await agent.until('the loop is told', (now) => now.members['b']?.reason === 'crashLoop');
  await assertIdle(agent);
  const count = await starts(log, 'b');
  assert.ok(count >= 3, 'it is tried again');
  assert.ok(count <= startsWithin(performance.now() - since) + 1, `${count} starts`);
  await load.stop();
  assert.deepEqual(load.failures, []);
  const { active, lastIncident } = await agent.until('a serves', (now) => now.active !== null);
  assert.deepEqual([active, lastIncident], ['a', null], 'a standby’s trouble is no failover');
});

test('a member whose port was taken by a stranger is not served from there', async (t) => {
  const sandbox = await Sandbox.open(t);
  const broken = sandbox.path('broken');
  await sandbox.useShop({ a: { env: { BREAK_FILE: broken } }, lines: [REPAIR] });
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  await writeFile(broken, '');
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await agent.until('b serves', (now) => now.active === 'b' && now.members['a']?.pid === null);
  const stranger = createServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"member":"strange"}');
  });
  stranger.listen(sandbox.ports.a, '127.0.0.1');
  await once(stranger, 'listening');
  t.after(() => stranger.close());
  await rm(broken);
  await agent.until('a is in a loop', (now) => now.members['a']?.reason === 'crashLoop');
  assert.equal(await sandbox.ask(), 'b');
  stranger.close();
  await agent.until('a is a standby', isWhole);
});

test('while both members crash, clients get 503 with Retry-After in time, and are served again afterwards', async (t) => {
  const sandbox = await Sandbox.open(t);
  const broken = sandbox.path('broken');
  const log = sandbox.path('starts.log');
  const env = { BREAK_FILE: broken, START_LOG: log };
  await sandbox.useShop({
    a: { env },
    b: { env },
    lines: ['failback: { mode: manual }', 'restart: { backoff: 500ms, maxBackoff: 2s }'],
    traffic: 'hold: { timeout: 1s }',
  });
  const agent = sandbox.up();
  const before = await agent.until('a whole service', isWhole);
  await writeFile(broken, '');
  for (const member of ['a', 'b']) process.kill(pidOf(before, member), 'SIGKILL');
  await agent.until('nobody serves', (now) =>
    Object.values(now.members).every(({ pid, ready }) => pid === null && !ready),
  );
  const askedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${sandbox.ports.listen}/`);
  const tookMs = performance.now() - askedAt;
  assert.equal(response.status, 503);
  assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
  assert.ok(tookMs < 3000, `after ${tookMs.toFixed(0)} ms`);
  const down = await agent.get('/get_status');
  assert.equal(down?.status, 503, down?.text);
  const since = performance.now();
  const started = await starts(log, 'a');
  await assertIdle(agent);
  const more = (await starts(log, 'a')) - started;
  assert.ok(more <= 1 + (performance.now() - since) / 500, `${more} starts of a`);

  await rm(broken);
  const after = await agent.until('a whole service', isWhole);
  assert.notEqual(await sandbox.ask(), null);
  assert.ok(after.epoch > before.epoch, 'whoever serves now has a lease of its own');
  await agent.until('the incident has ended', (now) => now.lastIncident?.outageMs !== null);
});
