import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { KeeperClient } from '../../../src/drivers/keeper/client.ts';

async function openKeeper(t: TestContext): Promise<{ keeper: KeeperClient; stateDir: string }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-keeper-'));
  t.after(async () => {
    await KeeperClient.discard(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });
  return { keeper: await KeeperClient.open(stateDir), stateDir };
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

suite('the keeper', () => {
  test('that hangs on its greeting is killed, and another one is started', async (t) => {
    const { keeper, stateDir } = await openKeeper(t);
    keeper.leave();
    process.kill(keeper.pid, 'SIGSTOP');
    const next = await KeeperClient.open(stateDir);
    assert.notEqual(next.pid, keeper.pid);
    assert.throws(() => process.kill(keeper.pid, 0), 'the one that hung is gone');
    next.leave();
  });

  test('goes on for the next agent with what it listens on', async (t) => {
    const { keeper, stateDir } = await openKeeper(t);
    const [port = 0] = await findFreePorts(1);
    await keeper.listen('shop', { host: '127.0.0.1', port, backlog: 5 });
    keeper.leave();
    const next = await KeeperClient.open(stateDir);
    assert.equal(next.pid, keeper.pid);
    assert.ok(await connects(port));
    next.leave();
  });

  test('lets go of every address but those that are still wanted', async (t) => {
    const { keeper } = await openKeeper(t);
    const [kept = 0, gone = 0] = await findFreePorts(2);
    await keeper.listen('kept', { host: '127.0.0.1', port: kept, backlog: 5 });
    await keeper.listen('gone', { host: '127.0.0.1', port: gone, backlog: 5 });
    await keeper.retain(['kept']);
    assert.ok(await connects(kept));
    assert.ok(!(await connects(gone)));
    keeper.leave();
  });
});
