import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectedNext, noteArrival, startArrivals } from '../../src/core/expected-arrival.ts';

const INTERVAL_MS = 100;

function learn(delaysMs: readonly number[], usual = true): ReturnType<typeof startArrivals> {
  return delaysMs.reduce(
    (arrivals, delayMs, sequence) =>
      noteArrival(arrivals, { sequence, at: sequence * INTERVAL_MS + delayMs, usual }, INTERVAL_MS),
    startArrivals(0),
  );
}

test('before the first beat the next one is expected an interval after the watch began', () => {
  assert.equal(expectedNext(startArrivals(1000), INTERVAL_MS), 1100);
});

test('a steady path is expected to stay as it is', () => {
  assert.ok(Math.abs(expectedNext(learn([20, 20, 20]), INTERVAL_MS) - 320) < 1e-9);
});

test('an early beat does not make the next one due early', () => {
  assert.ok(
    expectedNext(learn([...Array.from({ length: 99 }, () => 20), 1]), INTERVAL_MS) > 10_019,
  );
});

test('a late beat is forgiven at once', () => {
  const delaysMs = [...Array.from({ length: 99 }, () => 20), 70];
  assert.equal(expectedNext(learn(delaysMs), INTERVAL_MS), 9900 + 70 + 100);
});

test('skipped sequences do not shift the usual delay', () => {
  let arrivals = startArrivals(0);
  for (const sequence of [0, 1, 5, 6, 20]) {
    const beat = { sequence, at: sequence * INTERVAL_MS + 20, usual: true };
    arrivals = noteArrival(arrivals, beat, INTERVAL_MS);
  }
  assert.ok(Math.abs(arrivals.meanOffsetMs - 20) < 1e-9);
});

test('an unusual beat leaves the long window alone', () => {
  const before = learn([20, 20, 20]);
  const after = noteArrival(before, { sequence: 3, at: 5000, usual: false }, INTERVAL_MS);
  assert.equal(after.meanOffsetMs, before.meanOffsetMs);
  assert.equal(expectedNext(after, INTERVAL_MS), 5100);
});

test('the long window forgets a delay of the past within a few thousand beats', () => {
  const delaysMs = [
    ...Array.from({ length: 2000 }, () => 60),
    ...Array.from({ length: 4000 }, () => 20),
  ];
  assert.ok(learn(delaysMs).meanOffsetMs < 21);
});
