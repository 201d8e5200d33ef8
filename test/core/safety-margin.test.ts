import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  isFilled,
  noteLateness,
  recordMs,
  startRecord,
  type RecordMargin,
} from '../../src/core/safety-margin.ts';

const WINDOW_MS = 60_000;
const BLOCK_MS = WINDOW_MS / 60;

/** One lateness per block, starting at 0. */
function learn(latenessesMs: readonly number[]): RecordMargin {
  return latenessesMs.reduce(
    (record, latenessMs, i) => noteLateness(record, latenessMs, i * BLOCK_MS, WINDOW_MS),
    startRecord(0),
  );
}

test('within the first window the margin is the largest lateness', () => {
  assert.equal(recordMs(learn([3, 9, 4])), 9);
});

test('a lateness counts at once, not only when its block ends', () => {
  assert.equal(recordMs(noteLateness(startRecord(0), 7, 10, WINDOW_MS)), 7);
});

test('early beats count as no lateness', () => {
  assert.equal(recordMs(noteLateness(startRecord(0), -7, 10, WINDOW_MS)), 0);
});

test('after four windows one extreme lateness does not raise the margin', () => {
  const latenessesMs = Array.from({ length: 300 }, () => 10);
  latenessesMs[200] = 5000;
  assert.equal(recordMs(learn(latenessesMs)), 10);
});

test('after four windows the fourth largest lateness is the margin', () => {
  const latenessesMs = Array.from({ length: 245 }, () => 10);
  [60, 110, 170, 220].forEach((block, i) => (latenessesMs[block] = 100 * (i + 1)));
  assert.equal(recordMs(learn(latenessesMs)), 100);
});

test('a lateness is forgotten after four windows', () => {
  const latenessesMs = [500, ...Array.from({ length: 242 }, () => 10)];
  assert.equal(recordMs(learn(latenessesMs)), 10);
});

test('a long silence rolls many blocks at once and forgets everything', () => {
  const record = noteLateness(learn([9, 9, 9, 9, 9]), 1, 1000 * WINDOW_MS, WINDOW_MS);
  assert.equal(recordMs(record), 0);
  assert.ok(record.blockMaximaMs.length <= 240);
});

test('the margin is filled once a whole window has been seen', () => {
  const record = startRecord(1000);
  assert.equal(isFilled(record, 1000 + WINDOW_MS - 1, WINDOW_MS), false);
  assert.equal(isFilled(record, 1000 + WINDOW_MS, WINDOW_MS), true);
});

test('it agrees with sorting all block maxima, whatever the latenesses', () => {
  const steps = fc.array(fc.record({ lateMs: fc.nat(1000), afterMs: fc.nat(9 * BLOCK_MS) }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (beats) => {
      let at = 0;
      let record = startRecord(0);
      const maxima = new Map<number, number>();
      for (const { lateMs, afterMs } of beats) {
        at += afterMs;
        record = noteLateness(record, lateMs, at, WINDOW_MS);
        const block = Math.floor(at / BLOCK_MS);
        maxima.set(block, Math.max(maxima.get(block) ?? 0, lateMs));
      }
      const current = Math.floor(at / BLOCK_MS);
      const first = Math.max(0, current - 240);
      const kept = Array.from(
        { length: current - first + 1 },
        (_, i) => maxima.get(first + i) ?? 0,
      );
      const rank = Math.max(1, Math.floor((current - first) / 60));
      assert.equal(recordMs(record), kept.toSorted((a, b) => b - a)[rank - 1]);
    }),
  );
});
