import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectOrder, LeaseRecord } from '../../src/core/effect.ts';
import type { LeaseEffect } from '../../src/core/lease.ts';
import type { Outcome } from '../../src/core/effect-results.ts';
import { LeaseClient } from '../../src/runtime/lease-client.ts';
import type { Leases, ReadAnswer, StoredLease, SwapAnswer } from '../../src/runtime/ports.ts';

type LeaseOrder = Extract<EffectOrder, { type: LeaseEffect['type'] }>;

const BASE = { id: 1, service: 'shop', after: [], issuedAt: 0, withinMs: 1000, deadline: 1000 };
const DOWN = { type: 'failed', fault: 'storeUnavailable', detail: 'it is gone' } as const;

/** One key in memory, which another host may change and which may stop answering. */
class FakeLeases implements Leases {
  stored: StoredLease = { revision: 0, record: null };
  isDown = false;
  reads = 0;

  put(next: LeaseRecord | null): void {
    this.stored = { revision: this.stored.revision + 1, record: next };
  }

  read(_service: string, end: (answer: ReadAnswer) => void): void {
    this.reads += 1;
    end(this.isDown ? DOWN : { type: 'read', stored: this.stored });
  }

  swap(
    _service: string,
    revision: number,
    next: LeaseRecord,
    end: (answer: SwapAnswer) => void,
  ): void {
    if (this.isDown) return end(DOWN);
    if (this.stored.revision !== revision) return end({ type: 'conflict', stored: this.stored });
    this.put(next);
    end({ type: 'swapped', revision: this.stored.revision });
  }

  watch(): () => void {
    return () => {};
  }
}

function rig() {
  const store = new FakeLeases();
  const observed: (LeaseRecord | null)[] = [];
  const core: { known: LeaseRecord | null } = { known: null };
  const client = new LeaseClient({
    service: 'shop',
    host: 'h1',
    leaseMs: 10_000,
    leases: store,
    known: () => core.known,
    onObserved: (found) => observed.push(found),
  });
  const order = (one: LeaseOrder): Outcome => {
    const ends: Outcome[] = [];
    client.swap({ ...BASE, ...one }, (outcome) => ends.push(outcome));
    const [end] = ends;
    assert.ok(end !== undefined && ends.length === 1);
    return end;
  };
  return { store, observed, core, client, order };
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

function leased(expected: LeaseRecord): Outcome {
  return { ok: true, result: { type: 'leased', record: expected } };
}

function faultOf(outcome: Outcome): string | null {
  return outcome.ok ? null : outcome.fault;
}

const ACQUIRE_A = { type: 'acquireLease', member: 'a', expectedEpoch: 0 } as const;
const RENEW = { type: 'renewLease', member: 'a', epoch: 1, renewal: 1 } as const;
const THEIRS = record({ holder: { host: 'h2', member: 'x' }, epoch: 3 });

test('a lease is acquired with the next epoch, renewed, and handed on with the one after it', () => {
  const { store, order, observed } = rig();
  assert.deepEqual(order(ACQUIRE_A), leased(record()));
  assert.deepEqual(order(RENEW), leased(record({ renewal: 1 })));
  const toB = record({ holder: { host: 'h1', member: 'b' }, epoch: 2 });
  assert.deepEqual(order({ type: 'acquireLease', member: 'b', expectedEpoch: 1 }), leased(toB));
  assert.deepEqual([store.stored.record, store.reads, observed], [toB, 0, []]);
});

test('a released lease keeps its epoch and holder, and lasts no longer', () => {
  const { order } = rig();
  order(ACQUIRE_A);
  order({ ...RENEW, renewal: 4 });
  const released = leased(record({ durationMs: 1, renewal: 5 }));
  assert.deepEqual(order({ type: 'releaseLease', epoch: 1 }), released);
});

test('a swap that another holder won fails as a conflict and tells what is there now', () => {
  const { store, order, observed } = rig();
  order(ACQUIRE_A);
  const theirs = { ...THEIRS, epoch: 2 };
  store.put(theirs);
  assert.equal(faultOf(order(RENEW)), 'conflict');
  assert.deepEqual([observed, store.stored.record], [[theirs], theirs]);
  assert.deepEqual(order({ ...ACQUIRE_A, expectedEpoch: 2 }), leased(record({ epoch: 3 })));
});

test('an order that builds on another epoch than the stored one changes nothing', () => {
  const { store, client, order, observed } = rig();
  store.put(THEIRS);
  client.read(() => {});
  for (const wrong of [
    ACQUIRE_A,
    { ...RENEW, epoch: 2 },
    { type: 'releaseLease', epoch: 8 },
  ] as const) {
    const outcome = order(wrong);
    assert.equal(faultOf(outcome), 'conflict');
    assert.match(outcome.ok ? '' : outcome.detail, /epoch 3/);
  }
  assert.deepEqual([observed, store.stored.revision], [[THEIRS, THEIRS, THEIRS], 1]);
});

test('a lease that has vanished from the store is a conflict, not a new beginning', () => {
  const { store, order, observed } = rig();
  order(ACQUIRE_A);
  store.stored = { revision: 0, record: null };
  assert.equal(faultOf(order(RENEW)), 'conflict');
  assert.deepEqual(observed, [null]);
});

test('a store that does not answer is an outcome with its reason, and the next order tries again', () => {
  const { store, order } = rig();
  order(ACQUIRE_A);
  store.isDown = true;
  assert.deepEqual(order(RENEW), { ok: false, fault: DOWN.fault, detail: DOWN.detail });
  store.isDown = false;
  assert.deepEqual(order(RENEW), leased(record({ renewal: 1 })));
});

test('a swap that was made although its answer was lost is found by the next order', () => {
  const { store, order, observed } = rig();
  order(ACQUIRE_A);
  const ours = record({ holder: { host: 'h1', member: 'b' }, epoch: 2 });
  store.put(ours);
  assert.equal(faultOf(order({ type: 'acquireLease', member: 'b', expectedEpoch: 1 })), 'conflict');
  assert.deepEqual(observed, [ours], 'so the core learns of the epoch that is durable');
});

test('a renewal whose outcome was lost is not given its number again', () => {
  const { order } = rig();
  order(ACQUIRE_A);
  order(RENEW);
  assert.deepEqual(order(RENEW), leased(record({ renewal: 2 })));
});

test('a lease that was renewed since the core was told of it is not taken', () => {
  const { store, client, order, observed } = rig();
  store.put(THEIRS);
  client.poll();
  const renewed = { ...THEIRS, renewal: 1 };
  store.put(renewed);
  assert.equal(faultOf(order({ ...ACQUIRE_A, expectedEpoch: 3 })), 'conflict');
  assert.deepEqual(observed, [THEIRS, renewed]);
});

test('a change is told once, whether it is reported twice, late, or found by polling', () => {
  const { store, client, core, observed } = rig();
  store.put(THEIRS);
  const first = store.stored;
  client.changed(first);
  client.changed(first);
  core.known = THEIRS;
  client.poll();
  assert.deepEqual(observed, [THEIRS]);
  const renewed = { ...THEIRS, renewal: 1 };
  store.put(renewed);
  client.poll();
  client.changed(first);
  assert.deepEqual(observed, [THEIRS, renewed]);
});

test('polling tells of a swap whose success the core never heard of', () => {
  const { client, order, observed } = rig();
  order(ACQUIRE_A);
  client.poll();
  assert.deepEqual(observed, [record()]);
});

test('a poll that fails tells nothing', () => {
  const { store, client, observed } = rig();
  store.put(THEIRS);
  store.isDown = true;
  client.poll();
  assert.deepEqual(observed, []);
});
