import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import type { Socket } from 'node:net';
import { createHttpProbe } from '../../../src/drivers/probe/http.ts';
import type { Probe } from '../../../src/drivers/probe/contract.ts';
import { createTcpProbe } from '../../../src/drivers/probe/tcp.ts';
import { probeConformance } from './conformance.ts';
import {
  answering,
  closedTarget,
  closePeers,
  listen,
  probeOnce,
  OK,
  verdict,
  type Peer,
} from './support.ts';

afterEach(closePeers);

const probeOf = (peer: Peer, expect: readonly number[] | null = null): Probe =>
  createHttpProbe({ target: peer.target, path: '/healthz', expect });

probeConformance('http', async () => {
  const healthy = await listen(answering(OK));
  const hung = await listen(() => undefined);
  return {
    healthy: probeOf(healthy),
    unhealthy: createHttpProbe({ target: await closedTarget(), path: '/', expect: null }),
    hung: probeOf(hung),
    dispose: async () => {
      await Promise.all([healthy.close(), hung.close()]);
    },
  };
});

/** The verdict of one look at a server that treats each connection as told. */
async function verdictOn(
  onConnection: (socket: Socket, number: number) => unknown,
  options: { timeoutMs?: number; fresh?: boolean; expect?: readonly number[] } = {},
): Promise<string> {
  const peer = await listen(onConnection);
  const { expect, ...look } = options;
  try {
    return await probeOnce(probeOf(peer, expect ?? null), look);
  } finally {
    await peer.close();
  }
}

/** Does something with a connection as soon as a request begins on it. */
const upon =
  (act: (socket: Socket) => unknown) =>
  (socket: Socket): unknown =>
    socket.once('data', () => act(socket));

/** Answers the first request on a connection and then none. */
function answeringOnce(socket: Socket): void {
  socket.once('data', () => socket.write(OK));
}

function writeForEver(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(Buffer.alloc(16 * 1024)));
  };
  socket.on('drain', more);
  socket.write('HTTP/1.1 200 OK\r\n\r\n');
  more();
}

const head = (status: string, rest = 'content-length: 0\r\n'): string =>
  `HTTP/1.1 ${status}\r\n${rest}\r\n`;

describe('an http probe', () => {
  it('takes any status from 200 to 399 for healthy', async () => {
    for (const status of ['200 OK', '204 No Content', '302 Found', '399 X']) {
      assert.equal(await verdictOn(answering(head(status))), 'ok', status);
    }
  });

  it('takes other statuses for a bad one, and does not follow redirects', async () => {
    for (const status of ['400 Bad', '404 Not Found', '503 Service Unavailable']) {
      assert.equal(await verdictOn(answering(head(status))), 'badStatus', status);
    }
    const elsewhere = head('302 Found', 'location: http://127.0.0.1:1/\r\ncontent-length: 0\r\n');
    assert.equal(await verdictOn(answering(elsewhere)), 'ok');
  });

  it('takes only the expected statuses for healthy where they are listed', async () => {
    const teapot = answering(head('418 Teapot'));
    assert.equal(await verdictOn(teapot, { expect: [418] }), 'ok');
    assert.equal(await verdictOn(answering(OK), { expect: [418] }), 'badStatus');
  });

  it('takes a switch of protocols that nobody asked for as a bad status', async () => {
    const upgrade = head('101 Switching Protocols', 'connection: upgrade\r\nupgrade: x\r\n');
    assert.equal(await verdictOn(answering(upgrade)), 'badStatus');
  });

  it('tells a refused connection', async () => {
    const probe = createHttpProbe({ target: await closedTarget(), path: '/', expect: null });
    assert.equal(await probeOnce(probe), 'refused');
  });

  it('tells an unreachable host', async () => {
    const target = { host: '255.255.255.255', port: 80 };
    const probe = createHttpProbe({ target, path: '/', expect: null });
    assert.equal(await probeOnce(probe), 'unreachable');
  });

  it('tells a reset from an orderly end without an answer', async () => {
    assert.equal(await verdictOn(upon((socket) => socket.resetAndDestroy())), 'reset');
    assert.equal(await verdictOn(upon((socket) => socket.end())), 'closed');
  });

  it('tells an answer that is no HTTP', async () => {
    assert.equal(await verdictOn(answering('SSH-2.0-OpenSSH_9.2\r\n')), 'badAnswer');
    const badChunk = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n';
    assert.equal(await verdictOn(answering(badChunk)), 'badAnswer');
  });

  it('tells an answer that stops halfway', async () => {
    const half = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf';
    const cut = upon((socket) => socket.end(half));
    assert.equal(await verdictOn(cut), 'closed');
    assert.equal(await verdictOn(answering(half), { timeoutMs: 30 }), 'timeout');
    assert.equal(await verdictOn(answering('HTTP/1.1 2'), { timeoutMs: 30 }), 'timeout');
  });

  it('tells a server that answers too late', async () => {
    const timers: NodeJS.Timeout[] = [];
    const slow = (socket: Socket): unknown =>
      socket.once('data', () => timers.push(setTimeout(() => socket.write(OK), 5_000)));
    assert.equal(await verdictOn(slow, { timeoutMs: 30 }), 'timeout');
    timers.forEach(clearTimeout);
  });

  it('reads an answer up to its connection’s end', async () => {
    const old = upon((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nbody'));
    assert.equal(await verdictOn(old), 'ok');
  });

  it('does not wait for the end of an endless answer', async () => {
    assert.equal(await verdictOn(upon(writeForEver)), 'ok');
  });

  it('asks for the path with the target as host', async () => {
    const peer = await listen(() => undefined);
    const heads: string[] = [];
    peer.server.on('connection', (socket) =>
      socket.on('data', (chunk) => {
        heads.push(chunk.toString());
        socket.write(OK);
      }),
    );
    assert.equal(await probeOnce(probeOf(peer)), 'ok');
    await peer.close();
    const [text] = heads;
    assert.match(text ?? '', /^GET \/healthz HTTP\/1\.1\r\n/);
    assert.match(text ?? '', new RegExp(`\r\nhost: 127.0.0.1:${peer.target.port}\r\n`, 'i'));
  });

  it('keeps one connection for routine looks and opens another for a fresh one', async () => {
    const peer = await listen(answering(OK));
    const probe = probeOf(peer);
    for (let round = 0; round < 5; round += 1) {
      assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'ok');
    }
    assert.equal(peer.accepted(), 1);
    assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: true })), 'ok');
    assert.equal(peer.accepted(), 2);
    await probe.close();
    await peer.close();
  });

  it('does not blame a server that drops a kept connection as it is used again', async () => {
    for (const drop of ['end', 'resetAndDestroy'] as const) {
      const peer = await listen((socket, number) => {
        let requests = 0;
        socket.on('data', () => {
          requests += 1;
          if (number === 1 && requests === 2) socket[drop]();
          else socket.write(OK);
        });
      });
      const probe = probeOf(peer);
      const looks = [];
      for (let round = 0; round < 3; round += 1) {
        looks.push(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })));
      }
      assert.deepEqual(looks, ['ok', 'ok', 'ok'], drop);
      assert.equal(peer.accepted() > 1, true);
      await probe.close();
      await peer.close();
    }
  });

  it('notices that the server behind a kept connection is gone', async () => {
    const server = createServer((_, response) => response.end('ok'));
    const peer = await listen((socket) => server.emit('connection', socket));
    const probe = probeOf(peer);
    assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'ok');
    await peer.close();
    assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'refused');
    await probe.close();
    server.close();
  });

  it('does not try again after a time-out or a close, even on a kept connection', async () => {
    for (const timeoutMs of [30, 3_600_000]) {
      const peer = await listen(answeringOnce);
      const probe = probeOf(peer);
      assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'ok');
      const look = probe.check({ timeoutMs, fresh: false });
      if (timeoutMs > 30) await probe.close();
      assert.equal(verdict(await look), timeoutMs > 30 ? 'closed' : 'timeout');
      assert.equal(await probeOnce(createTcpProbe(peer.target)), 'ok');
      assert.equal(peer.accepted(), 2);
      await probe.close();
      await peer.close();
    }
  });

  it('drops a connection on which the server sent more than the answer', async () => {
    const peer = await listen(answering(`${OK}HTTP/1.1 408 Request Timeout\r\n\r\n`));
    const probe = probeOf(peer);
    for (let round = 0; round < 2; round += 1) {
      assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'ok');
    }
    assert.equal(peer.accepted(), 2);
    await probe.close();
    await peer.close();
  });

  it('reads an answer that comes in single bytes, after an interim one, in chunks', async () => {
    const text =
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n' +
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
    const peer = await listen((socket) => {
      socket.setNoDelay(true);
      socket.on('data', () => {
        for (const byte of Buffer.from(text)) socket.write(Buffer.of(byte));
      });
    });
    const probe = probeOf(peer);
    for (let round = 0; round < 2; round += 1) {
      assert.equal(verdict(await probe.check({ timeoutMs: 10_000, fresh: false })), 'ok');
    }
    assert.equal(peer.accepted(), 1);
    await probe.close();
    await peer.close();
  });

  it('refuses a path that is no path when it is made', () => {
    for (const path of ['healthz', '/a b', '/a\r\nx: y', '']) {
      const target = { host: '127.0.0.1', port: 1 };
      assert.throws(() => createHttpProbe({ target, path, expect: null }));
    }
  });
});
