import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { HostSample } from '../../src/core/event.ts';
import {
  creditSince,
  noteLateTargets,
  patience,
  sampleHost,
  startObserver,
  unfitness,
  type ObserverState,
} from '../../src/core/local-health.ts';

const LIMITS = { longestTimeoutMs: 300 };
const CLEAN: HostSample = {
  lateMs: 0,
  runDelayMs: 0,
  throttledMs: 0,
  wallStepMs: 0,
  suspendedMs: 0,
  echoMs: 1,
};

function sampled(
  state: ObserverState,
  at: number,
  sample: Partial<HostSample> = {},
): ObserverState {
  return sampleHost(state, { ...CLEAN, ...sample }, at, LIMITS);
}

/** One sample every 100 ms. */
function sampledFor(
  durationMs: number,
  sample: Partial<HostSample>,
  from: ObserverState,
): ObserverState {
  let state = from;
  for (let at = 100; at <= durationMs; at += 100)
    state = sampled(state, from.sampledAt + at, sample);
  return state;
}

test('a fit observer has the patience of one', () => {
  assert.equal(patience(sampledFor(5000, {}, startObserver(0))), 1);
});

for (const [what, sample] of [
  ['a late tick', { lateMs: 30 }],
  ['a processor that others use', { runDelayMs: 40 }],
  ['throttling', { throttledMs: 20 }],
  ['a late echo of its own', { echoMs: 80 }],
  ['a suspend', { suspendedMs: 5000 }],
] as const) {
  test(`${what} raises the score`, () => {
    assert.equal(sampled(startObserver(0), 100, sample).score, 1);
  });
}

for (const [what, sample] of [
  ['usual lag of the timer', { lateMs: 5 }],
  ['a little waiting for the processor', { runDelayMs: 9 }],
  ['a step of the wall clock by an hour forward', { wallStepMs: 3_600_000 }],
  ['a step of the wall clock by an hour back', { wallStepMs: -3_600_000 }],
  ['an echo that was not measured', { echoMs: null }],
] as const) {
  test(`${what} does not raise the score, hold verdicts or credit silences`, () => {
    const state = sampled(startObserver(0), 100, sample);
    assert.equal(state.score, 0);
    assert.equal(state.holdUntil, null);
    assert.equal(state.creditMs, 0);
  });
}

test('steps of the wall clock are counted for display', () => {
  const once = sampled(startObserver(0), 100, { wallStepMs: -3_600_000 });
  assert.equal(sampled(once, 200, { wallStepMs: 3_600_000 }).wallSteps, 2);
});

test('lasting strain raises the score to its top and no further', () => {
  const state = sampledFor(10_000, { runDelayMs: 60 }, startObserver(0));
  assert.equal(state.score, 8);
  assert.equal(patience(state), 9);
});

test('each clean second lowers the score by one', () => {
  const strained = sampledFor(10_000, { runDelayMs: 60 }, startObserver(0));
  assert.equal(sampledFor(900, {}, strained).score, 8);
  assert.equal(sampledFor(1000, {}, strained).score, 7);
  assert.equal(sampledFor(3500, {}, strained).score, 5);
  assert.equal(sampledFor(20_000, {}, strained).score, 0);
});

test('one stall that shows in several samples raises the score once', () => {
  const first = sampled(startObserver(0), 1000, { lateMs: 900 });
  assert.equal(sampled(first, 1001, { lateMs: 800 }).score, 1);
});

test('an own pause credits a silence with exactly their overlap', () => {
  const state = sampled(startObserver(0), 2000, { lateMs: 900 });
  assert.equal(creditSince(state, 0), 900);
  assert.equal(creditSince(state, 1500), 500);
  assert.equal(creditSince(state, 2000), 0);
  assert.equal(state.creditMs, 900);
});

test('overlapping reports of one pause are credited once', () => {
  const first = sampled(startObserver(0), 2000, { lateMs: 900 });
  const second = sampled(first, 2100, { lateMs: 1000 });
  assert.equal(creditSince(second, 0), 1000);
});

test('a suspend holds verdicts but credits nothing, as the monotonic clock stood still', () => {
  const state = sampled(startObserver(0), 1000, { suspendedMs: 3_600_000 });
  assert.equal(unfitness(state, 1299), 'observerUnfit');
  assert.equal(creditSince(state, 0), 0);
});

test('a pause longer than a time-out holds verdicts for one more time-out', () => {
  const state = sampled(startObserver(0), 1000, { lateMs: 301 });
  assert.equal(unfitness(state, 1299), 'observerUnfit');
  assert.equal(unfitness(state, 1300), null);
});

test('a shorter pause holds nothing', () => {
  assert.equal(unfitness(sampled(startObserver(0), 1000, { lateMs: 299 }), 1000), null);
});

test('pauses do not count as usual lag', () => {
  const usual = sampledFor(10_000, { lateMs: 4 }, startObserver(0));
  assert.equal(usual.ownLagP99Ms, 4);
  assert.equal(sampledFor(2000, { lateMs: 500 }, usual).ownLagP99Ms, 4);
});

test('all of several targets late at once is our own fault until one of them answers', () => {
  const late = noteLateTargets(startObserver(0), { late: 2, watched: 2 }, 100);
  assert.equal(late.allLateSince, 100);
  assert.equal(late.score, 0);
  assert.equal(unfitness(late, 100), 'allTargetsLate');
  const still = noteLateTargets(late, { late: 2, watched: 2 }, 200);
  assert.equal(still.allLateSince, 100);
  assert.equal(unfitness(noteLateTargets(still, { late: 1, watched: 2 }, 300), 300), null);
});

test('an own echo on time for two seconds says that it is not us when all targets are late', () => {
  const late = noteLateTargets(
    sampledFor(1000, {}, startObserver(0)),
    { late: 2, watched: 2 },
    1000,
  );
  assert.equal(unfitness(sampledFor(1900, {}, late), 2900), 'allTargetsLate');
  assert.equal(unfitness(sampledFor(2000, {}, late), 3000), null);
});

for (const [what, echoMs] of [
  ['a late echo', 80],
  ['an echo that was not measured', null],
] as const) {
  test(`${what} vouches for nobody when all targets are late`, () => {
    const late = noteLateTargets(startObserver(0), { late: 2, watched: 2 }, 0);
    assert.equal(unfitness(sampledFor(9000, { echoMs }, late), 9000), 'allTargetsLate');
    const broken = sampled(sampledFor(1900, {}, late), 1950, { echoMs });
    assert.equal(unfitness(sampledFor(1900, {}, broken), 3850), 'allTargetsLate');
  });
}

test('a single target that is late says nothing of the observer', () => {
  assert.equal(noteLateTargets(startObserver(0), { late: 1, watched: 1 }, 100).allLateSince, null);
  assert.equal(noteLateTargets(startObserver(0), { late: 0, watched: 0 }, 100).allLateSince, null);
  assert.equal(noteLateTargets(startObserver(0), { late: 1, watched: 2 }, 100).allLateSince, null);
});

test('whatever the samples, score, credit and memory stay within their bounds', () => {
  const sample = fc.record({
    lateMs: fc.nat(5000),
    runDelayMs: fc.nat(500),
    throttledMs: fc.nat(100),
    wallStepMs: fc.integer(),
    suspendedMs: fc.nat(1000),
    echoMs: fc.option(fc.nat(1000)),
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(sample, fc.nat(3000)), { maxLength: 150 }), (samples) => {
      let at = 0;
      let state = startObserver(0);
      for (const [host, afterMs] of samples) {
        at += afterMs;
        state = sampleHost(state, host, at, LIMITS);
        assert.ok(state.score >= 0 && state.score <= 8);
        assert.ok(state.pauses.length <= 32 && state.ownLagsMs.length <= 100);
        for (const since of [0, at / 2, at]) {
          assert.ok(creditSince(state, since) <= at - since + 1e-9);
        }
      }
    }),
  );
});
