import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredIncident } from '../../src/agent/contract.ts';
import { correct, measureHistory } from '../../src/plan/history.ts';
import type { Cause } from '../../src/core/reasons.ts';
import type { Incident } from '../../src/core/state.ts';
import { DEFAULT_FAULT_RATES } from '../../src/model/fault-rates.ts';

const DAY = 86_400_000;

const CRASH: Cause = { code: 'memberFailed', member: 'a', reason: 'exited' };
const HANG: Cause = { code: 'memberFailed', member: 'a', reason: 'silent' };
const GRAY: Cause = { code: 'memberDegraded', member: 'a', reason: 'tooSlow' };

function incident(cause: Cause, change: Partial<Incident> = {}): StoredIncident {
  return {
    startedWallMs: 0,
    incident: {
      id: 1,
      service: 'shop',
      kind: 'failover',
      cause,
      from: 'a',
      to: 'b',
      epoch: 2,
      observeOnly: false,
      outcome: 'succeeded',
      wellUntil: 0,
      startedAt: 0,
      verdictAt: 10,
      servedAt: 20,
      endedAt: 30,
      outageMs: 20,
      steps: { detectMs: 10, decideMs: 1, fenceMs: null, promoteMs: null, switchMs: 5 },
      evidence: [],
      candidates: [],
      timeline: [],
      ...change,
    },
  };
}

function repeated(count: number, make: (index: number) => StoredIncident) {
  return Array.from({ length: count }, (_value, index) => make(index));
}

test('failovers are counted by what failed; planned, shadowed and unfinished ones are none', () => {
  const { rates, incidents } = measureHistory(
    [
      ...repeated(5, () => incident(CRASH)),
      incident(HANG),
      incident(GRAY),
      incident(GRAY, { kind: 'switchover' }),
      incident(CRASH, { observeOnly: true }),
      incident(CRASH, { outcome: 'underWay' }),
    ],
    100 * DAY,
  );
  assert.equal(incidents, 7);
  assert.deepEqual(
    rates.map(({ component, events, everyMs }) => [component, events, everyMs]),
    [
      ['process', 5, 20 * DAY],
      ['hang', 1, 100 * DAY],
      ['degraded', 1, 100 * DAY],
    ],
  );
});

test('a rate has its exact interval, and is used once that spans less than a decade', () => {
  const [crashes, hangs] = measureHistory(
    repeated(4, () => incident(CRASH)),
    100 * DAY,
  ).rates;
  // Garwood, 95 %: 4 events, 1.0899 to 10.2416.
  assert.ok(Math.abs((crashes?.lowerMs ?? 0) / ((100 * DAY) / 10.2416) - 1) < 1e-4);
  assert.ok(Math.abs((crashes?.upperMs ?? 0) / ((100 * DAY) / 1.0899) - 1) < 1e-4);
  assert.equal(crashes?.isEnough, true);
  assert.deepEqual([hangs?.everyMs, hangs?.upperMs, hangs?.isEnough], [null, null, false]);
  const [three] = measureHistory(
    repeated(3, () => incident(CRASH)),
    100 * DAY,
  ).rates;
  assert.equal(three?.isEnough, false);
});

test('enough failures replace the assumption, too few only refute it', () => {
  const enough = measureHistory(
    repeated(6, () => incident(CRASH)),
    60 * DAY,
  );
  assert.equal(correct(enough, DEFAULT_FAULT_RATES, []).rates.process.everyMs, 10 * DAY);

  const few = measureHistory(
    repeated(2, () => incident(CRASH)),
    60 * DAY,
  );
  const kept = correct(few, DEFAULT_FAULT_RATES, []);
  assert.equal(kept.rates.process.everyMs, DEFAULT_FAULT_RATES.process.everyMs);
  assert.ok(!kept.keys.includes('process.every'));

  const refuting = measureHistory(
    repeated(2, () => incident(CRASH)),
    DAY / 10,
  );
  const { rates, keys } = correct(refuting, DEFAULT_FAULT_RATES, []);
  assert.equal(rates.process.everyMs, refuting.rates[0]?.upperMs);
  assert.ok(keys.includes('process.every'));

  const long = measureHistory([], 100_000 * DAY);
  assert.equal(correct(long, DEFAULT_FAULT_RATES, []).rates.hang.everyMs, long.rates[1]?.lowerMs);
});

test('what the operator stated stays, whatever was measured', () => {
  const history = measureHistory(
    repeated(6, () => incident(CRASH)),
    60 * DAY,
  );
  const { rates, keys } = correct(history, DEFAULT_FAULT_RATES, [
    'process.every',
    'failoverSuccess',
  ]);
  assert.equal(rates.process.everyMs, DEFAULT_FAULT_RATES.process.everyMs);
  assert.deepEqual(keys, ['crashDetection']);
});

test('twenty takeovers of twenty do not show more than they do', () => {
  const { coverage } = measureHistory(
    repeated(20, () => incident(CRASH)),
    60 * DAY,
  );
  assert.ok(coverage !== null && Math.abs(coverage.lower - 0.8316) < 1e-3);
  assert.deepEqual([coverage.upper, coverage.isEnough], [1, false]);
  const failing = measureHistory(
    repeated(20, (index) => incident(CRASH, { outcome: index < 10 ? 'failed' : 'succeeded' })),
    60 * DAY,
  );
  assert.equal(correct(failing, DEFAULT_FAULT_RATES, []).rates.coverage, 0.5);
});

function timed(count: number) {
  return measureHistory(
    repeated(count, (index) =>
      incident(HANG, {
        steps: { detectMs: index + 1, decideMs: 1, fenceMs: null, promoteMs: null, switchMs: 5 },
      }),
    ),
    60 * DAY,
  );
}

test('a detection time is used from six on, with the median between the least and the greatest', () => {
  const six = timed(6).times.find(({ name }) => name === 'hangDetection');
  assert.deepEqual(
    [six?.count, six?.meanMs, six?.medianMs, six?.lowerMs, six?.upperMs],
    [6, 3.5, 3.5, 1, 6],
  );
  assert.equal(correct(timed(6), DEFAULT_FAULT_RATES, []).measured.hangDetectionMs, 3.5);
  assert.equal(correct(timed(5), DEFAULT_FAULT_RATES, []).measured.hangDetectionMs, null);
  // The 2nd to the 8th of nine hold the median with 96 %.
  const nine = timed(9).times.find(({ name }) => name === 'hangDetection');
  assert.deepEqual([nine?.lowerMs, nine?.upperMs], [2, 8]);
});
