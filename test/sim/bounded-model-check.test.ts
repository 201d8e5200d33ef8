import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaseHeld, leaseObserved, mayAcquire } from '../../src/core/lease.ts';
import { explore, type LeaseRules } from './bounded-model-check.ts';

const REAL: LeaseRules = { mayAcquire, leaseHeld, leaseObserved, compares: true, marginUnits: 1 };

test('whatever two hosts and a store do in whatever order, never two serve, and epochs never fall', (t) => {
  const { violation, states, steps, depth, taken } = explore(REAL);
  assert.equal(violation, null);
  const kinds = ['acquire', 'renew', 'release', 'swap', 'answer', 'conflict', 'give up', 'notice'];
  kinds.push('stray swap', 'lose the stray', 'lose the answer', 'start again', 'time');
  for (const kind of kinds) assert.ok((taken.get(kind) ?? 0) > 0, `nobody ever did: ${kind}`);
  assert.equal(taken.size, kinds.length);
  t.diagnostic(`${states} states, ${steps} steps, paths of up to ${depth} steps`);
});

/** Rules that are wrong by one thing each; the search must find what follows. */
const WRONG: Readonly<Record<string, Partial<LeaseRules>>> = {
  'no margin for the drift of two clocks': { marginUnits: 0 },
  'a lease counted from the answer': {
    leaseHeld: (lease, record, _issuedAt, at, renewIntervalMs) =>
      leaseHeld(lease, record, at, at, renewIntervalMs),
  },
  'a lease taken one unit too early': {
    mayAcquire: (lease, host, at) => mayAcquire(lease, host, at + 1),
  },
  'a renewal that is not noticed': {
    leaseObserved: (lease, record, host, at) => ({
      ...leaseObserved(lease, record, host, at),
      seenAt: lease.record === null ? at : lease.seenAt,
    }),
  },
  'a store that swaps without a look': { compares: false },
};

for (const [name, wrong] of Object.entries(WRONG))
  test(`the search finds what follows from ${name}`, (t) => {
    const { violation } = explore({ ...REAL, ...wrong });
    assert.ok(violation !== null);
    t.diagnostic(`${violation.rule} after ${violation.path.length} steps`);
  });
