import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { LeaseStore, SwapOutcome, Versioned } from '../../../src/drivers/store/contract.ts';
import { eventually } from '../../eventually.ts';

// What every lease store must do. `open` gives a store and a prefix below which nothing is written yet;
// it is called once a test.

export type StoreUnderTest = {
  readonly store: LeaseStore;
  /** Keys of this store are free to use below this prefix. */
  readonly prefix: string;
  cleanUp(): Promise<void>;
};

export function storeConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  const withStore = (title: string, body: (under: StoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const under = await open();
      try {
        await body(under);
      } finally {
        await under.store.close();
        await under.cleanUp();
      }
    });
  };

  withStore('a key that was never written is null', async ({ store, prefix }) => {
    assert.equal(await store.get(`${prefix}a`), null);
  });

  withStore('expected revision 0 creates a key once', async ({ store, prefix }) => {
    const first = swapped(await store.compareAndSwap(`${prefix}a`, 0, 'one'));
    const second = await store.compareAndSwap(`${prefix}a`, 0, 'two');
    assert.deepEqual(second, { swapped: false, current: { revision: first, value: 'one' } });
    assert.deepEqual(await store.get(`${prefix}a`), { revision: first, value: 'one' });
  });

  withStore('a swap on a missing key with a revision fails', async ({ store, prefix }) => {
    const outcome = await store.compareAndSwap(`${prefix}a`, 7, 'one');
    assert.deepEqual(outcome, { swapped: false, current: null });
    assert.equal(await store.get(`${prefix}a`), null);
  });

  withStore('a stale revision does not swap and tells what is there', async ({ store, prefix }) => {
    const first = swapped(await store.compareAndSwap(`${prefix}a`, 0, 'one'));
    const second = swapped(await store.compareAndSwap(`${prefix}a`, first, 'two'));
    const stale = await store.compareAndSwap(`${prefix}a`, first, 'three');
    assert.deepEqual(stale, { swapped: false, current: { revision: second, value: 'two' } });
  });

  withStore('the revision grows even when the value stays', async ({ store, prefix }) => {
    let revision = swapped(await store.compareAndSwap(`${prefix}a`, 0, 'same'));
    for (let round = 0; round < 5; round += 1) {
      const next = swapped(await store.compareAndSwap(`${prefix}a`, revision, 'same'));
      assert.ok(next > revision);
      revision = next;
    }
  });

  withStore('of many swaps at once exactly one wins', async ({ store, prefix }) => {
    const values = Array.from({ length: 20 }, (_, index) => `holder-${index}`);
    const outcomes = await Promise.all(
      values.map(async (value) => store.compareAndSwap(`${prefix}a`, 0, value)),
    );
    const winners = outcomes.flatMap((outcome, index) => (outcome.swapped ? [values[index]] : []));
    assert.equal(winners.length, 1);
    assert.equal((await store.get(`${prefix}a`))?.value, winners[0]);
  });

  withStore('increments by many writers are never lost', async ({ store, prefix }) => {
    const increment = async (): Promise<void> => {
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const current = await store.get(`${prefix}count`);
        const next = String(Number(current?.value ?? 0) + 1);
        const outcome = await store.compareAndSwap(`${prefix}count`, current?.revision ?? 0, next);
        if (outcome.swapped) return;
      }
      assert.fail('a writer starved for 100 attempts');
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    assert.equal((await store.get(`${prefix}count`))?.value, '12');
  });

  withStore('keys do not disturb each other', async ({ store, prefix }) => {
    const a = swapped(await store.compareAndSwap(`${prefix}a`, 0, 'one'));
    await store.compareAndSwap(`${prefix}b`, 0, 'two');
    assert.deepEqual(await store.get(`${prefix}a`), { revision: a, value: 'one' });
  });

  withStore('behaves as a map of versions for any sequence', async ({ store, prefix }) => {
    const step = fc.record({
      key: fc.constantFrom('p', 'q'),
      stale: fc.boolean(),
      value: fc.string({ maxLength: 20 }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        run += 1;
        const model = new Map<string, Versioned>();
        for (const { key, stale, value } of steps) {
          const full = `${prefix}${run}/${key}`;
          const known = model.get(full);
          const expected = (known?.revision ?? 0) + (stale ? 1_000_000 : 0);
          const outcome = await store.compareAndSwap(full, expected, value);
          assert.equal(outcome.swapped, !stale);
          if (outcome.swapped) model.set(full, { revision: outcome.revision, value });
          assert.deepEqual(await store.get(full), model.get(full) ?? null);
        }
      }),
      { numRuns: 20 },
    );
  });

  withStore('a watcher sees each change below its prefix in order', async ({ store, prefix }) => {
    const seen: string[] = [];
    const stop = store.watch(`${prefix}w/`, (key, current) => {
      seen.push(`${key.slice(prefix.length)}=${current?.value}`);
    });
    const first = swapped(await store.compareAndSwap(`${prefix}w/a`, 0, '1'));
    await store.compareAndSwap(`${prefix}other`, 0, 'not watched');
    await store.compareAndSwap(`${prefix}w/a`, first + 1_000_000, 'not swapped');
    await store.compareAndSwap(`${prefix}w/a`, first, '2');
    await store.compareAndSwap(`${prefix}w/b`, 0, '3');
    await until(() => seen.length >= 3);
    assert.deepEqual(seen, ['w/a=1', 'w/a=2', 'w/b=3']);
    stop();
    await store.compareAndSwap(`${prefix}w/c`, 0, '4');
    await nextTurn();
    assert.equal(seen.length, 3);
  });

  withStore('a closed store refuses instead of answering', async ({ store, prefix }) => {
    await store.close();
    await assert.rejects(store.compareAndSwap(`${prefix}a`, 0, 'one'), { name: 'DriverError' });
    await assert.rejects(store.get(`${prefix}a`), { name: 'DriverError' });
  });
}

function swapped(outcome: SwapOutcome): number {
  assert.ok(outcome.swapped, `expected a swap, found ${JSON.stringify(outcome)}`);
  return outcome.revision;
}

async function until(condition: () => boolean): Promise<void> {
  await eventually('the condition holds', condition);
}
