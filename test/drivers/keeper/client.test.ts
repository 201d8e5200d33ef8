import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { findFreePorts } from '../../../src/drill/free-ports.ts';
import { KeeperClient } from '../../../src/drivers/keeper/client.ts';
import type { ListenAt } from '../../../src/drivers/keeper/wire.ts';

async function openKeeper(t: TestContext): Promise<{ keeper: KeeperClient; stateDir: string }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'hotwarm-keeper-'));
  t.after(async () => {
    await KeeperClient.discard(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  });
  return { keeper: await KeeperClient.open(stateDir), stateDir };
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
    await keeper.listen('shop', at(port));
    keeper.leave();
    const next = await KeeperClient.open(stateDir);
    assert.equal(next.pid, keeper.pid);
    assert.ok(await connects(port));
    next.leave();
  });

  test('lets go of every address but those that are still wanted', async (t) => {
    const { keeper } = await openKeeper(t);
    const [kept = 0, gone = 0] = await findFreePorts(2);
    await keeper.listen('kept', at(kept));
    await keeper.listen('gone', at(gone));
    await keeper.retain(['kept']);
    assert.ok(await connects(kept));
    assert.ok(!(await connects(gone)));
    keeper.leave();
  });
});
