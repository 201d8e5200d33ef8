import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leasesOf } from '../../src/agent/store-leases.ts';
import type { LeaseRecord } from '../../src/core/effect.ts';
import { DriverError } from '../../src/drivers/driver-error.ts';
import type { LeaseStore, SwapOutcome, Versioned } from '../../src/drivers/store/contract.ts';
import { AppError, untranslated } from '../../src/errors.ts';
import type { Leases, ReadAnswer, StoredLease, SwapAnswer } from '../../src/runtime/ports.ts';

const KEY = '/hotwarm/leases/shop';
const RECORD: LeaseRecord = {
  holder: { host: 'h1', member: 'a' },
  epoch: 4,
  durationMs: 10_000,
  renewal: 9,
};

/** One key in memory, which another host may change and which may stop answering. */
class FakeStore implements LeaseStore {
  stored: Versioned | null = null;
  error: Error | null = null;
  #onChange: Parameters<LeaseStore['watch']>[1] = () => {};

  put(value: string): void {
    this.stored = { revision: (this.stored?.revision ?? 0) + 1, value };
    this.#onChange(KEY, this.stored);
  }

  async get(key: string): Promise<Versioned | null> {
    assert.equal(key, KEY);
    if (this.error !== null) throw this.error;
    return await Promise.resolve(this.stored);
  }

  async compareAndSwap(key: string, expected: number, value: string): Promise<SwapOutcome> {
    assert.equal(key, KEY);
    if (this.error !== null) throw this.error;
    if ((this.stored?.revision ?? 0) !== expected) return { swapped: false, current: this.stored };
    this.put(value);
    return await Promise.resolve({ swapped: true, revision: this.stored?.revision ?? 0 });
  }

  watch(prefix: string, onChange: Parameters<LeaseStore['watch']>[1]): () => void {
    assert.ok(KEY.startsWith(prefix));
    this.#onChange = onChange;
    return () => (this.#onChange = () => {});
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

async function read(leases: Leases): Promise<ReadAnswer> {
  return await new Promise((resolve) => leases.read('shop', resolve));
}

async function swap(leases: Leases, revision: number): Promise<SwapAnswer> {
  return await new Promise((resolve) => leases.swap('shop', revision, RECORD, resolve));
}

test('a record is written as JSON and read again, and a swap against another revision is a conflict', async () => {
  const store = new FakeStore();
  const leases = leasesOf(store);
  const nothing = { revision: 0, record: null };
  assert.deepEqual(await read(leases), { type: 'read', stored: nothing });
  assert.deepEqual(await swap(leases, 7), { type: 'conflict', stored: nothing });
  assert.deepEqual(await swap(leases, 0), { type: 'swapped', revision: 1 });
  const stored = { revision: 1, record: RECORD };
  assert.deepEqual(await read(leases), { type: 'read', stored });
  assert.deepEqual(await swap(leases, 0), { type: 'conflict', stored });
});

test('what is stored and is not a lease is refused, never guessed at', async () => {
  const store = new FakeStore();
  const leases = leasesOf(store);
  for (const value of [
    'not JSON',
    'null',
    '{}',
    JSON.stringify({ ...RECORD, epoch: 0 }),
    JSON.stringify({ ...RECORD, epoch: 1.5 }),
    JSON.stringify({ ...RECORD, holder: 'a' }),
    JSON.stringify({ ...RECORD, expiresAt: 5 }),
  ]) {
    store.put(value);
    for (const answer of [await read(leases), await swap(leases, 999)]) {
      assert.ok(answer.type === 'failed' && answer.fault === 'storeUnavailable', value);
      assert.match(answer.detail, /not readable/);
    }
  }
});

test('a store that cannot is a failure with its reason', async () => {
  const store = new FakeStore();
  const leases = leasesOf(store);
  const text = {
    message: untranslated('cannot write the store'),
    reason: untranslated('it is gone'),
    hint: untranslated('fix it'),
  };
  for (const [error, fault, detail] of [
    [new DriverError('conflict', 'no'), 'conflict', 'no'],
    [new AppError('diskFull', text), 'diskFull', 'cannot write the store: it is gone'],
    [new AppError('stateUnusable', text), 'storeUnavailable', 'cannot write the store: it is gone'],
    [new Error('socket hang up'), 'storeUnavailable', 'socket hang up'],
  ] as const) {
    store.error = error;
    assert.deepEqual(await read(leases), { type: 'failed', fault, detail });
    assert.deepEqual(await swap(leases, 0), { type: 'failed', fault, detail });
  }
});

test('a change is reported once, after the answer to a swap that made it, until nobody watches', async () => {
  const store = new FakeStore();
  const leases = leasesOf(store);
  const seen: (StoredLease | string)[] = [];
  const stop = leases.watch((service, stored) => seen.push(service, stored));
  leases.swap('shop', 0, RECORD, ({ type }) => seen.push(type));
  await new Promise((resolve) => setImmediate(resolve));
  store.put('not JSON');
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  store.put(JSON.stringify(RECORD));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, ['swapped', 'shop', { revision: 1, record: RECORD }]);
});
