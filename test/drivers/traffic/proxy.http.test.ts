import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { ask, dial, route, startMember, startRig, until, type Rig } from './rig.ts';

async function oneMember(t: TestContext): Promise<Rig> {
  const a = await startMember(t, 'a');
  const rig = await startRig(t, [a]);
  await rig.driver.route(route('a'));
  return rig;
}

/** A member that says exactly what the test wants, and remembers what it was told. */
async function scripted(
  t: TestContext,
  script: (socket: Socket, heard: string, turn: number) => void,
): Promise<{
  readonly rig: Rig;
  readonly heard: () => string;
  readonly connections: () => number;
}> {
  let heard = '';
  let turn = 0;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      turn += 1;
      script(socket, heard, turn);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const rig = await startRig(t, [{ name: 'a', port: address.port }]);
  await rig.driver.route(route('a'));
  return { rig, heard: () => heard, connections: () => connections };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const BIG_SUM = sumOf(Array.from({ length: 256 }, (_, index) => Buffer.alloc(65_536, 255 - index)));

function sumOf(pieces: readonly Buffer[]): string {
  const sum = createHash('sha256');
  for (const piece of pieces) sum.update(piece);
  return sum.digest('hex');
}

/** Of the body that a client sees who rests after each piece. */
async function sumOfBig(t: TestContext, rig: Rig, pauseMs: number): Promise<string> {
  const { port } = rig;
  const asked = request({ host: '127.0.0.1', port, path: '/big', agent: false }).end();
  t.after(() => asked.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject);
  });
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    if (pauseMs === 0) return;
    response.pause();
    setTimeout(() => response.resume(), pauseMs);
  });
  await once(response, 'end');
  return sumOf(pieces);
}

suite('requests through the proxy', () => {
  test('hop-by-hop fields end here and X-Forwarded fields come', async (t) => {
    const { rig, heard } = await scripted(t, (socket) => socket.write(OK));
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'GET /a?b HTTP/1.1\r\nHost: shop:80\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=9\r\nX-Hop: 1\r\n' +
        'Proxy-Connection: x\r\nTE: gzip, trailers\r\nUpgrade: h2c\r\nX-Forwarded-For: 10.0.0.9\r\nX-Keep: Yes\r\n\r\n',
    );
    await wire.sees(/ok$/);
    assert.equal(
      heard(),
      'GET /a?b HTTP/1.1\r\nHost: shop:80\r\nX-Keep: Yes\r\nConnection: TE\r\nTE: trailers\r\n' +
        'X-Forwarded-For: 10.0.0.9, 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop:80\r\n\r\n',
    );
  });

  test('hop-by-hop fields of an answer end here', async (t) => {
    const { rig } = await scripted(t, (socket) =>
      socket.write(
        'HTTP/1.1 200 Fine\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-Keep: 1\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    const wire = await dial(t, rig.port);
    wire.socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    assert.equal(
      await wire.sees(/ok$/),
      'HTTP/1.1 200 Fine\r\nX-Keep: 1\r\nContent-Length: 2\r\n\r\nok',
    );
  });

  test('connections to the member are used again', async (t) => {
    const { rig, connections } = await scripted(t, (socket) => socket.write(OK));
    for (let turn = 0; turn < 5; turn += 1) assert.equal((await ask(rig)).body.toString(), 'ok');
    assert.equal(connections(), 1);
  });

  test('requests sent ahead are answered in order', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'GET /slow HTTP/1.1\r\nHost: h\r\n\r\nPOST /sum HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx' +
        'GET /error HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    );
    await wire.closed();
    const statuses = [...wire.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    assert.deepEqual(statuses, ['200', '200', '500', '200', '204']);
  });

  test('a fault among requests sent ahead is answered in its turn', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n',
    );
    await wire.closed();
    const statuses = [...wire.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    assert.deepEqual(statuses, ['200', '400']);
    assert.equal((await rig.driver.stats()).rejected, 1);
  });

  test('HTTP/1.0 clients get an answer without chunks and the end of the connection', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.write('GET /trailers HTTP/1.0\r\n\r\n');
    await wire.closed();
    assert.match(wire.text(), /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(wire.text(), /chunked|Trailer:/i);
    const big = await dial(t, rig.port);
    big.socket.write('GET /big HTTP/1.0\r\n\r\n');
    await big.closed();
    assert.equal(big.text().length - big.text().indexOf('\r\n\r\n') - 4, 256 * 65_536);
  });

  test('trailers pass in both directions', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'POST /trailers HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
    );
    assert.match(await wire.sees(/0\r\n[^]*\r\n\r\n$/), /3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
  });

  test('100 Continue is relayed, also from a member found only later', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    const sent = request({
      host: '127.0.0.1',
      port: rig.port,
      method: 'POST',
      path: '/sum',
      headers: { expect: '100-continue', 'content-length': 5 },
    });
    sent.flushHeaders();
    await until(async () => (await rig.driver.stats()).heldNow === 1, 'it is held');
    await rig.driver.route(route('a'));
    await once(sent, 'continue');
    sent.end('hello');
    const [response] = await once(sent, 'response');
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, 'end');
  });

  test('an upgraded connection is a tunnel, half-closed ends included', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.write(
      'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly',
    );
    const head = await wire.sees(/\r\n\r\nearly$/);
    assert.match(head, /^HTTP\/1\.1 101 .*\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n/);
    wire.socket.end('late');
    await wire.sees(/earlylate$/);
    await wire.closed();
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 0, 'the tunnel is over');
  });

  test('large bodies pass unchanged in both directions', async (t) => {
    const rig = await oneMember(t);
    const body = randomBytes(8 * 1024 * 1024);
    const answer = await ask(rig, { method: 'POST', path: '/sum', body });
    assert.equal(answer.body.toString(), createHash('sha256').update(body).digest('hex'));
    const chunked = await ask(rig, {
      method: 'POST',
      path: '/sum',
      body,
      headers: { 'transfer-encoding': 'chunked' },
    });
    assert.equal(chunked.body.toString(), answer.body.toString());
    const big = await ask(rig, { path: '/big' });
    assert.equal(big.body.length, 256 * 65_536);
    assert.equal(big.body[0], 255);
    assert.equal(big.body.at(-1), 0);
  });

  test('readers at any pace get every byte as the member sent it', async (t) => {
    const rig = await oneMember(t);
    // Beside each other, as the proxy reads again and again into the same memory.
    const sums = await Promise.all([0, 1, 2, 3].map((pauseMs) => sumOfBig(t, rig, pauseMs)));
    for (const sum of sums) assert.equal(sum, BIG_SUM);
  });

  test('a client that does not read stops the member, and gets everything once it reads', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.pause();
    wire.socket.write('GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    let last = -1;
    // No more comes out of the proxy once the buffers on the way are full.
    await until(async () => {
      const { bytesOut } = await rig.driver.stats();
      const still = bytesOut > 0 && bytesOut === last;
      last = bytesOut;
      return still;
    }, 'the answer stands still');
    assert.ok(last < 256 * 65_536, `${last} bytes were taken from the member`);
    wire.socket.resume();
    await wire.closed();
    assert.ok(wire.text().length > 256 * 65_536);
  });

  test('a client that half-closes after its request still gets its answer', async (t) => {
    const rig = await oneMember(t);
    const wire = await dial(t, rig.port);
    wire.socket.end('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
    await wire.closed();
    assert.match(wire.text(), /^HTTP\/1\.1 200[^]*\r\n\r\na$/);
  });

  test('the work for a client that is gone is given up', async (t) => {
    const a = await startMember(t, 'a');
    const rig = await startRig(t, [a]);
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    wire.socket.write('GET /wait HTTP/1.1\r\nHost: h\r\n\r\n');
    await a.waitingRequests(1);
    wire.socket.resetAndDestroy();
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 0, 'nothing is in flight');
    assert.equal((await rig.driver.stats()).failed, 0);
  });

  test('an answer before the end of the request is relayed and ends the connection', async (t) => {
    const { rig } = await scripted(t, (socket, _heard, turn) => {
      if (turn === 1) socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    });
    const wire = await dial(t, rig.port);
    wire.socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc');
    await wire.closed();
    assert.match(wire.text(), /^HTTP\/1\.1 413 [^]*Connection: close\r\n\r\nno$/);
  });

  test('a body that ends with the connection is passed on as such', async (t) => {
    const { rig } = await scripted(t, (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    const wire = await dial(t, rig.port);
    wire.socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await wire.closed();
    assert.equal(wire.text(), 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it');
  });

  test('an idle connection that the member closed as it was used is no failure', async (t) => {
    const { rig, connections } = await scripted(t, (socket, _heard, turn) => {
      if (turn === 2) socket.destroy();
      else socket.write(OK);
    });
    await ask(rig);
    // Idle for long enough that its end is no sign of a crash.
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal((await ask(rig)).status, 200);
    assert.equal(connections(), 2);
    assert.ok(!rig.events.some((event) => event.type === 'failed'));
  });
});

const BAD_ANSWERS: readonly (readonly [name: string, answer: string])[] = [
  [
    'a length with a transfer coding',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok',
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'],
  ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok'],
  ['a bare LF', 'HTTP/1.1 200 OK\r\nX: a\nY: b\r\nContent-Length: 2\r\n\r\nok'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok'],
  ['a bad status line', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
  [
    'a tunnel that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  ],
  ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
];

suite('answers that could be read in two ways', () => {
  for (const [name, answer] of BAD_ANSWERS) {
    test(`${name} becomes 502`, async (t) => {
      const { rig } = await scripted(t, (socket) => socket.write(answer));
      assert.equal((await ask(rig)).status, 502);
      assert.equal((await rig.event('failed')).fault, 'badAnswer');
    });
  }

  test('bytes after an answer never become the answer to the next request', async (t) => {
    const { rig, connections } = await scripted(t, (socket, _heard, turn) => {
      socket.write(turn === 1 ? `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` : OK);
    });
    assert.equal((await ask(rig)).body.toString(), 'ok');
    assert.equal((await ask(rig)).body.toString(), 'ok');
    assert.equal(connections(), 2);
  });

  test('a malformed chunk in the midst of an answer breaks the connection', async (t) => {
    let member: Socket | null = null;
    const { rig } = await scripted(t, (socket) => {
      member = socket;
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    });
    const wire = await dial(t, rig.port);
    wire.socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await wire.sees(/ok\r\n$/);
    assert.ok(member !== null);
    (member as Socket).write('zz\r\n');
    await wire.closed();
    assert.match(wire.text(), /ok\r\n$/);
    assert.equal((await rig.driver.stats()).failed, 1);
  });
});
