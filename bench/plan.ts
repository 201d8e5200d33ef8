// How fast the reliability model is on one core: schemes that a plan can compare a second, and chains of 10,000 states.
// Each figure is the best of some runs, as others may use the machine. Exits 1 when a bar is missed.
//   node bench/plan.ts [--json]
import { parseArgs } from 'node:util';
import type { Chain, Transition } from '../src/model/chain.ts';
import { downtimeElasticities, schemeFigures } from '../src/model/scheme-figures.ts';
import type { Scheme, StandbyClass } from '../src/model/scheme.ts';
import { stationaryDistribution } from '../src/model/stationary.ts';

const BAR_SCHEMES_PER_SECOND = 1_000;
const BAR_CHAIN_MS = 2_000;
const RUNS = 5;

const HOUR_MS = 3_600_000;

function standby(count: number, standbyFactor: number, failoverMs: number): StandbyClass {
  const failoverHours = failoverMs / HOUR_MS;
  return { count, standbyFactor, failoverHours, undetectedShare: 0.1, warmUp: null };
}

/** Schemes as a plan enumerates them: 0 to 3 standbys of each temperature, and several timings. */
function schemes(): readonly Scheme[] {
  const temperatures = [
    [1, 20],
    [0.7, 60],
    [0.1, 90],
    [0, 4_000],
  ] as const;
  const sets: (readonly StandbyClass[])[] = [[]];
  for (const [factor, failoverMs] of temperatures) {
    for (const count of [1, 2, 3]) sets.push([standby(count, factor, failoverMs)]);
    sets.push([standby(1, factor, failoverMs), standby(1, 0, 4_000)]);
  }
  return sets.flatMap((standbys) =>
    [100, 1_000, 5_000].flatMap((detectionMs) =>
      [null, 50].map((failbackMs) => ({
        failuresPerHour: 1 / 2_000,
        repairHours: 1,
        repairCrews: 1,
        detectionHours: detectionMs / HOUR_MS,
        coverage: 0.995,
        recoveryHours: 0.5,
        commonCauseShare: 0.05,
        rehearsalHours: 24,
        failbackHours: failbackMs === null ? null : failbackMs / HOUR_MS,
        standbys,
      })),
    ),
  );
}

/** Two counters, 100 × 100: members of two kinds that fail and are repaired. */
function grid(side: number, withCommonCause: boolean): Chain {
  const transitions: Transition[] = [];
  const state = (x: number, y: number): number => x * side + y;
  const link = (from: number, to: number, up: number, down: number): void => {
    transitions.push({ from, to, rate: up }, { from: to, to: from, rate: down });
  };
  const worst = side * side - 1;
  for (let x = 0; x < side; x += 1) {
    for (let y = 0; y < side; y += 1) {
      if (x + 1 < side) link(state(x, y), state(x + 1, y), 1e-6 * (side - x), 1);
      if (y + 1 < side) link(state(x, y), state(x, y + 1), 1e-2 * (side - y), 1e3);
      if (withCommonCause && state(x, y) < worst)
        transitions.push({ from: state(x, y), to: worst, rate: 1e-7 });
    }
  }
  return { size: side * side, transitions };
}

/** One counter, 10,000 states. */
function birthDeath(size: number): Chain {
  const transitions = Array.from({ length: size - 1 }, (_value, state) => [
    { from: state, to: state + 1, rate: 1e-3 * (size - state) },
    { from: state + 1, to: state, rate: 10 },
  ]).flat();
  return { size, transitions };
}

/** Links to anywhere: too entangled to eliminate. */
function entangled(size: number): Chain {
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const transitions: Transition[] = [];
  for (let from = 0; from < size; from += 1) {
    transitions.push({ from, to: (from + 1) % size, rate: random() });
    for (let link = 0; link < 3; link += 1) {
      const to = Math.floor(random() * size);
      if (to !== from) transitions.push({ from, to, rate: 10 ** (12 * random() - 6) });
    }
  }
  return { size, transitions };
}

function bestMs(work: () => void): number {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const plan = schemes();
const figuresMs = bestMs(() => plan.forEach((scheme) => schemeFigures(scheme)));
const elasticityMs = bestMs(() => plan.forEach((scheme) => downtimeElasticities(scheme)));
const chains = {
  'one counter': birthDeath(10_000),
  'two counters': grid(100, false),
  'two counters, common cause': grid(100, true),
  'links to anywhere': entangled(10_000),
};
const results = {
  schemes: plan.length,
  schemesPerSecond: Math.round((1_000 * plan.length) / figuresMs),
  schemesWithElasticitiesPerSecond: Math.round((1_000 * plan.length) / elasticityMs),
  chainMs: Object.fromEntries(
    Object.entries(chains).map(([name, chain]) => [
      name,
      Math.round(bestMs(() => stationaryDistribution(chain))),
    ]),
  ),
};
if (values.json) console.log(JSON.stringify(results));
else {
  console.log(`${results.schemes} schemes, 1 to 4 members, 4 to 60 states`);
  console.log(`  figures         ${results.schemesPerSecond} schemes/s`);
  console.log(`  elasticities    ${results.schemesWithElasticitiesPerSecond} schemes/s`);
  console.log('stationary distribution of 10,000 states');
  for (const [name, ms] of Object.entries(results.chainMs)) console.log(`  ${name}: ${ms} ms`);
}
const slowest = Math.max(...Object.values(results.chainMs));
if (results.schemesPerSecond < BAR_SCHEMES_PER_SECOND || slowest > BAR_CHAIN_MS) {
  console.error(
    `missed: at least ${BAR_SCHEMES_PER_SECOND} schemes/s and at most ${BAR_CHAIN_MS} ms are wanted`,
  );
  process.exitCode = 1;
}
