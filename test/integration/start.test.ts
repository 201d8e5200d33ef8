import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { untilStandingBy } from './operator.ts';
import { eventually } from '../eventually.ts';
import { endByPid, isAlive } from './processes.ts';
import { MEMBER, pidOf, Sandbox, type Agent } from './sandbox.ts';

// A start that finds an earlier agent's work never fails because one part is in trouble, and never stops what it did
// not start.

const member = (port: number): string =>
  `{ command: ${JSON.stringify([process.execPath, MEMBER])}, port: ${port} }`;

const SOCKET = {
  b: { keys: 'temperature: frozen' },
  traffic: 'via: socket',
  lines: ['failback: { mode: manual }'],
};

function socketHolderOf(sandbox: Sandbox): number {
  const found = sandbox
    .processes()
    .find(({ command }) => command.startsWith('hotwarm-socket-holder'));
  assert.ok(found !== undefined);
  return found.pid;
}

for (const [how, restart] of [
  ['is replaced', (sandbox: Sandbox) => sandbox.up([], ['--replace'])],
  [
    'was killed',
    async (sandbox: Sandbox, agent: Agent) => {
      agent.signal('SIGKILL');
      await eventually('it is gone', () => agent.exited);
      return sandbox.up();
    },
  ],
] as const) {
  test(`members that share a socket whose holder was killed serve on when the agent ${how}`, async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop(SOCKET);
    const first = sandbox.up();
    const before = await untilStandingBy(first, 'b');
    endByPid(socketHolderOf(sandbox));
    await eventually('it is told', () => /socket holder exited/.test(first.said));
    const second = await restart(sandbox, first);
    await eventually('the first agent has ended', () => first.exited);
    const after = await second.until('the members are adopted', ({ active }) => active === 'a');
    assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
    assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
    assert.equal(await sandbox.ask(), 'a');
    assert.equal((await second.get('/get_status'))?.status, 200);
  });
}

test('a service whose address was taken meanwhile waits for it, and another one is not touched', async (t) => {
  const sandbox = await Sandbox.open(t);
  const { listen, api, a, b } = sandbox.ports;
  const [other = 0, c = 0, d = 0] = await findFreePorts(3);
  await sandbox.write(`agent: { stateDir: ./state, api: '127.0.0.1:${api}' }
services:
  shop:
    members: { a: ${member(a)}, b: ${member(b)} }
    traffic: { listen: '127.0.0.1:${listen}' }
    probe: { http: /healthz, interval: 50ms, timeout: 200ms }
  blog:
    members: { c: ${member(c)}, d: ${member(d)} }
    traffic: { listen: '127.0.0.1:${other}' }
    probe: { http: /healthz, interval: 50ms, timeout: 200ms }
`);
  const first = sandbox.up();
  const before = await first.until('a whole service', isWhole);
  first.signal('SIGKILL');
  await eventually('it is gone', () => first.exited);
  endByPid(socketHolderOf(sandbox));
  for (const { pid } of sandbox.processes().filter(({ command }) => command.includes('proxy blog')))
    endByPid(pid);
  const thief = createServer();
  await eventually('the address is free for another program', async () => {
    thief.listen(other, '127.0.0.1');
    return await once(thief, 'listening').then(
      () => true,
      () => false,
    );
  });
  t.after(() => thief.close());
  const second = sandbox.up();
  const after = await second.until('the members are adopted', ({ active }) => active === 'a');
  assert.equal(pidOf(after, 'a'), pidOf(before, 'a'));
  assert.equal(pidOf(after, 'b'), pidOf(before, 'b'));
  assert.equal(await sandbox.ask(), 'a');
  assert.match(second.said, /blog/);
  thief.close();
  await eventually('the other one is served again', async () => {
    const answer = await fetch(`http://127.0.0.1:${other}/`).catch(() => null);
    return answer?.ok === true;
  });
  assert.ok(isAlive(pidOf(before, 'a')));
});
