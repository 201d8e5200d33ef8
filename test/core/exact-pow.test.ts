import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff, leftAfter } from '../../src/core/exact-pow.ts';

test('what is left after a number of half-lives is a power of two, exactly where that is representable', () => {
  for (let whole = 0; whole <= 1074; whole += 1)
    assert.equal(leftAfter(whole) * 2 ** Math.min(whole, 1000) * 2 ** Math.max(0, whole - 1000), 1);
  assert.equal(leftAfter(1100), 0);
  assert.equal(leftAfter(Number.POSITIVE_INFINITY), 0);
});

test('between whole half-lives it is right to a millionth and never grows', () => {
  let last = 1;
  for (let share = 0; share <= 3; share += 0.001) {
    const left = leftAfter(share);
    assert.ok(Math.abs(left / Math.pow(0.5, share) - 1) < 1e-6, `after ${share}`);
    assert.ok(left <= last);
    last = left;
  }
});

test('a pause doubles with each attempt up to the longest one', () => {
  const pauses = [1, 2, 3, 4, 5, 1000].map((attempts) => backoff(attempts, 300, 2000));
  assert.deepEqual(pauses, [300, 600, 1200, 2000, 2000, 2000]);
  assert.equal(backoff(0, 300, 2000), 300);
});
