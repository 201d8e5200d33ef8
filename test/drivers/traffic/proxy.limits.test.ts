import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcp, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makePair } from './certificates.ts';
import { ask, dial, pidOf, route, startMember, startRig, until, type Rig } from './rig.ts';
import { within } from '../../eventually.ts';

const MIB = 1024 * 1024;
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

/** Memory of the data plane, now and at its peak since `forgetPeak`, MiB. */
async function memoryOf(rig: Rig): Promise<{ readonly nowMiB: number; readonly peakMiB: number }> {
  const pid = await pidOf(rig.driver);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { nowMiB: field('VmRSS'), peakMiB: field('VmHWM') };
}

/** A member in this process. */
async function memberOf(
  t: TestContext,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { backlog = 511, acceptMs = 0 } = {},
): Promise<{ readonly name: string; readonly port: number; readonly connections: () => number }> {
  const server = createServer(handle).listen({ port: 0, host: '127.0.0.1', backlog });
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    // Busy, so that connections pile up before it.
    const end = performance.now() + acceptMs;
    while (performance.now() < end);
    socket.on('close', () => {
      connections -= 1;
    });
  });
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { name: 'a', port: address.port, connections: () => connections };
}

/** Writes for as long as somebody reads. */
function pour(response: ServerResponse, bytes = Number.POSITIVE_INFINITY): void {
  const piece = Buffer.alloc(65_536);
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!response.write(piece)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

/** Connections that each send something and wait; all end with the test. */
async function crowd(
  t: TestContext,
  rig: Rig,
  count: number,
  text: (index: number) => string,
): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (let index = 0; index < count; index += 1) {
    const socket = connect(rig.port, '127.0.0.1').on('error', () => {});
    socket.write(text(index));
    sockets.push(socket);
    // A crowd that comes all at once would only try the backlog.
    if (index % 500 === 499) await once(socket, 'connect');
  }
  return sockets;
}

const nothingLeft = async (rig: Rig): Promise<boolean> => {
  const { connections, inFlight } = await rig.driver.stats();
  return connections === 0 && inFlight['a'] === 0;
};

suite('many clients', () => {
  test('10,000 idle connections are kept, and one more than allowed is refused', async (t) => {
    const a = await memberOf(t, (_request, response) => response.end('ok'));
    // Both this process and the proxy, which inherits the limit, hold one descriptor or two for each of them.
    execFileSync('prlimit', ['--pid', `${process.pid}`, '--nofile=20000:20000']);
    const rig = await startRig(t, [a], { clients: { connections: 10_000 } });
    await rig.driver.route(route('a'));
    const before = await memoryOf(rig);
    let answers = 0;
    const sockets: Socket[] = [];
    while (sockets.length < 10_000) {
      const more = await crowd(t, rig, 500, () => GET);
      for (const socket of more) socket.on('data', () => (answers += 1));
      sockets.push(...more);
      // The member is in this process too: it must not be late because its clients all came at once.
      await until(() => answers === sockets.length, 'all are answered');
    }
    assert.equal((await rig.driver.stats()).connections, 10_000);
    const extra = await dial(t, rig.port);
    await extra.closed();
    assert.equal((await rig.driver.stats()).refused, 1);
    for (const socket of sockets.slice(0, 10)) socket.write(GET);
    await until(() => answers === 10_010, 'they can be used');
    const after = await memoryOf(rig);
    const eachKiB = ((after.nowMiB - before.nowMiB) * 1024) / 10_000;
    t.diagnostic(`${eachKiB.toFixed(1)} KiB for each idle connection`);
    assert.ok(eachKiB < 30, `${eachKiB} KiB each`);
  });

  const QUEUES: readonly (readonly [string, number])[] = [
    ['in order', 511],
    ['by a member with a short queue', 5],
  ];
  for (const [how, backlog] of QUEUES) {
    test(`1,000 requests that were held are all answered, ${how}`, async (t) => {
      const order: number[] = [];
      const a = await memberOf(
        t,
        (request, response) => {
          order.push(Number(request.url?.slice(1)));
          response.setHeader('connection', 'close').end('ok');
        },
        { backlog, acceptMs: 1 },
      );
      const rig = await startRig(t, [a]);
      let answers = 0;
      const sockets = await crowd(t, rig, 1000, (index) => GET.replace('/', `/${index}`));
      for (const socket of sockets) {
        socket.once('data', (data: Buffer) => {
          if (data.toString('latin1').startsWith('HTTP/1.1 200')) answers += 1;
        });
      }
      await until(async () => (await rig.driver.stats()).heldNow === 1000, 'all are held');
      await rig.driver.route(route('a'));
      // What the kernel drops on a busy machine is tried again after a second.
      await until(() => answers === 1000, 'all are answered', 60_000);
      const { failed, refused, heldTotal } = await rig.driver.stats();
      assert.deepEqual({ failed, refused, heldTotal }, { failed: 0, refused: 0, heldTotal: 1000 });
      assert.equal(rig.events.filter(({ type }) => type === 'failed').length, 0);
      // Those that are sent side by side may overtake each other, but not the queue; what the kernel drops comes late.
      const late = Math.max(...order.map((number, place) => place - number));
      // In no order at all, one of a thousand would come some 900 places late.
      assert.ok(backlog === 5 || late < 700, `one came ${late} places late`);
    });
  }

  test('1,000 raw connections that were held all reach a member with a short queue', async (t) => {
    let taken = 0;
    const server = createTcp((socket) => {
      // The kernel may accept one just when the proxy has given it up: it says nothing.
      socket
        .on('error', () => {})
        .once('data', () => {
          taken += 1;
          socket.end('hello');
        });
    }).listen({ port: 0, host: '127.0.0.1', backlog: 5 });
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const rig = await startRig(t, [{ name: 'a', port: address.port }], { protocol: 'tcp' });
    let greeted = 0;
    const sockets = await crowd(t, rig, 1000, () => 'x');
    for (const socket of sockets) socket.once('data', () => (greeted += 1));
    await until(async () => (await rig.driver.stats()).heldNow === 1000, 'all are held');
    await rig.driver.route(route('a'));
    await until(() => greeted === 1000, 'all are greeted');
    assert.equal(taken, 1000);
    assert.equal(rig.events.filter(({ type }) => type === 'failed').length, 0);
  });
});

suite('memory at the limits', () => {
  test('1,000 idle connections with TLS take bounded memory', async (t) => {
    const { certFile, keyFile, cert } = makePair(t, 'shop.test');
    const a = await memberOf(t, (_request, response) => response.end('ok'));
    const rig = await startRig(t, [a], { tls: { certFile, keyFile, minVersion: 'TLSv1.2' } });
    await rig.driver.route(route('a'));
    const before = await memoryOf(rig);
    let answers = 0;
    for (let index = 0; index < 1000; index += 1) {
      const socket = connectTls({ port: rig.port, servername: 'shop.test', ca: cert });
      t.after(() => socket.destroy());
      socket.on('error', () => {}).on('data', () => (answers += 1));
      socket.write(GET);
      if (index % 50 === 49) await once(socket, 'data');
    }
    await until(() => answers === 1000, 'all are answered');
    const eachKiB = (((await memoryOf(rig)).nowMiB - before.nowMiB) * 1024) / 1000;
    t.diagnostic(`${eachKiB.toFixed(0)} KiB for each idle connection with TLS`);
    assert.ok(eachKiB < 200, `${eachKiB} KiB each`);
  });

  test('what is held takes the room that it was given, and the rest is refused', async (t) => {
    const a = await memberOf(t, (request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    const limits = { holdBytes: 32 * MIB, holdRequests: 1000 };
    const rig = await startRig(t, [a], { limits });
    const before = await memoryOf(rig);
    const body = 'x'.repeat(65_536);
    const sockets = await crowd(
      t,
      rig,
      1000,
      () => `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    let [served, refused] = [0, 0];
    for (const socket of sockets) {
      socket.on('data', (data: Buffer) => {
        if (data.toString('latin1').startsWith('HTTP/1.1 200')) served += 1;
        else if (data.toString('latin1').startsWith('HTTP/1.1 503')) refused += 1;
      });
    }
    await until(async () => {
      const { heldNow, connections } = await rig.driver.stats();
      return heldNow > 0 && heldNow + refused === 1000 && connections > 0;
    }, 'each is held or refused');
    const { heldNow } = await rig.driver.stats();
    assert.ok(heldNow <= limits.holdBytes / body.length, `${heldNow} are held`);
    const { peakMiB } = await memoryOf(rig);
    t.diagnostic(
      `${heldNow} held with 64 KiB each, ${refused} refused; peak ${(peakMiB - before.nowMiB).toFixed(0)} MiB above ${before.nowMiB.toFixed(0)} MiB`,
    );
    assert.ok(peakMiB - before.nowMiB < 250, `from ${before.nowMiB} to ${peakMiB} MiB`);
    await rig.driver.route(route('a'));
    await until(() => served === heldNow, 'what was held is served');
  });
});

suite('a host that has run out of descriptors', () => {
  test('refuses what it cannot connect, and does not blame the member', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const pid = await pidOf(rig.driver);
    const sockets = await crowd(t, rig, 20, () => '');
    await until(async () => (await rig.driver.stats()).connections === 20, 'all are there');
    const limitTo = (count: number): Buffer =>
      execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${count}:20000`]);
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
    let free = 0;
    while (open.has(free)) free += 1;
    // Room for one connection to a member.
    limitTo(free + 1);
    let refused = 0;
    for (const socket of sockets) {
      socket.on('data', (data: Buffer) => {
        if (data.toString('latin1').startsWith('HTTP/1.1 503')) refused += 1;
      });
      socket.write('GET /wait HTTP/1.1\r\nHost: h\r\n\r\n');
    }
    await until(() => refused === 19, 'all but one are refused');
    limitTo(20_000);
    assert.equal((await ask(rig)).status, 200);
    assert.equal(rig.events.filter(({ type }) => type === 'failed').length, 0);
    assert.equal((await rig.driver.stats()).failed, 0);
  });
});

suite('clients that take their time', () => {
  test('heads that come byte by byte are ended in time, and others are served meanwhile', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a], { clients: { headMs: 1000 } });
    await rig.driver.route(route('a'));
    const sockets = await crowd(t, rig, 300, () => 'GET / HT');
    let refused = 0;
    let ended = 0;
    for (const socket of sockets) {
      socket.on('data', (data: Buffer) => {
        if (data.toString('latin1').startsWith('HTTP/1.1 408')) refused += 1;
      });
      socket.on('close', () => (ended += 1));
    }
    const trickle = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('X');
    }, 100);
    t.after(() => clearInterval(trickle));
    await until(async () => {
      assert.equal((await ask(rig)).status, 200);
      return ended === 300;
    }, 'all are ended');
    assert.equal(refused, 300);
    assert.equal((await rig.driver.stats()).rejected, 300);
  });

  test('a body that stands still is ended, and its member is let go', async (t) => {
    const a = await memberOf(t, (request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    const rig = await startRig(t, [a], { clients: { stallMs: 1000 } });
    await rig.driver.route(route('a'));
    const [socket] = await crowd(
      t,
      rig,
      1,
      () => 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf',
    );
    assert.ok(socket !== undefined);
    await until(() => a.connections() === 1, 'the member has it');
    await once(socket, 'close', { signal: within(10_000) });
    await until(() => nothingLeft(rig), 'nothing is left');
    await until(() => a.connections() === 0, 'the member is let go');
  });

  test('answers that nobody reads take bounded memory and are ended in time', async (t) => {
    const a = await memberOf(t, (_request, response) => pour(response));
    const rig = await startRig(t, [a], { clients: { stallMs: 3000 } });
    await rig.driver.route(route('a'));
    const before = await memoryOf(rig);
    const sockets = await crowd(t, rig, 100, () => GET);
    for (const socket of sockets) socket.pause();
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 100, 'all are answered');
    // Bytes stop moving once every buffer on the way is full.
    let moved = -1;
    await until(async () => {
      const { bytesOut } = await rig.driver.stats();
      const still = bytesOut === moved && bytesOut > 100 * 65_536;
      moved = bytesOut;
      return still;
    }, 'the buffers are full');
    const growthMiB = (await memoryOf(rig)).nowMiB - before.nowMiB;
    t.diagnostic(`${growthMiB.toFixed(0)} MiB for 100 answers that nobody reads`);
    assert.ok(growthMiB < 200, `${growthMiB} MiB`);
    await until(() => nothingLeft(rig), 'all are ended');
    await until(() => a.connections() === 0, 'the member is let go');
  });
});

suite('large bodies', () => {
  const BYTES = 1024 * MIB;

  test('1 GiB towards the client passes in constant memory', async (t) => {
    const a = await memberOf(t, (_request, response) => pour(response, BYTES));
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const before = await memoryOf(rig);
    let received = 0;
    const [socket] = await crowd(t, rig, 1, () =>
      GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
    );
    assert.ok(socket !== undefined);
    socket.on('data', (data: Buffer) => (received += data.length));
    await once(socket, 'end', { signal: within(60_000) });
    assert.ok(received > BYTES, `${received} bytes came`);
    const { peakMiB } = await memoryOf(rig);
    t.diagnostic(`peak ${peakMiB.toFixed(0)} MiB, ${before.nowMiB.toFixed(0)} MiB before`);
    assert.ok(peakMiB - before.nowMiB < 200, `from ${before.nowMiB} to ${peakMiB} MiB`);
  });

  test('1 GiB towards the member passes in constant memory', async (t) => {
    const a = await memberOf(t, (request, response) => {
      let bytes = 0;
      request.on('data', (data: Buffer) => (bytes += data.length));
      request.on('end', () => response.end(`${bytes}`));
    });
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const before = await memoryOf(rig);
    const wire = await dial(t, rig.port);
    wire.socket.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${BYTES}\r\n\r\n`);
    const piece = Buffer.alloc(65_536);
    for (let sent = 0; sent < BYTES; sent += piece.length) {
      if (!wire.socket.write(piece)) await once(wire.socket, 'drain');
    }
    await wire.sees(new RegExp(`\r\n\r\n.*${BYTES}`, 's'));
    const { peakMiB } = await memoryOf(rig);
    t.diagnostic(`peak ${peakMiB.toFixed(0)} MiB, ${before.nowMiB.toFixed(0)} MiB before`);
    assert.ok(peakMiB - before.nowMiB < 200, `from ${before.nowMiB} to ${peakMiB} MiB`);
  });
});

suite('clients that vanish', () => {
  const WHEN: readonly (readonly [string, string])[] = [
    ['in the middle of a head', 'GET / HTTP/1.1\r\nHo'],
    ['in the middle of a body', 'POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf'],
    ['before the answer', 'GET /wait HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['in the middle of the answer', 'GET /pour HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['with requests sent ahead', `GET /pour HTTP/1.1\r\nHost: h\r\n\r\n${GET.repeat(20)}`],
  ];
  for (const [when, text] of WHEN) {
    test(`${when}: the member is let go and nothing is left`, async (t) => {
      const a = await memberOf(t, (request, response) => {
        if (request.url === '/pour') pour(response);
        else if (request.url !== '/wait') response.end('ok');
      });
      const rig = await startRig(t, [a]);
      await rig.driver.route(route('a'));
      const sockets = await crowd(t, rig, 50, () => text);
      const reaches = !text.endsWith('Ho');
      await until(async () => {
        const { connections, inFlight } = await rig.driver.stats();
        return connections === 50 && inFlight['a'] === (reaches ? 50 : 0);
      }, 'all are there');
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
      await until(() => nothingLeft(rig), 'nothing is left');
      await until(() => a.connections() === 0, 'the member is let go');
      const { failed, requests } = await rig.driver.stats();
      // Its client has left, which is no failure of the service.
      assert.deepEqual({ failed, requests }, { failed: 0, requests: reaches ? 50 : 0 });
      assert.equal((await ask(rig)).status, 200);
    });
  }

  test('while it is held: it is forgotten', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    const sockets = await crowd(t, rig, 50, () => GET);
    await until(async () => (await rig.driver.stats()).heldNow === 50, 'all are held');
    for (const socket of sockets) socket.resetAndDestroy();
    await until(async () => (await rig.driver.stats()).heldNow === 0, 'none is held');
    await rig.driver.route(route('a'));
    assert.equal((await ask(rig)).status, 200);
    assert.equal((await rig.driver.stats()).requests, 51);
  });

  test('with a raw connection: its member is let go', async (t) => {
    let open = 0;
    const server = createTcp((socket) => {
      open += 1;
      socket.on('error', () => {}).on('close', () => (open -= 1));
      socket.write(Buffer.alloc(MIB));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const rig = await startRig(t, [{ name: 'a', port: address.port }], { protocol: 'tcp' });
    await rig.driver.route(route('a'));
    const sockets = await crowd(t, rig, 50, () => 'hello');
    await until(() => open === 50, 'all are with the member');
    for (const [index, socket] of sockets.entries()) {
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    await until(() => nothingLeft(rig), 'nothing is left');
    await until(() => open === 0, 'the member is let go');
  });
});
