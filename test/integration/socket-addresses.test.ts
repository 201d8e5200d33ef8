import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { untilStandingBy } from './operator.ts';
import { isAlive } from './processes.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// Several addresses of one service, one of them a Unix socket: members inherit all of them.

/** The member that answers there; rejects where nobody does. */
function ask(place: { socketPath: string } | { port: number; host: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path: '/', agent: false, timeout: 8000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve((JSON.parse(text) as { member: string }).member)); // What member.mjs answers.
    });
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.end();
  });
}

function environmentOf(pid: number): Readonly<Record<string, string>> {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

test('a member inherits every address in order, and a standby takes over all of them', async (t) => {
  const sandbox = await Sandbox.open(t);
  const [admin = 0] = await findFreePorts(1);
  const path = sandbox.path('service.sock');
  await sandbox.useShop({
    traffic: `via: socket, backlog: 99, listeners: { admin: '127.0.0.1:${admin}', local: 'unix:${path}' }, unix: { mode: '600' }`,
  });
  const places = [
    { port: sandbox.ports.listen, host: '127.0.0.1' },
    { port: admin, host: '127.0.0.1' },
    { socketPath: path },
  ];
  const agent = sandbox.up();
  await agent.until('a whole service', isWhole);
  const before = await untilStandingBy(agent, 'b');
  const environment = environmentOf(pidOf(before, 'a'));
  assert.equal(environment['LISTEN_FDS'], '4');
  assert.equal(environment['LISTEN_FDNAMES'], 'service:admin:local:member');
  assert.equal(environment['LISTEN_PID'], String(pidOf(before, 'a')));
  assert.equal(environment['HOTWARM_BACKLOG'], '99');
  assert.equal((statSync(path).mode & 0o777).toString(8), '600');
  assert.deepEqual(await Promise.all(places.map(ask)), ['a', 'a', 'a']);
  process.kill(pidOf(before, 'a'), 'SIGKILL');
  await eventually('it accepts no more', () => !isAlive(pidOf(before, 'a')));
  // These wait in the kernel for whoever comes.
  assert.deepEqual(await Promise.all(places.map(ask)), ['b', 'b', 'b']);
  await agent.until('b has taken over', (service) => service.active === 'b');
  const ended = await agent.stop();
  assert.equal(ended.code, 0, ended.err);
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined, 'the path is gone');
});

test('an address that is taken out of the configuration is no longer listened on', async (t) => {
  const sandbox = await Sandbox.open(t);
  const [admin = 0] = await findFreePorts(1);
  const place = { port: admin, host: '127.0.0.1' };
  await sandbox.useShop({ traffic: `via: socket, listeners: { admin: '127.0.0.1:${admin}' }` });
  const first = sandbox.up();
  await untilStandingBy(first, 'b');
  assert.equal(await ask(place), 'a');
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  await sandbox.useShop({ traffic: 'via: socket' });
  const second = sandbox.up();
  await second.until('a whole service again', isWhole);
  await assert.rejects(ask(place), /ECONNREFUSED/);
});

test('another backlog and another mode need no other socket', async (t) => {
  const sandbox = await Sandbox.open(t);
  const path = sandbox.path('service.sock');
  const traffic = (backlog: number, mode: string): string =>
    `via: socket, backlog: ${backlog}, listeners: { local: 'unix:${path}' }, unix: { mode: '${mode}' }`;
  await sandbox.useShop({ traffic: traffic(50, '600') });
  const first = sandbox.up();
  await first.until('a whole service', isWhole);
  first.signal('SIGKILL');
  await eventually('the agent is gone', () => first.exited);
  await sandbox.useShop({ traffic: traffic(60, '666') });
  const second = sandbox.up();
  const after = await untilStandingBy(second, 'b');
  assert.equal(environmentOf(pidOf(after, 'a'))['HOTWARM_BACKLOG'], '60');
  assert.equal((statSync(path).mode & 0o777).toString(8), '666');
  const places = [{ port: sandbox.ports.listen, host: '127.0.0.1' }, { socketPath: path }];
  assert.deepEqual(await Promise.all(places.map(ask)), ['a', 'a']);
});
