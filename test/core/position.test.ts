import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  bytesBetween,
  comparePositions,
  fromPosition,
  lagBetween,
  toPosition,
  isPosition,
  type PositionReport,
} from '../../src/core/position.ts';

const MAX = 2n ** 64n - 1n;
const DOUBLE_MAX = 2n ** 53n;

/** Mostly where a double would round, or 64 bits end. */
const VALUES = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.bigInt({ min: DOUBLE_MAX - 4n, max: DOUBLE_MAX + 4n }),
  fc.bigInt({ min: MAX - 4n, max: MAX }),
  fc.bigInt({ min: 0n, max: 4n }),
);

test('a position survives JSON and comes back as the same number', () => {
  fc.assert(
    fc.property(VALUES, (value) => {
      const stored: unknown = JSON.parse(JSON.stringify(toPosition(value)));
      assert.ok(typeof stored === 'string' && isPosition(stored));
      assert.equal(fromPosition(stored), value);
    }),
  );
});

test('positions are ordered as their numbers are', () => {
  fc.assert(
    fc.property(VALUES, VALUES, (a, b) => {
      const order = comparePositions(toPosition(a), toPosition(b));
      assert.equal(order, a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test('a lag is exact as far as a number is, then stays at the greatest safe integer', () => {
  fc.assert(
    fc.property(VALUES, VALUES, (behind, ahead) => {
      const lag = bytesBetween(toPosition(behind), toPosition(ahead));
      const exact = ahead > behind ? ahead - behind : 0n;
      assert.ok(Number.isSafeInteger(lag));
      assert.equal(BigInt(lag), exact < DOUBLE_MAX ? exact : DOUBLE_MAX - 1n);
    }),
  );
});

test('what has more than 64 bits is no position', () => {
  assert.throws(() => toPosition(-1n), /64 bits/);
  assert.throws(() => toPosition(MAX + 1n), /64 bits/);
});

test('positions of different histories or timelines have no difference', () => {
  const report: PositionReport = {
    history: '7421',
    timeline: 2,
    position: toPosition(5n),
    asOf: 0,
  };
  const ahead = { ...report, position: toPosition(12n) };
  assert.equal(lagBetween(report, ahead), 7);
  assert.equal(lagBetween(ahead, report), 0, 'nobody is behind by less than nothing');
  assert.equal(lagBetween(report, { ...ahead, timeline: 3 }), null);
  assert.equal(lagBetween(report, { ...ahead, history: '9' }), null);
  assert.equal(lagBetween(null, ahead), null);
});
