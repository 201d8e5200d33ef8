import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { proxyHeaderFor, readProxyHeader } from '../../../src/drivers/proxy-protocol.ts';
import { makePair } from './certificates.ts';
import { dial, route, startMember, startRig, until, type Rig } from './rig.ts';

const CLAIM = {
  source: { address: '203.0.113.7', port: 40_000 },
  destination: { address: '198.51.100.1', port: 443 },
};
const HEADER = proxyHeaderFor(CLAIM);
const REQUEST = 'GET /headers HTTP/1.1\r\nHost: h\r\n\r\n';

async function behindProxy(
  t: TestContext,
  more: Parameters<typeof startRig>[2] = {},
): Promise<Rig> {
  const a = await startMember(t, 'a');
  const rig = await startRig(t, [a], { acceptHeader: true, ...more });
  await rig.driver.route(route('a'));
  return rig;
}

/** A member in raw TCP that tells in what it was greeted with, and what followed. */
async function greeted(t: TestContext): Promise<{ readonly name: string; readonly port: number }> {
  const server = createServer((socket) => {
    let heard = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heard = Buffer.concat([heard, data]);
      const reading = readProxyHeader(heard);
      if (reading.kind !== 'header') return;
      const rest = heard.toString('latin1', reading.bytes);
      socket.write(`<${reading.endpoints?.source.address ?? 'nobody'}:${rest}>`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { name: 'a', port: address.port };
}

suite('the PROXY protocol', () => {
  const FORMS: readonly (readonly [string, Buffer, RegExp])[] = [
    ['version 2', HEADER, /"203\.0\.113\.7"/],
    ['version 1', Buffer.from('PROXY TCP6 2001:db8::9 ::1 1 2\r\n'), /"2001:db8::9"/],
    ['a proxy that speaks for itself', proxyHeaderFor(null), /"127\.0\.0\.1"/],
  ];
  for (const [name, header, address] of FORMS) {
    test(`members are told who the client is: ${name}`, async (t) => {
      const rig = await behindProxy(t);
      const wire = await dial(t, rig.port);
      wire.socket.write(Buffer.concat([header, Buffer.from(REQUEST)]));
      await wire.sees(address);
      wire.socket.write(REQUEST);
      await wire.sees(/200 OK[^]*200 OK/);
    });
  }

  test('a header and a request may come byte by byte', async (t) => {
    const rig = await behindProxy(t);
    const wire = await dial(t, rig.port);
    wire.socket.setNoDelay(true);
    for (const byte of Buffer.concat([HEADER, Buffer.from(REQUEST)])) {
      wire.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await wire.sees(/"203\.0\.113\.7"/);
  });

  test('without a header, with a broken one or a part of one, the connection is ended and counted', async (t) => {
    const rig = await behindProxy(t, { clients: { headMs: 1000 } });
    const broken = Buffer.from(HEADER);
    broken[12] = 0x31;
    for (const start of [Buffer.from(REQUEST), broken, HEADER.subarray(0, 20)]) {
      const wire = await dial(t, rig.port);
      wire.socket.write(start);
      await wire.closed();
      assert.equal(wire.text(), '');
    }
    const cut = await dial(t, rig.port);
    cut.socket.end(HEADER.subarray(0, 20));
    await cut.closed();
    await until(async () => (await rig.driver.stats()).connections === 0, 'all have ended');
    const { rejected, requests } = await rig.driver.stats();
    assert.deepEqual({ rejected, requests }, { rejected: 4, requests: 0 });
  });

  test('the header comes before TLS', async (t) => {
    const pair = makePair(t, 'shop.test');
    const { certFile, keyFile } = pair;
    const rig = await behindProxy(t, { tls: { certFile, keyFile, minVersion: 'TLSv1.2' } });
    const wire = await dial(t, rig.port);
    wire.socket.write(HEADER);
    wire.socket.removeAllListeners('data');
    const secure = connect({ socket: wire.socket, ca: pair.cert, host: 'shop.test' });
    t.after(() => secure.destroy());
    let text = '';
    secure.setEncoding('latin1').on('data', (piece: string) => {
      text += piece;
    });
    secure.write(REQUEST);
    await until(() => text.includes('"203.0.113.7"'), 'an answer');
    assert.match(text, /"X-Forwarded-Proto","https"/);
  });

  test('a raw connection tells its member who the client is', async (t) => {
    const a = await greeted(t);
    const transport = { tls: null, sendHeader: true };
    const rig = await startRig(t, [a], { protocol: 'tcp', transport });
    await rig.driver.route(route('a'));
    const wire = await dial(t, rig.port);
    wire.socket.write('hello');
    await wire.sees(/^<127\.0\.0\.1:(?:hello)?>/);
  });

  const CLAIMS: readonly (readonly [string, Buffer, RegExp])[] = [
    ['of a client', HEADER, /<203\.0\.113\.7:(?:hello)?>/],
    ['of nobody', proxyHeaderFor(null), /<nobody:(?:hello)?>/],
  ];
  for (const [whose, header, told] of CLAIMS) {
    test(`what a proxy in front tells ${whose} is passed on, and what follows is whole`, async (t) => {
      const a = await greeted(t);
      const transport = { tls: null, sendHeader: true };
      const rig = await startRig(t, [a], { protocol: 'tcp', acceptHeader: true, transport });
      await rig.driver.route(route('a'));
      const wire = await dial(t, rig.port);
      wire.socket.write(Buffer.concat([header, Buffer.from('hello')]));
      await wire.sees(told);
      await wire.sees(/hello/);
    });
  }
});
