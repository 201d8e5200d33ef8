import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { once } from 'node:events';
import { Listener } from '../../../src/drivers/socket-holder/listener.ts';
import { isUnix } from '../../../src/drivers/listen-address.ts';
import { makeBlocking } from '../../../src/drivers/member/process/blocking.ts';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import { isRoot } from '../member/support.ts';
import {
  connected,
  freeAddress,
  inherit,
  nodeServer,
  openListener,
  queueOf,
  readAll,
} from './support.ts';
import { eventually } from '../../eventually.ts';

// A listening socket that outlives the programs that accept from it, and the traps of sharing one.

function portOf({ at }: Listener): number {
  assert.ok(!isUnix(at.address));
  return at.address.port;
}

function isFault(fault: string): (error: unknown) => boolean {
  return (error) => error instanceof DriverError && error.fault === fault;
}

/** A path for a Unix socket in a directory of its own. */
function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-unix-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'service.sock');
}

describe('the owner of a listening socket', () => {
  test('never accepts: a hundred connections wait until a member comes, and all are served', async (t) => {
    const listener = await openListener(t);
    const clients = await Promise.all(
      Array.from({ length: 100 }, async () => await connected(t, listener.at.address)),
    );
    // Its own event loop has turned many times meanwhile.
    assert.equal(queueOf(portOf(listener)).waiting, 100);
    const answers = clients.map(readAll);
    await inherit(t, listener, nodeServer());
    assert.deepEqual(
      await Promise.all(answers),
      Array.from({ length: 100 }, () => 'served'),
    );
  });

  test('keeps what waits when the member that accepted is killed, for the next member', async (t) => {
    const listener = await openListener(t);
    const { child } = await inherit(t, listener, nodeServer());
    child.kill('SIGSTOP');
    const clients = await Promise.all(
      Array.from({ length: 20 }, async () => await connected(t, listener.at.address)),
    );
    const answers = clients.map(readAll);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await inherit(t, listener, nodeServer());
    assert.deepEqual(
      await Promise.all(answers),
      Array.from({ length: 20 }, () => 'served'),
    );
  });
});

describe('the backlog', () => {
  test('is as long as was asked for, until a member gives listen(2) another length', async (t) => {
    const listener = await openListener(t, { backlog: 77 });
    const port = portOf(listener);
    assert.equal(queueOf(port).most, 77);
    await inherit(t, listener, nodeServer(', 33'));
    assert.equal(queueOf(port).most, 33, 'a length that it names');
    await inherit(t, listener, nodeServer());
    assert.equal(queueOf(port).most, 511, 'the length that Node gives where none is named');
  });

  test('can be changed while members hold the socket, and nobody is lost', async (t) => {
    const listener = await openListener(t, { backlog: 77 });
    const { child } = await inherit(t, listener, nodeServer(', 77'));
    child.kill('SIGSTOP');
    const waiting = await connected(t, listener.at.address);
    listener.adjust({ ...listener.at, backlog: 55 });
    assert.deepEqual(queueOf(portOf(listener)), { waiting: 1, most: 55 });
    const answer = readAll(waiting);
    child.kill('SIGCONT');
    assert.equal(await answer, 'served');
  });

  test('bounds who waits: what is beyond it is not connected', async (t) => {
    const listener = await openListener(t, { backlog: 4 });
    const sockets = Array.from({ length: 20 }, () => connect(listener.at.address));
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    let count = 0;
    for (const socket of sockets) socket.once('connect', () => (count += 1)).on('error', () => {});
    // Linux lets one more wait than asked for.
    await eventually('the queue is full', () => queueOf(portOf(listener)).waiting === 5);
    assert.ok(count <= 20);
    assert.equal(queueOf(portOf(listener)).most, 4);
  });
});

describe('O_NONBLOCK, which all holders share', () => {
  const accept = `
import socket
listener = socket.socket(fileno=3)
print('ready', flush=True)
try:
    listener.accept()[0].sendall(b'served')
except BlockingIOError:
    print('EAGAIN', flush=True)
`;

  test('is not set, so that a plain program can wait in accept(2)', async (t) => {
    const listener = await openListener(t);
    await inherit(t, listener, ['python3', '-c', accept]);
    assert.equal(await readAll(await connected(t, listener.at.address)), 'served');
  });

  test('is set for all by a Node server, and cleared for those that wait in accept(2)', async (t) => {
    const listener = await openListener(t);
    const { child } = await inherit(t, listener, nodeServer());
    child.kill('SIGKILL');
    const { child: failed, said } = await inherit(t, listener, ['python3', '-c', accept]);
    if (!said.includes('EAGAIN') && failed.stdout !== null) await once(failed.stdout, 'data');
    await eventually('the plain program has given up', () => failed.exitCode === 0);
    makeBlocking(listener.fd);
    await inherit(t, listener, ['python3', '-c', accept]);
    assert.equal(await readAll(await connected(t, listener.at.address)), 'served');
  });
});

describe('a Unix socket', () => {
  test('has the mode and the owner that were asked for, and is gone when it is closed', async (t) => {
    const path = place(t);
    const owner = isRoot ? { uid: 65_534, gid: 65_534 } : null;
    const access = { mode: 0o620, owner };
    const listener = await Listener.open({ address: { path }, backlog: 10, access });
    const { mode, uid } = statSync(path);
    assert.equal((mode & 0o777).toString(8), '620');
    if (isRoot) assert.equal(uid, 65_534);
    const answer = readAll(await connected(t, { path }));
    const { child } = await inherit(t, listener, nodeServer());
    assert.equal(await answer, 'served');
    child.kill('SIGKILL');
    await listener.close();
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
  });

  test('takes the place of one whose listener was killed', async (t) => {
    const path = place(t);
    const text = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    assert.throws(() => execFileSync(process.execPath, ['-e', text]));
    assert.ok(statSync(path).isSocket(), 'it was left');
    await openListener(t, { address: { path } });
    await connected(t, { path });
  });

  test('never takes the place of one that somebody listens on', async (t) => {
    const path = place(t);
    const server = createServer((socket) => socket.on('error', () => {}).end('the other'));
    server.listen(path);
    t.after(() => server.close());
    await once(server, 'listening');
    await assert.rejects(openListener(t, { address: { path } }), isFault('portTaken'));
    assert.equal(await readAll(await connected(t, { path })), 'the other');
  });

  test('never takes the place of another kind of file', async (t) => {
    const path = place(t);
    writeFileSync(path, 'precious');
    await assert.rejects(openListener(t, { address: { path } }), isFault('portTaken'));
    assert.ok(statSync(path).isFile());
  });
});

test('a port that is taken is refused', async (t) => {
  const address = await freeAddress();
  await openListener(t, { address });
  await assert.rejects(openListener(t, { address }), isFault('portTaken'));
});
