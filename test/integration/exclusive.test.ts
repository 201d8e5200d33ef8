import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWhole } from '../../src/drill/agent-process.ts';
import { pidOf, Sandbox } from './sandbox.ts';

type Served = { readonly member: string; readonly atMs: number };

/** What each member wrote before it answered, in the order of time. */
async function readServed(file: string): Promise<readonly Served[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return lines
    .map((line) => {
      const [member = '', at = ''] = line.split(' ');
      return { member, atMs: Number(at) };
    })
    .toSorted((first, second) => first.atMs - second.atMs);
}

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  test(`an exclusive service loses no GET to ${signal} and is never served by two members`, async (t) => {
    const sandbox = await Sandbox.open(t);
    const log = sandbox.path('served.log');
    const env = { SERVED_LOG: log };
    await sandbox.useShop({
      a: { env },
      b: { env },
      lines: ['exclusive: true', 'failback: { mode: manual }'],
    });
    const agent = sandbox.up();
    const before = await agent.until('a whole service', isWhole);
    assert.equal(before.active, 'a');
    const load = sandbox.load();
    load.start();
    await sleep(500);
    const pid = pidOf(before, 'a');
    process.kill(pid, signal);
    const after = await agent.until('b has taken over', (service) => service.active === 'b');
    await agent.until('a is a standby again', isWhole);
    await sleep(500);
    await load.stop();

    assert.deepEqual(load.failures, []);
    assert.equal(after.epoch, before.epoch + 1);
    const served = await readServed(log);
    const firstOfB = served.findIndex(({ member }) => member === 'b');
    assert.ok(firstOfB > 0, 'both have served, a first');
    assert.ok(
      served.slice(firstOfB).every(({ member }) => member === 'b'),
      'once b had served, a never served again',
    );
    assert.ok(!sandbox.processes().some((seen) => seen.pid === pid), 'the old active is gone');
  });
}
