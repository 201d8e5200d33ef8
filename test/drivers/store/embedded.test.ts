import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStateDir } from '../../../src/drivers/store/database.ts';
import { openEmbeddedStore } from '../../../src/drivers/store/embedded.ts';
import { storeConformance, type StoreUnderTest } from './conformance.ts';

async function open(): Promise<StoreUnderTest & { readonly fill: () => void }> {
  const path = mkdtempSync(join(tmpdir(), 'hotwarm-store-'));
  const dir = openStateDir({ path, host: 'h1' });
  return {
    store: openEmbeddedStore(dir.leases),
    prefix: 'lease/',
    // SQLite answers a file that may not grow and a full disk with the same SQLITE_FULL.
    fill: () => dir.leases.exec('PRAGMA max_page_count = 1'),
    cleanUp: async () => {
      dir.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

storeConformance('embedded', open);

test('a swap that finds no room fails as diskFull and changes nothing', async () => {
  const under = await open();
  try {
    under.fill();
    let room = 0;
    const big = 'x'.repeat(3000);
    await assert.rejects(
      async () => {
        for (; room < 20; room += 1) await under.store.compareAndSwap(`lease/${room}`, 0, big);
      },
      { name: 'DriverError', fault: 'diskFull' },
    );
    assert.equal(await under.store.get(`lease/${room}`), null);
    const before = await under.store.compareAndSwap('lease/small', 0, 'first');
    assert.ok(before.swapped, 'a swap that fits still succeeds');
  } finally {
    await under.store.close();
    await under.cleanUp();
  }
});
