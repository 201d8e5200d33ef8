import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseKeeper } from '../../src/agent/lease-keeper.ts';
import type { Effect, EffectOrder, LeaseRecord } from '../../src/core/effect.ts';
import { DriverError } from '../../src/drivers/driver-error.ts';
import type { LeaseStore, SwapOutcome, Versioned } from '../../src/drivers/store/contract.ts';
import { AppError } from '../../src/errors.ts';

type LeaseEffect = Extract<Effect, { type: 'acquireLease' | 'renewLease' | 'releaseLease' }>;
type LeaseOrder = Extract<EffectOrder, { type: LeaseEffect['type'] }>;

const KEY = '/hotwarm/leases/shop';
const BASE = { id: 1, service: 'shop', after: [], issuedAt: 0, withinMs: 1000, deadline: 1000 };

/** One key in memory, which another host may change and which may stop answering. */
class FakeStore implements LeaseStore {
  stored: Versioned | null = null;
  error: Error | null = null;
  reads = 0;

  put(value: string): void {
    this.stored = { revision: (this.stored?.revision ?? 0) + 1, value };
  }

  async get(key: string): Promise<Versioned | null> {
    assert.equal(key, KEY);
    this.reads += 1;
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

  watch(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

function rig() {
  const store = new FakeStore();
  const observed: (LeaseRecord | null)[] = [];
  const keeper = new LeaseKeeper({
    name: 'shop',
    host: 'h1',
    leaseMs: 10_000,
    store,
    onObserved: (found) => observed.push(found),
  });
  const order = async (one: LeaseOrder) => await keeper.execute({ ...BASE, ...one });
  return { store, observed, keeper, order };
}

function record(change: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    holder: { host: 'h1', member: 'a' },
    epoch: 1,
    durationMs: 10_000,
    renewal: 0,
    ...change,
  };
}

const acquireA = { type: 'acquireLease', member: 'a', expectedEpoch: 0 } as const;

async function faultOf(outcome: Promise<unknown>): Promise<DriverError> {
  const error = await outcome.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DriverError, String(error));
  return error;
}

test('a lease is acquired with the next epoch, renewed, and handed on with the one after it', async () => {
  const { store, order, observed } = rig();
  assert.deepEqual(await order(acquireA), { type: 'leased', record: record() });
  assert.deepEqual(await order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 1 }), {
    type: 'leased',
    record: record({ renewal: 1 }),
  });
  const toB = await order({ type: 'acquireLease', member: 'b', expectedEpoch: 1 });
  const expected = record({ holder: { host: 'h1', member: 'b' }, epoch: 2 });
  assert.deepEqual(toB, { type: 'leased', record: expected });
  assert.deepEqual(JSON.parse(store.stored?.value ?? ''), expected, 'durable as it was answered');
  assert.deepEqual(
    [store.reads, observed],
    [1, []],
    'nothing is read again while nobody else writes',
  );
});

test('a released lease keeps its epoch and holder, and lasts no longer', async () => {
  const { order } = rig();
  await order(acquireA);
  await order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 4 });
  assert.deepEqual(await order({ type: 'releaseLease', epoch: 1 }), {
    type: 'leased',
    record: record({ durationMs: 1, renewal: 5 }),
  });
});

test('a swap that another holder won fails as a conflict and tells what is there now', async () => {
  const { store, order, observed } = rig();
  await order(acquireA);
  const theirs = record({ holder: { host: 'h2', member: 'x' }, epoch: 2 });
  store.put(JSON.stringify(theirs));
  const error = await faultOf(order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 1 }));
  assert.equal(error.fault, 'conflict');
  assert.deepEqual(observed, [theirs]);
  assert.deepEqual(JSON.parse(store.stored?.value ?? ''), theirs, 'theirs stands');
  const next = await order({ type: 'acquireLease', member: 'a', expectedEpoch: 2 });
  assert.deepEqual(next, { type: 'leased', record: record({ epoch: 3 }) });
});

test('an order that builds on another epoch than the stored one changes nothing', async () => {
  const { store, order, observed } = rig();
  const theirs = record({ epoch: 7 });
  store.put(JSON.stringify(theirs));
  for (const wrong of [
    acquireA,
    { type: 'renewLease', member: 'a', epoch: 6, renewal: 1 },
    { type: 'releaseLease', epoch: 8 },
  ] as const) {
    const error = await faultOf(order(wrong));
    assert.equal(error.fault, 'conflict');
    assert.match(error.message, /epoch 7/);
  }
  assert.deepEqual(observed, [theirs, theirs, theirs]);
  assert.equal(store.stored?.revision, 1);
});

test('a lease that has vanished from the store is a conflict, not a new beginning', async () => {
  const { store, order, observed } = rig();
  await order(acquireA);
  store.stored = null;
  const error = await faultOf(order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 1 }));
  assert.deepEqual([error.fault, observed], ['conflict', [null]]);
});

test('a store that does not answer is an outcome with its reason, and the next order tries again', async () => {
  const { store, order } = rig();
  await order(acquireA);
  const text = { what: 'the store cannot be written', why: 'it is gone', todo: 'mend it' };
  for (const [thrown, fault, detail] of [
    [new AppError('diskFull', text), 'diskFull', 'the store cannot be written: it is gone'],
    [new AppError('stateUnusable', text), 'storeUnavailable', /it is gone/],
    [new Error('socket hang up'), 'storeUnavailable', 'socket hang up'],
  ] as const) {
    store.error = thrown;
    const error = await faultOf(order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 1 }));
    assert.equal(error.fault, fault);
    if (typeof detail === 'string') assert.equal(error.message, detail);
    else assert.match(error.message, detail);
  }
  store.error = null;
  const renewed = await order({ type: 'renewLease', member: 'a', epoch: 1, renewal: 1 });
  assert.equal(renewed.type, 'leased');
});

test('a swap that was made although the store failed to say so is found by the next order', async () => {
  const { store, order, observed } = rig();
  await order(acquireA);
  // Written by us, but the answer was lost.
  const ours = record({ holder: { host: 'h1', member: 'b' }, epoch: 2 });
  store.put(JSON.stringify(ours));
  const again = { type: 'acquireLease', member: 'b', expectedEpoch: 1 } as const;
  assert.equal((await faultOf(order(again))).fault, 'conflict');
  assert.deepEqual(observed, [ours], 'so the core learns of the epoch that is durable');
});

test('a renewal whose outcome was lost is not given its number again', async () => {
  const { order } = rig();
  await order(acquireA);
  const renew = { type: 'renewLease', member: 'a', epoch: 1, renewal: 1 } as const;
  await order(renew);
  assert.deepEqual(await order(renew), { type: 'leased', record: record({ renewal: 2 }) });
});

test('a lease that was renewed since the core was told of it is not taken', async () => {
  const { store, order, observed } = rig();
  const theirs = record({ holder: { host: 'h2', member: 'x' }, epoch: 3 });
  store.put(JSON.stringify(theirs));
  assert.equal((await faultOf(order(acquireA))).fault, 'conflict');
  const renewed = { ...theirs, renewal: 1 };
  store.put(JSON.stringify(renewed));
  const take = { type: 'acquireLease', member: 'a', expectedEpoch: 3 } as const;
  assert.equal((await faultOf(order(take))).fault, 'conflict');
  assert.deepEqual(observed, [theirs, renewed]);
});

test('what is stored is read at the start; what is not a lease is refused, never guessed at', async () => {
  const { store, keeper } = rig();
  assert.equal(await keeper.read(), null);
  store.put(JSON.stringify(record({ epoch: 4, renewal: 9 })));
  assert.deepEqual(await keeper.read(), record({ epoch: 4, renewal: 9 }));
  for (const value of [
    'not JSON',
    'null',
    '{}',
    JSON.stringify({ ...record(), epoch: 0 }),
    JSON.stringify({ ...record(), epoch: 1.5 }),
    JSON.stringify({ ...record(), holder: 'a' }),
    JSON.stringify({ ...record(), expiresAt: 5 }),
  ]) {
    store.put(value);
    const error = await faultOf(keeper.read());
    assert.equal(error.fault, 'storeUnavailable');
    assert.match(error.message, /not readable/);
  }
});
