import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import { findCgroupMounts } from '../../../src/drivers/member/process/cgroup-mounts.ts';
import { openCgroup, setFrozen } from '../../../src/drivers/member/process/cgroup.ts';
import { createProcessMember } from '../../../src/drivers/member/process.ts';
import type { ListenAddress } from '../../../src/drivers/listen-address.ts';
import { connected, freeAddress } from '../socket-holder/support.ts';
import { makeBench } from './support.ts';
import { eventually, within } from '../../eventually.ts';

// Whom a standby accepted in its last moment before it was frozen would wait for as long as it is frozen.

/** Accepts and says nothing, so that its clients stay. */
const SERVER = `require('node:net').createServer((socket) => {
    console.log('accepted');
    socket.on('data', () => socket.end());
  }).listen(JSON.parse(process.env.AT), () => console.log('listening'))`;

const PLACES: Readonly<Record<string, (folder: string) => Promise<ListenAddress>>> = {
  'a TCP port': freeAddress,
  'a Unix socket': async (folder) => ({ path: join(folder, 'service.sock') }),
};

for (const [where, choose] of Object.entries(PLACES)) {
  test(`a member that has a client on ${where} is not frozen before the client has gone`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hotwarm-freeze-'));
    const address = await choose(folder);
    const bench = makeBench([process.execPath, '-e', SERVER], {
      env: { AT: JSON.stringify(address) },
      sharedSockets: [address],
    });
    t.after(async () => {
      await bench.dispose();
      rmSync(folder, { recursive: true, force: true });
    });
    await bench.driver.start({ capacity: 'full', signal: within() });
    await eventually('it listens', () => bench.output().includes('listening'));
    const client = await connected(t, address);
    await eventually('it has accepted', () => bench.output().includes('accepted'));
    await assert.rejects(
      bench.driver.freeze({ signal: AbortSignal.timeout(300) }),
      (error) => error instanceof DriverError && /1 connections of clients/.test(error.message),
    );
    client.resume().write('bye');
    await once(client, 'end');
    await bench.driver.freeze({ signal: within() });
  });

  test(`a member that was frozen with a client on ${where} when its agent died is thawed by the next one`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hotwarm-freeze-'));
    const address = await choose(folder);
    const bench = makeBench([process.execPath, '-e', SERVER], {
      env: { AT: JSON.stringify(address) },
      sharedSockets: [address],
    });
    const next = createProcessMember(bench.options);
    t.after(async () => {
      await next.kill({ signal: within() });
      await next.close();
      await bench.dispose();
      rmSync(folder, { recursive: true, force: true });
    });
    await bench.driver.start({ capacity: 'full', signal: within() });
    await eventually('it listens', () => bench.output().includes('listening'));
    const client = await connected(t, address);
    await eventually('it has accepted', () => bench.output().includes('accepted'));
    setFrozen(openCgroup(findCgroupMounts(), bench.cgroupName), true);
    assert.equal(next.adopt()?.frozen, false);
    client.resume().write('bye');
    await once(client, 'end');
  });
}
