import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { erfc, logNormalTail, predictFalseFailovers } from '../../src/model/false-failovers.ts';
import type { TimingInput } from '../../src/model/timing.ts';

const INPUT: TimingInput = {
  intervalMs: 20,
  timeoutMs: 100,
  maxSilenceMs: 100,
  falseSuspicionEveryMs: 3_600_000,
  exclusive: false,
  seesHangs: true,
  replays: true,
  standby: 'hot',
  startup: null,
  lease: { durationMs: 10_000, renewIntervalMs: 3_000, marginMs: 1_000 },
  degradedAction: 'report',
};

test('erfc agrees with tabulated values to seven digits, in the far tail too', () => {
  // Abramowitz and Stegun, table 7.1, and for 5 the value of its asymptotic series.
  for (const [x, expected] of [
    [0, 1],
    [0.5, 0.4795001222],
    [1, 0.1572992071],
    [2, 0.004677734981],
    [5, 1.5374597944e-12],
    [-1, 1.8427007929],
  ] as const) {
    assert.ok(Math.abs(erfc(x) / expected - 1) < 2e-7, `erfc(${x}) is ${erfc(x)}`);
  }
});

test('half of all pauses exceed their median', () => {
  assert.ok(Math.abs(logNormalTail(250, 250, 1) - 0.5) < 1e-6);
});

test('false failovers are the pauses longer than what is tolerated', () => {
  const { toleratedPauseMs, failoversPerYear, suspicionsPerYear } = predictFalseFailovers(INPUT);
  // A margin of 50 ms after the interval, and two probes of 100 ms; the pause began up to an interval later.
  assert.equal(toleratedPauseMs, 250);
  assert.ok(Math.abs(suspicionsPerYear - 8766) < 1);
  // In the mean phase 260: ln(260/250) = 0.0392, so 0.4844 of 52 596 pauses.
  assert.ok(Math.abs(failoversPerYear.pausing - 25_475) < 30, `${failoversPerYear.pausing}`);
  assert.ok(failoversPerYear.quiet < failoversPerYear.busy);
});

test('a probe that does not see hangs takes no pause for one', () => {
  const { toleratedPauseMs, failoversPerYear } = predictFalseFailovers({
    ...INPUT,
    seesHangs: false,
  });
  assert.equal(toleratedPauseMs, null);
  assert.deepEqual(failoversPerYear, { quiet: 0, busy: 0, pausing: 0 });
});

test('a longer bound never makes false failovers more frequent', () => {
  const ms = fc.integer({ min: 20, max: 10_000 });
  fc.assert(
    fc.property(ms, ms, (maxSilenceMs, moreMs) => {
      const short = predictFalseFailovers({ ...INPUT, maxSilenceMs }).failoversPerYear;
      const long = predictFalseFailovers({
        ...INPUT,
        maxSilenceMs: maxSilenceMs + moreMs,
      }).failoversPerYear;
      assert.ok(long.quiet <= short.quiet && long.pausing <= short.pausing);
    }),
  );
});
