import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttps, request, Agent } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import {
  connect,
  createServer as createTls,
  type ConnectionOptions,
  type TLSSocket,
} from 'node:tls';
import type { MemberTransport, MemberTls } from '../../../src/drivers/traffic/contract.ts';
import { makePair, type TestPair } from './certificates.ts';
import { ask, freePort, route, startMember, startRig, until, type Rig } from './rig.ts';
import { within } from '../../eventually.ts';

const deadline = () => ({ signal: within(10_000) });

const frontOf = ({ certFile, keyFile }: TestPair) => ({
  certFile,
  keyFile,
  minVersion: 'TLSv1.2' as const,
});

/** A service on TLS with one member. */
async function secureRig(
  t: TestContext,
  options: Parameters<typeof startRig>[2] = {},
): Promise<{ readonly rig: Rig; readonly pair: TestPair }> {
  const pair = makePair(t, 'shop.test');
  const a = await startMember(t, 'a');
  const rig = await startRig(t, [a], { tls: frontOf(pair), ...options });
  await rig.driver.route(route('a'));
  return { rig, pair };
}

type Heard = { readonly status: number; readonly body: string; readonly headers: unknown };

/** One request; rejects where the answer is not whole or the certificate is not this one. */
function askSecurely(
  rig: Rig,
  { cert }: TestPair,
  what: { readonly path?: string; readonly headers?: Record<string, string>; agent?: Agent } = {},
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      servername: 'shop.test',
      port: rig.port,
      ca: cert,
      agent: false,
      path: '/',
      ...what,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers }),
      );
    });
    sent.end();
  });
}

/** A connection over TLS that is ready. */
async function dialSecurely(
  t: TestContext,
  port: number,
  options: ConnectionOptions = {},
): Promise<{ readonly socket: TLSSocket; readonly sees: (pattern: RegExp) => Promise<void> }> {
  const all: ConnectionOptions & { readonly allowHalfOpen: true } = {
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    allowHalfOpen: true,
    ...options,
  };
  const socket = connect(all);
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'secureConnect', deadline());
  socket.on('error', () => {});
  return {
    socket,
    sees: (pattern) => until(() => pattern.test(text), `${pattern.source} in ${text}`),
  };
}

/** A member that speaks TLS. */
async function secureMember(t: TestContext, pair: TestPair): Promise<number> {
  const server = createHttps({ cert: pair.cert, key: pair.key }, (incoming, response) => {
    response.setHeader('x-member', 'a');
    response.end(JSON.stringify(incoming.rawHeaders));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

const transportTo = (tls: Partial<MemberTls>): MemberTransport => ({
  tls: { caFile: null, verify: true, serverName: null, ...tls },
  sendHeader: false,
});

suite('TLS between the clients and the proxy', () => {
  test('requests are served, and members are told that they came over TLS', async (t) => {
    const { rig, pair } = await secureRig(t);
    const headers = { 'x-forwarded-proto': 'http' };
    const { status, body } = await askSecurely(rig, pair, { path: '/headers', headers });
    assert.equal(status, 200);
    assert.match(body, /"X-Forwarded-Proto","https"/);
    assert.doesNotMatch(body, /"http"/);
  });

  test('the protocol is agreed on, and one that is not spoken here ends the handshake', async (t) => {
    const { rig } = await secureRig(t);
    const { socket } = await dialSecurely(t, rig.port, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    await assert.rejects(dialSecurely(t, rig.port, { ALPNProtocols: ['h2'] }));
    await until(async () => (await rig.driver.stats()).rejected === 1, 'it is counted');
  });

  test('a version older than the oldest that is allowed is refused', async (t) => {
    const pair = makePair(t, 'shop.test');
    const tls = { ...frontOf(pair), minVersion: 'TLSv1.3' as const };
    const { rig } = await secureRig(t, { tls });
    await assert.rejects(dialSecurely(t, rig.port, { maxVersion: 'TLSv1.2' }));
    const { socket } = await dialSecurely(t, rig.port);
    assert.equal(socket.getProtocol(), 'TLSv1.3');
  });

  test('many requests sent ahead are answered in order on one connection', async (t) => {
    const { rig } = await secureRig(t);
    const { socket, sees } = await dialSecurely(t, rig.port);
    socket.write('GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /error HTTP/1.1\r\nHost: h\r\n\r\n');
    await sees(/ 200 OK[^]* 500 /);
  });

  test('a large answer is whole', async (t) => {
    const { rig, pair } = await secureRig(t);
    const { body } = await askSecurely(rig, pair, { path: '/big' });
    assert.equal(body.length, 256 * 65_536);
  });

  test('an answer that its member leaves unfinished is seen to be so', async (t) => {
    const { rig, pair } = await secureRig(t);
    await assert.rejects(askSecurely(rig, pair, { path: '/half' }));
    assert.equal((await rig.driver.stats()).failed, 1);
  });

  test('another protocol is carried both ways, and its end too', async (t) => {
    const { rig } = await secureRig(t);
    const { socket, sees } = await dialSecurely(t, rig.port);
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await sees(/101 [^]*\r\n\r\n/);
    const ended = once(socket, 'end', deadline());
    socket.end('to and fro');
    await sees(/to and fro$/);
    await ended;
    await until(async () => (await rig.driver.stats()).inFlight['a'] === 0, 'nothing is open');
  });

  test('replaced files are used for new connections, and old connections go on', async (t) => {
    const { rig, pair } = await secureRig(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    await askSecurely(rig, pair, { agent });
    const next = makePair(t, 'shop.test');
    writeFileSync(pair.certFile, next.cert);
    writeFileSync(pair.keyFile, next.key);
    const event = await rig.event('certificate');
    assert.deepEqual(event, { type: 'certificate', file: pair.certFile, fault: null });
    // The kept connection does not see the change, and a new one sees nothing else.
    assert.equal((await askSecurely(rig, pair, { agent })).status, 200);
    await assert.rejects(askSecurely(rig, pair));
    assert.equal((await askSecurely(rig, next)).status, 200);
    assert.equal((await rig.driver.stats()).connections >= 1, true);
  });

  test('files that do not belong together leave the old ones in force, and are told of', async (t) => {
    const { rig, pair } = await secureRig(t);
    writeFileSync(pair.keyFile, makePair(t, 'other.test').key);
    const event = await rig.event('certificate');
    assert.equal(event.file, pair.keyFile);
    assert.match(event.fault ?? '', /not the key/);
    assert.equal((await askSecurely(rig, pair)).status, 200);
    // Mended, it is taken again.
    writeFileSync(pair.keyFile, pair.key);
    await until(
      () => rig.events.some((one) => one.type === 'certificate' && one.fault === null),
      'the pair is used',
    );
  });

  test('a certificate that cannot be used ends the start with its reason', async (t) => {
    const pair = makePair(t, 'shop.test');
    writeFileSync(pair.keyFile, 'no key');
    await assert.rejects(startRig(t, [], { tls: frontOf(pair) }), { code: 'preflightFailed' });
  });

  test('who begins no handshake is ended in time, and who sends none but looks is not counted', async (t) => {
    const { rig, pair } = await secureRig(t, { clients: { headMs: 1000 } });
    const silent = connectTcp(rig.port, '127.0.0.1');
    const half = connectTcp(rig.port, '127.0.0.1');
    const plain = connectTcp(rig.port, '127.0.0.1');
    const ends = [silent, half, plain].map((socket) => {
      t.after(() => socket.destroy());
      socket.on('error', () => {}).resume();
      return once(socket, 'close', deadline());
    });
    half.write(Buffer.from('16030100a0010000', 'hex'));
    plain.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await Promise.all(ends);
    await until(async () => (await rig.driver.stats()).connections === 0, 'nobody is left');
    assert.equal((await rig.driver.stats()).rejected, 2);
    assert.equal((await askSecurely(rig, pair)).status, 200);
  });

  test('a crowd that waits for its setup does not keep others out', async (t) => {
    const { rig, pair } = await secureRig(t);
    const crowd: Socket[] = [];
    t.after(() => crowd.forEach((socket) => socket.destroy()));
    let ended = 0;
    for (let count = 0; count < 1100; count += 1) {
      const socket = connectTcp(rig.port, '127.0.0.1').on('error', () => {});
      socket.on('close', () => {
        ended += 1;
      });
      socket.resume();
      crowd.push(socket);
    }
    await until(() => ended >= 1100 - 1024, 'the first have to go');
    assert.equal((await askSecurely(rig, pair)).status, 200);
    assert.ok(ended < 200, `${ended} ended`);
  });
});

suite('TLS between the proxy and the members', () => {
  test('a member is known by its authority and its name', async (t) => {
    const pair = makePair(t, 'member.test');
    const a = { name: 'a', port: await secureMember(t, pair) };
    const transport = transportTo({ caFile: pair.certFile, serverName: 'member.test' });
    const rig = await startRig(t, [a], { transport });
    await rig.driver.route(route('a'));
    assert.equal((await ask(rig)).status, 200);
    assert.equal((await ask(rig)).member, 'a');
  });

  const STRANGERS: readonly (readonly [string, Partial<MemberTls>])[] = [
    ['whose authority is unknown', {}],
    ['whose name is another', { serverName: 'other.test' }],
  ];
  for (const [who, tls] of STRANGERS) {
    test(`a member ${who} gets no request`, async (t) => {
      const pair = makePair(t, 'member.test');
      const a = { name: 'a', port: await secureMember(t, pair) };
      const caFile = tls.serverName === undefined ? makePair(t, 'x.test').certFile : pair.certFile;
      const transport = transportTo({ caFile, ...tls });
      const rig = await startRig(t, [a], { transport, limits: { holdMs: 300 } });
      await rig.driver.route(route('a'));
      assert.equal((await ask(rig)).status, 503);
      assert.equal((await rig.event('failed')).fault, 'unreachable');
    });
  }

  test('without verification any certificate will do', async (t) => {
    const a = { name: 'a', port: await secureMember(t, makePair(t, 'member.test')) };
    const rig = await startRig(t, [a], { transport: transportTo({ verify: false }) });
    await rig.driver.route(route('a'));
    assert.equal((await ask(rig)).status, 200);
  });

  test('raw connections have TLS on both sides, at the pace of their reader', async (t) => {
    const pair = makePair(t, 'member.test');
    const server = createTls({ cert: pair.cert, key: pair.key, allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const rig = await startRig(t, [{ name: 'a', port: address.port }], {
      protocol: 'tcp',
      tls: frontOf(pair),
      transport: transportTo({ caFile: pair.certFile }),
    });
    await rig.driver.route(route('a'));
    const { socket } = await dialSecurely(t, rig.port);
    let received = 0;
    socket.on('data', (piece) => {
      received += piece.length;
    });
    socket.end('z'.repeat(8 * 1024 * 1024));
    await once(socket, 'end', deadline());
    assert.equal(received, 8 * 1024 * 1024);
    await until(async () => (await rig.driver.stats()).connections === 0, 'the pair has ended');
  });

  test('a member that refuses the connection is passed over', async (t) => {
    const pair = makePair(t, 'member.test');
    const a = { name: 'a', port: await freePort() };
    const b = { name: 'b', port: await secureMember(t, pair) };
    const rig = await startRig(t, [a, b], { transport: transportTo({ caFile: pair.certFile }) });
    await rig.driver.route(route('a', { fallbacks: ['b'] }));
    assert.equal((await ask(rig)).status, 200);
  });
});
