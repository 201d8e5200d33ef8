import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { callControl, type ControlClient } from '../../../src/drivers/control/client.ts';
import { ControlServer } from '../../../src/drivers/control/server.ts';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import { eventually } from '../../eventually.ts';

type Order = { readonly type: 'double'; readonly value: number } | { readonly type: 'fail' };
type Client = ControlClient<{ readonly name: string }, Order, number, string>;

async function serve(t: TestContext): Promise<{
  readonly server: ControlServer<{ readonly name: string }, Order, number, string>;
  readonly lost: () => number;
  readonly call: () => Promise<Client>;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-control-'));
  const path = join(directory, 'control.sock');
  let lost = 0;
  const server = new ControlServer<{ readonly name: string }, Order, number, string>({
    path,
    hello: () => ({ protocol: 1, name: 'shop' }),
    obey: async (order) => {
      if (order.type === 'double') return 2 * order.value;
      throw new DriverError('conflict', 'it will not');
    },
    onAgentLost: () => {
      lost += 1;
    },
  });
  await server.listen();
  const clients: Client[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });
  const call = async (): Promise<Client> => {
    const client: Client | null = await callControl(path, 'partner');
    assert.ok(client !== null);
    clients.push(client);
    return client;
  };
  return { server, lost: () => lost, call };
}

suite('the control socket of a process that outlives agents', () => {
  test('greets, and answers each order with its success or its failure', async (t) => {
    const { call } = await serve(t);
    const client = await call();
    assert.deepEqual(client.hello, { type: 'hello', pid: process.pid, protocol: 1, name: 'shop' });
    const answers = [1, 2, 3].map((value) => client.ask({ type: 'double', value }, 5000));
    assert.deepEqual(await Promise.all(answers), [2, 4, 6]);
    await assert.rejects(
      client.ask({ type: 'fail' }, 5000),
      (error) => error instanceof DriverError && error.fault === 'conflict',
    );
  });

  test('reports events to the newest agent only, and says to the older one that it was replaced', async (t) => {
    const { server, lost, call } = await serve(t);
    const heard: string[] = [];
    const listen = (client: Client, name: string): void =>
      client.attach({
        onEvent: (event) => heard.push(`${name} ${event}`),
        onHang: () => {},
        onClose: ({ replaced }) => heard.push(`${name} replaced ${replaced}`),
      });
    const older = await call();
    listen(older, 'older');
    server.tell('one');
    await eventually('the event has come', () => heard.length === 1);
    const newer = await call();
    listen(newer, 'newer');
    await eventually('the older one has heard of its end', () => older.closed);
    const before = lost();
    server.tell('two');
    await eventually('the event has come', () => heard.length === 3);
    assert.deepEqual(heard, ['older one', 'older replaced true', 'newer two']);
    assert.equal(await newer.ask({ type: 'double', value: 4 }, 5000), 8);
    await assert.rejects(older.ask({ type: 'double', value: 4 }, 5000), DriverError);
    newer.close();
    await eventually('the process has noticed', () => lost() === before + 1);
  });

  test('without a process there is none to call', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'hotwarm-control-'));
    t.after(() => rmSync(directory, { recursive: true }));
    assert.equal(await callControl(join(directory, 'none.sock'), 'partner'), null);
  });
});
