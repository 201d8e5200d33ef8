import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { createHttpProbe } from '../../../src/drivers/probe/http.ts';
import type { MemberTls } from '../../../src/drivers/traffic/contract.ts';
import { readProxyHeader } from '../../../src/drivers/proxy-protocol.ts';
import { makePair } from '../traffic/certificates.ts';
import { closePeers, listen, probeOnce, OK } from './support.ts';

test('a member on TLS is probed over TLS, and known by its authority', async (t) => {
  const pair = makePair(t, 'member.test');
  const server = createServer({ cert: pair.cert, key: pair.key }, (_request, response) => {
    response.end('well');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const probeWith = (tls: Partial<MemberTls>) => {
    const transport = {
      tls: { caFile: null, verify: true, serverName: null, ...tls },
      sendHeader: false,
    };
    const target = { host: '127.0.0.1', port: address.port, transport };
    return createHttpProbe({ target, path: '/', expect: null });
  };
  assert.equal(await probeOnce(probeWith({ caFile: pair.certFile })), 'ok');
  assert.equal(await probeOnce(probeWith({ verify: false })), 'ok');
  assert.equal(await probeOnce(probeWith({})), 'unreachable');
  // Looks that share a connection.
  const probe = probeWith({ caFile: pair.certFile });
  t.after(async () => await probe.close());
  for (const fresh of [false, false, true]) {
    assert.equal((await probe.check({ timeoutMs: 1000, fresh })).ok, true);
  }
});

test('a member that wants to be told of clients hears that a probe is none', async (t) => {
  t.after(closePeers);
  const peer = await listen((socket) => {
    socket.once('data', (data) => {
      const reading = readProxyHeader(data);
      socket.end(
        reading.kind === 'header' && reading.endpoints === null ? OK : 'HTTP/1.1 400 No\r\n\r\n',
      );
    });
  });
  const target = { ...peer.target, transport: { tls: null, sendHeader: true } };
  assert.equal(await probeOnce(createHttpProbe({ target, path: '/', expect: null })), 'ok');
});
