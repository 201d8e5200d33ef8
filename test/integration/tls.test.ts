import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { test } from 'node:test';
import { isWhole } from '../../src/drill/agent-process.ts';
import { makePair } from '../drivers/traffic/certificates.ts';
import { pidOf, Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

const SERVER = `
const { createServer } = require('node:https');
const { readFileSync } = require('node:fs');
const { CERT, KEY, PORT, HOTWARM_MEMBER } = process.env;
createServer({ cert: readFileSync(CERT), key: readFileSync(KEY) }, (request, response) =>
  response.end(HOTWARM_MEMBER + ' ' + request.headers['x-forwarded-proto'])).listen(PORT, '127.0.0.1');
`;

function askSecurely(port: number, ca: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, ca, servername: 'shop.test', agent: false, timeout: 8000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          body += piece;
        });
        response.on('error', reject);
        response.on('end', () => resolve(body));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

test('a service that is on TLS from end to end is probed, fails over and takes a new certificate', async (t) => {
  const sandbox = await Sandbox.open(t);
  const [shop, member, next] = [
    makePair(t, 'shop.test'),
    makePair(t, 'member.test'),
    makePair(t, 'shop.test'),
  ];
  const env = { CERT: member.certFile, KEY: member.keyFile };
  const options = { command: [process.execPath, '-e', SERVER], env };
  await sandbox.useShop({
    a: options,
    b: options,
    traffic: `tls: { cert: ${shop.certFile}, key: ${shop.keyFile} }, backend: { tls: { ca: ${member.certFile}, serverName: member.test } }`,
  });
  const agent = sandbox.up();
  const service = await agent.until('a whole service', isWhole);
  const { listen } = sandbox.ports;
  assert.equal(await askSecurely(listen, shop.cert), 'a https');
  process.kill(pidOf(service, 'a'), 'SIGKILL');
  assert.equal(await askSecurely(listen, shop.cert), 'b https');
  await agent.until('the standby has taken over', ({ active }) => active === 'b');

  writeFileSync(shop.keyFile, next.key);
  await eventually('a pair that does not fit is told of', () =>
    /cannot use the new certificate; keeping the old one: .*key\.pem: not the key/.test(agent.said),
  );
  assert.equal(await askSecurely(listen, shop.cert), 'b https');
  writeFileSync(shop.certFile, next.cert);
  await eventually('the new pair is told of', () =>
    /the new certificate in .*cert\.pem is in use/.test(agent.said),
  );
  assert.equal(await askSecurely(listen, next.cert), 'b https');
  assert.equal((await agent.stop()).code, 0, agent.said);
});

test('a start with a certificate that has expired is refused with what to do', async (t) => {
  const sandbox = await Sandbox.open(t);
  const { certFile, keyFile } = makePair(t, 'shop.test', -1);
  await sandbox.useShop({ traffic: `tls: { cert: ${certFile}, key: ${keyFile} }` });
  for (const command of ['check', 'up']) {
    const { code, err } = await sandbox.run(command);
    assert.equal(code, 3, err);
    assert.match(err, /\[certificateExpired\]\n {2}fix: renew the certificate/);
  }
});
