import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { CoreConfig } from '../../src/core/config.ts';
import { activeHere } from '../../src/core/state.ts';
import * as doubt from '../../src/core/suspicion.ts';
import { BAD_WINDOWS } from '../../src/core/outlier-detection.ts';
import * as silence from '../../src/core/heartbeat-timeout.ts';
import { SAMPLE_MS } from '../../src/drivers/traffic/proxy/watch.ts';
import { MARGIN_FLOOR_MS, predictFalseFailovers } from '../../src/model/false-failovers.ts';
import {
  CONFIRMING_PROBES,
  GRAY_WINDOW,
  GRAY_WINDOWS,
  type FaultKind,
  type TimingInput,
  predictTakeovers,
} from '../../src/model/timing.ts';
import { coreConfig } from '../core/configs.ts';
import { World } from '../core/world.ts';

// The model may not import the core, so its figures are held to what the core does in a simulated world.

const WARM_UP_MS = 3000;
/** The phase of a fault is drawn in steps of a tenth of a millisecond. */
const PHASES = 10;
/** The margin of a detector that has not learnt yet, where the bound is not below it. */
const START_MARGIN_MS = 1000;

type Timings = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxSilenceMs: number;
  readonly exclusive: boolean;
};

const timings = fc
  .record({
    intervalMs: fc.integer({ min: 10, max: 300 }),
    timeoutMs: fc.integer({ min: 10, max: 1000 }),
    slackMs: fc.integer({ min: 0, max: 1000 }),
    exclusive: fc.boolean(),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ slackMs, share, ...rest }) => ({
    ...rest,
    maxSilenceMs: Math.max(rest.timeoutMs, 3 * rest.intervalMs) + slackMs,
    phaseMs: Math.round(share * rest.intervalMs * PHASES) / PHASES,
  }));

function configOf({ exclusive, ...times }: Timings, falseSuspicionEveryMs = 3_600_000): CoreConfig {
  return coreConfig({ exclusive, detection: { ...times, falseSuspicionEveryMs } });
}

function inputOf(times: Timings): TimingInput {
  return {
    ...times,
    falseSuspicionEveryMs: 3_600_000,
    seesHangs: true,
    replays: false,
    standby: 'hot',
    startup: null,
    lease: { durationMs: 10_000, renewIntervalMs: 3000, marginMs: 1000 },
    degradedAction: 'switchover',
  };
}

function takeoverOf(times: Timings, kind: FaultKind): { p50Ms: number; p99Ms: number } {
  const takeover = predictTakeovers(inputOf(times)).find(({ fault }) => fault === kind)?.takeover;
  assert.ok(takeover !== null && takeover !== undefined, kind);
  return takeover;
}

/** A world that has run for a while, at a given phase of its probes. */
function settled(config: CoreConfig, phaseMs: number, warmUpMs = WARM_UP_MS): World {
  const world = new World(config);
  world.start();
  world.run(warmUpMs + phaseMs);
  assert.equal(activeHere(world.service), 'a');
  return world;
}

/** Time until b is active, ms. */
function takeoverTime(world: World, withinMs: number): number {
  const from = world.now;
  while (activeHere(world.service) !== 'b') {
    assert.ok(world.now - from <= withinMs, `still not moved after ${world.now - from} ms`);
    world.run(1);
  }
  return world.now - from;
}

test('the constants of the model are those of the core and of the data plane', () => {
  assert.equal(CONFIRMING_PROBES, doubt.CONFIRMING_PROBES);
  assert.equal(MARGIN_FLOOR_MS, silence.MARGIN_FLOOR_MS);
  assert.equal(GRAY_WINDOWS, BAD_WINDOWS);
  assert.ok(GRAY_WINDOW.p50Ms >= SAMPLE_MS && GRAY_WINDOW.p99Ms < 1.2 * SAMPLE_MS);
});

test('a hang is moved away from within the predicted p99, and not long before', () => {
  fc.assert(
    fc.property(timings, ({ phaseMs, ...times }) => {
      const world = settled(configOf(times), phaseMs);
      world.process('a').hung = true;
      // The last look may fall on the very millisecond of the fault, which is the hundredth hundredth of the phase.
      const latestMs = takeoverOf(times, 'hang').p99Ms + times.intervalMs / 100 + 1;
      const tookMs = takeoverTime(world, latestMs);
      const silenceMs = Math.min(times.maxSilenceMs, times.intervalMs + START_MARGIN_MS);
      const leastMs = silenceMs - times.intervalMs + CONFIRMING_PROBES * times.timeoutMs;
      assert.ok(tookMs >= leastMs - 1, `${tookMs} ms, expected ${leastMs} or more`);
    }),
    { numRuns: 60 },
  );
});

test('a crash is moved away from within the predicted p99', () => {
  fc.assert(
    fc.property(timings, ({ phaseMs, ...times }) => {
      const world = settled(configOf(times), phaseMs);
      world.exit('a');
      takeoverTime(world, takeoverOf(times, 'crash').p99Ms);
    }),
    { numRuns: 30 },
  );
});

test('a pause that is said to be tolerated causes no takeover, even with the smallest margin', () => {
  fc.assert(
    fc.property(timings, fc.boolean(), ({ phaseMs, ...times }, learnt) => {
      // With a short memory the margin has been learnt by then, and is as small as it gets.
      const config = configOf(times, learnt ? WARM_UP_MS : 3_600_000);
      const world = settled(config, phaseMs, 2 * WARM_UP_MS);
      const { toleratedPauseMs } = predictFalseFailovers(inputOf(times));
      assert.ok(toleratedPauseMs !== null);
      world.process('a').hung = true;
      // This world answers at the next look, where a real member answers those that wait for it.
      world.run(Math.max(0, toleratedPauseMs - times.intervalMs - 1));
      world.process('a').hung = false;
      world.run(3000);
      assert.equal(activeHere(world.service), 'a');
      assert.equal(world.service.incident, null);
    }),
    { numRuns: 60 },
  );
});

test('a member that pauses for much longer than is tolerated is replaced', () => {
  fc.assert(
    fc.property(timings, ({ phaseMs, ...times }) => {
      const world = settled(configOf(times, WARM_UP_MS), phaseMs, 2 * WARM_UP_MS);
      const { toleratedPauseMs } = predictFalseFailovers(inputOf(times));
      assert.ok(toleratedPauseMs !== null);
      world.process('a').hung = true;
      world.run(toleratedPauseMs + 2 * times.intervalMs + 20);
      world.process('a').hung = false;
      world.run(100);
      assert.equal(activeHere(world.service), 'b');
    }),
    { numRuns: 30 },
  );
});

test('as many bad windows as predicted make an active that serves badly give way', () => {
  const times = { intervalMs: 100, timeoutMs: 300, maxSilenceMs: 300, exclusive: false };
  const world = settled(configOf(times), 0);
  const bad = { requests: 3, errors: 0, p95Ms: 250, waiting: 0, oldestWaitMs: 0 };
  let windows = 0;
  while (activeHere(world.service) === 'a' && windows < 100) {
    world.run(SAMPLE_MS);
    windows += 1;
    world.deliver({
      type: 'trafficSampled',
      at: world.now,
      service: 'shop',
      member: 'a',
      windowMs: SAMPLE_MS,
      ...bad,
    });
    world.run(5);
  }
  assert.equal(windows, GRAY_WINDOWS);
  assert.ok(windows * SAMPLE_MS <= takeoverOf(times, 'slow').p50Ms);
});

test('a drain before a planned takeover has duration − margin − renew of the lease left, and no more is added', () => {
  const lease = { durationMs: 10_000, renewIntervalMs: 3000, marginMs: 1000 };
  const leftMs = lease.durationMs - lease.marginMs - lease.renewIntervalMs;
  const times = { intervalMs: 100, timeoutMs: 300, maxSilenceMs: 300, exclusive: true };
  const leftAtDrain = (phaseMs: number): number => {
    const world = settled(configOf(times), phaseMs);
    const drains = { type: 'drainTraffic', member: 'a', fault: 'driverFailed', times: 1 } as const;
    world.rules.push({ ...drains, outcome: 'delay', delayMs: 4900 });
    world.deliver({ type: 'switchoverRequested', at: world.now, service: 'shop', to: 'b' });
    const from = world.issued.length;
    const hold = world.issued.findLast(
      (effect) => effect.type === 'switchTraffic' && effect.route.active === null,
    );
    assert.ok(hold?.type === 'switchTraffic' && hold.route.leaseUntil !== null);
    const beganAt = world.now;
    world.run(4900);
    const later = world.issued.slice(from).map(({ type }) => type);
    assert.ok(!later.includes('switchTraffic') && !later.includes('renewLease'), later.join());
    return hold.route.leaseUntil - beganAt;
  };
  const left = Array.from({ length: 31 }, (_, step) => leftAtDrain(step * 100));
  assert.ok(Math.min(...left) >= leftMs - 1, `${Math.min(...left)} ms left`);
  assert.ok(Math.min(...left) <= leftMs + 100, `${Math.min(...left)} ms left at worst`);
});
