import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Connection, loopbackConnection, peerOwner } from '../../src/drivers/os/peer-owner.ts';

const CONNECTION: Connection = {
  client: { address: '127.0.0.1', port: 0xa001 },
  server: { address: '127.0.0.1', port: 0x1b9e },
};
const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

function row(ends: string, uid: number, inode: number, state = '01'): string {
  return `   0: ${ends} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
}

const CLIENT = '0100007F:A001 0100007F:1B9E';
const SERVER = '0100007F:1B9E 0100007F:A001';
const MAPPED = '0000000000000000FFFF00000100007F:A001 0000000000000000FFFF00000100007F:1B9E';

/** What each reading finds; the last one again from then on. */
function readings(...tables: readonly string[]): () => Promise<readonly string[]> {
  let next = 0;
  return async () => {
    const table = tables[Math.min(next, tables.length - 1)] ?? '';
    next += 1;
    return await Promise.resolve([HEAD + table]);
  };
}

test("the owner is read from the client's own socket", async () => {
  const both = row(SERVER, 0, 7) + row(CLIENT, 1000, 8);
  assert.equal(await peerOwner(CONNECTION, readings(both)), 1000);
  assert.equal(await peerOwner(CONNECTION, readings(row(MAPPED, 1001, 9))), 1001);
});

for (const [title, tables] of [
  ['closed, and so shown as one of root', [row(CLIENT, 0, 0)]],
  ['half closed', [row(CLIENT, 0, 8, '04')]],
  ['closed between two readings', [row(CLIENT, 0, 8), row(CLIENT, 0, 0)]],
  ['of one user first and of another one then', [row(CLIENT, 0, 8), row(CLIENT, 1000, 8)]],
  ['gone', ['']],
] as const) {
  test(`a client's socket that is ${title} proves nothing`, async () => {
    assert.equal(await peerOwner(CONNECTION, readings(...tables)), null);
  });
}

test('a row that one reading missed is looked for again', async () => {
  const found = row(CLIENT, 1000, 8);
  assert.equal(await peerOwner(CONNECTION, readings(found, '', found)), 1000);
});

for (const host of ['127.0.0.1', '::1']) {
  test(`a connection of this process over ${host} is one of its user`, async () => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const accepted = once(server, 'connection');
    const client = connect(address.port, host);
    const [socket]: Socket[] = await accepted;
    assert.ok(socket !== undefined);
    const connection = loopbackConnection(socket);
    assert.ok(connection !== null);
    assert.equal(await peerOwner(connection), process.geteuid?.());
    client.destroy();
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
}
