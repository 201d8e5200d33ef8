import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { SocketHolderClient } from '../../../src/drivers/socket-holder/client.ts';
import type { ListenAt } from '../../../src/drivers/socket-holder/wire.ts';

async function openHolder(
  t: TestContext,
): Promise<{ socketHolder: SocketHolderClient; stateDir: string }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-socket-holder-'));
  t.after(async () => {
    await SocketHolderClient.discard(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });
  return { socketHolder: await SocketHolderClient.open(stateDir), stateDir };
}

function at(port: number): ListenAt {
  return { address: { host: '127.0.0.1', port }, backlog: 5, access: null };
}

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

suite('the socket holder', () => {
  test('that hangs on its greeting is killed, and another one is started', async (t) => {
    const { socketHolder, stateDir } = await openHolder(t);
    socketHolder.leave();
    process.kill(socketHolder.pid, 'SIGSTOP');
    const next = await SocketHolderClient.open(stateDir);
    assert.notEqual(next.pid, socketHolder.pid);
    assert.throws(() => process.kill(socketHolder.pid, 0), 'the one that hung is gone');
    next.leave();
  });

  test('goes on for the next agent with what it listens on', async (t) => {
    const { socketHolder, stateDir } = await openHolder(t);
    const [port = 0] = await findFreePorts(1);
    await socketHolder.listen('shop', at(port));
    socketHolder.leave();
    const next = await SocketHolderClient.open(stateDir);
    assert.equal(next.pid, socketHolder.pid);
    assert.ok(await connects(port));
    next.leave();
  });

  test('lets go of every address but those that are still wanted', async (t) => {
    const { socketHolder } = await openHolder(t);
    const [kept = 0, gone = 0] = await findFreePorts(2);
    await socketHolder.listen('kept', at(kept));
    await socketHolder.listen('gone', at(gone));
    await socketHolder.retain(['kept']);
    assert.ok(await connects(kept));
    assert.ok(!(await connects(gone)));
    socketHolder.leave();
  });
});
