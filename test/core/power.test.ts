import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doubled, leftAfter } from '../../src/core/power.ts';

test('what is left after a number of half-lives is a power of two, exactly where that is representable', () => {
  for (let whole = 0; whole <= 1074; whole += 1)
    assert.equal(
      leftAfter(whole),
      1 / doubled(1, Math.min(whole, 1000)) / doubled(1, Math.max(0, whole - 1000)),
    );
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

test('doubling is exact', () => {
  assert.equal(doubled(3, 0), 3);
  assert.equal(doubled(500, 16), 32_768_000);
});
