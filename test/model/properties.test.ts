import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { meanTimeTo } from '../../src/model/absorption.ts';
import { type Block, blockReliability } from '../../src/model/blocks.ts';
import { blockImportance } from '../../src/model/importance.ts';
import { startIn } from '../../src/model/initial.ts';
import { rateInterval, shareInterval } from '../../src/model/intervals.ts';
import { repairableMttf, repairableReliability } from '../../src/model/repairable-group.ts';
import {
  downtimeElasticities,
  designFigures,
  designMttfHours,
} from '../../src/model/design-figures.ts';
import type { RedundancyDesign } from '../../src/model/design.ts';
import { type StandbyGroup, groupMttf, groupReliability } from '../../src/model/standby-group.ts';
import { stationaryDistribution } from '../../src/model/stationary.ts';
import { transientSolution } from '../../src/model/transient.ts';
import { type ExactLink, exactMeanTimes, exactStationary } from './exact-chain.ts';
import { exactly, toNumber } from './rational.ts';

// What must hold for every group, diagram, chain and scheme.

const share = fc.double({ min: 0, max: 1, noNaN: true });
/** Rates and times over 12 decades. */
const decades = fc.double({ min: -6, max: 6, noNaN: true }).map((power) => 10 ** power);

const group: fc.Arbitrary<StandbyGroup> = fc.record({
  active: fc.integer({ min: 1, max: 30 }),
  standbys: fc.integer({ min: 0, max: 20 }),
  failureRate: decades,
  standbyFactor: share,
  coverage: share,
});

/** Mean number of failures of a member by then: beyond some hundreds nothing is left to compare. */
const ages = fc.double({ min: -8, max: 2, noNaN: true }).map((power) => 10 ** power);

function near(a: number, b: number, tolerance: number): void {
  assert.ok(a === b || Math.abs(a - b) <= tolerance * Math.abs(b), `${a} is not ${b}`);
}

test('the reliability of a group never rises with time, and its complement never falls', () => {
  fc.assert(
    fc.property(group, ages, ages, (figures, age, more) => {
      const early = groupReliability(figures, age / figures.failureRate);
      const late = groupReliability(figures, (age + more) / figures.failureRate);
      assert.ok(late.reliability <= early.reliability * (1 + 1e-12));
      assert.ok(late.unreliability >= early.unreliability * (1 - 1e-12));
    }),
  );
});

test('reliability and unreliability are probabilities that add up to 1', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const { reliability, unreliability } = groupReliability(figures, age / figures.failureRate);
      assert.ok(reliability >= 0 && reliability <= 1 && unreliability >= 0 && unreliability <= 1);
      near(reliability + unreliability, 1, 1e-15);
    }),
  );
});

test('hot lasts no longer than warm, and warm no longer than cold, with perfect switches', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const time = age / figures.failureRate;
      const at = (standbyFactor: number) => ({ ...figures, coverage: 1, standbyFactor });
      const [hot, warm, cold] = [at(1), at(figures.standbyFactor), at(0)];
      assert.ok(groupMttf(hot) <= groupMttf(warm) * (1 + 1e-12));
      assert.ok(groupMttf(warm) <= groupMttf(cold) * (1 + 1e-12));
      const [q1, q2, q3] = [hot, warm, cold].map(
        (each) => groupReliability(each, time).unreliability,
      );
      assert.ok(q1! >= q2! * (1 - 1e-12) && q2! >= q3! * (1 - 1e-12), `${q1} ${q2} ${q3}`);
    }),
  );
});

test('no coverage is better than full coverage', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const time = age / figures.failureRate;
      const full = { ...figures, coverage: 1 };
      assert.ok(groupMttf(figures) <= groupMttf(full) * (1 + 1e-12));
      assert.ok(
        groupReliability(figures, time).reliability <=
          groupReliability(full, time).reliability + 1e-15,
      );
    }),
  );
});

test('a tiny standby factor meets cold standby, and 1 meets hot redundancy', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const time = age / figures.failureRate;
      const at = (standbyFactor: number) => ({ ...figures, coverage: 1, standbyFactor });
      const cold = groupReliability(at(0), time).unreliability;
      near(groupReliability(at(1e-15), time).unreliability, cold, 1e-10);
      const members = figures.active + figures.standbys;
      const q = -Math.expm1(-age);
      const block: Block = {
        kind: 'kOutOfN',
        needed: figures.active,
        blocks: Array.from({ length: members }, (_value, index) => ({
          kind: 'component',
          name: `${index}`,
          survival: { reliability: Math.exp(-age), unreliability: q },
        })),
      };
      near(
        groupReliability(at(1), time).unreliability,
        blockReliability(block).unreliability,
        1e-11,
      );
    }),
  );
});

test('a group without standbys is a series', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const time = age / figures.failureRate;
      const bare = groupReliability({ ...figures, standbys: 0 }, time);
      near(bare.unreliability, -Math.expm1(-figures.active * age), 1e-11);
    }),
  );
});

test('the closed form of a group agrees with its chain when repairs take for ever', () => {
  fc.assert(
    fc.property(group, ages, (figures, age) => {
      const small = { ...figures, active: 2, standbys: Math.min(4, figures.standbys) };
      const time = Math.min(age, 20) / small.failureRate;
      const chained = {
        ...small,
        repairRate: small.failureRate * 1e-30,
        crews: 1,
        recoveryRate: 1,
        whenDown: 'idle' as const,
      };
      const expected = groupReliability(small, time);
      const actual = repairableReliability(chained, time);
      near(actual.unreliability, expected.unreliability, 1e-10);
      near(repairableMttf(chained), groupMttf(small), 1e-9);
    }),
    { numRuns: 50 },
  );
});

const diagram = fc.letrec<{ block: Block }>((tie) => ({
  block: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0.5, 0.1, 1e-3))
      .map(([index]): Block => ({
        kind: 'component',
        name: `c${index}`,
        survival: { reliability: 1 - 0.1 ** (index + 1), unreliability: 0.1 ** (index + 1) },
      })),
    fc
      .array(tie('block'), { minLength: 1, maxLength: 3 })
      .map((blocks): Block => ({ kind: 'series', blocks })),
    fc
      .array(tie('block'), { minLength: 1, maxLength: 3 })
      .map((blocks): Block => ({ kind: 'parallel', blocks })),
    fc
      .array(tie('block'), { minLength: 1, maxLength: 3 })
      .chain((blocks) =>
        fc
          .integer({ min: 1, max: blocks.length })
          .map((needed): Block => ({ kind: 'kOutOfN', needed, blocks })),
      ),
  ),
})).block;

function works(block: Block, well: (name: string) => boolean): boolean {
  if (block.kind === 'component') return well(block.name);
  const count = block.blocks.filter((part) => works(part, well)).length;
  if (block.kind === 'series') return count === block.blocks.length;
  return count >= (block.kind === 'parallel' ? 1 : block.needed);
}

/** P(the diagram fails), over all 64 states of six components. */
function enumerated(block: Block, known: ReadonlyMap<string, boolean>): number {
  let total = 0;
  for (let bits = 0; bits < 64; bits += 1) {
    const well = (name: string): boolean => ((bits >> Number(name.slice(1))) & 1) === 1;
    let weight = 1;
    for (let index = 0; index < 6; index += 1) {
      const q = 0.1 ** (index + 1);
      const isWell = well(`c${index}`);
      const fixed = known.get(`c${index}`);
      if (fixed !== undefined) weight *= isWell === fixed ? 1 : 0;
      else weight *= isWell ? 1 - q : q;
    }
    if (!works(block, well)) total += weight;
  }
  return total;
}

test('a diagram fails as often as the states in which it fails, shared components included', () => {
  fc.assert(
    fc.property(diagram, (block) => {
      near(blockReliability(block).unreliability, enumerated(block, new Map()), 1e-12);
    }),
  );
});

test("Birnbaum's importance is the difference that a component makes", () => {
  fc.assert(
    fc.property(diagram, (block) => {
      for (const { name, birnbaum } of blockImportance(block)) {
        const without = enumerated(block, new Map([[name, false]]));
        const difference = without - enumerated(block, new Map([[name, true]]));
        assert.ok(Math.abs(birnbaum - difference) <= 1e-15 + 1e-12 * difference, name);
      }
    }),
  );
});

/** Six states in a ring, so that it is irreducible, with further links. */
const ring = fc
  .record({
    round: fc.array(decades, { minLength: 6, maxLength: 6 }),
    extra: fc.array(
      fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 5 }), decades),
      { maxLength: 12 },
    ),
  })
  .map(({ round, extra }) => ({
    size: 6,
    transitions: [
      ...round.map((rate, from) => ({ from, to: (from + 1) % 6, rate })),
      ...extra.map(([from, ahead, rate]) => ({ from, to: (from + ahead) % 6, rate })),
    ],
  }));

const linksOf = (chain: { transitions: readonly { from: number; to: number; rate: number }[] }) =>
  chain.transitions.map(({ from, to, rate }): ExactLink => [from, to, exactly(rate)]);

test('chains with rates over 12 decades are solved to nearly the last digit', () => {
  fc.assert(
    fc.property(ring, (chain) => {
      const { distribution } = stationaryDistribution(chain);
      exactStationary(6, linksOf(chain)).forEach((exact, state) => {
        near(distribution[state]!, toNumber(exact), 1e-13);
      });
      const exactMean = toNumber(exactMeanTimes(6, linksOf(chain), [5])[0]!);
      near(meanTimeTo(chain, startIn(6, 0), [5]), exactMean, 1e-13);
    }),
    { numRuns: 60 },
  );
});

test('in the long run a chain is where its stationary distribution says', () => {
  fc.assert(
    fc.property(ring, (chain) => {
      const { distribution } = transientSolution(chain, startIn(6, 2), 1e9);
      const limit = stationaryDistribution(chain).distribution;
      distribution.forEach((value, state) => near(value, limit[state]!, 1e-10));
    }),
    { numRuns: 60 },
  );
});

test('where a chain is after two spans is where the second takes it from the end of the first', () => {
  fc.assert(
    fc.property(ring, decades, decades, (chain, first, second) => {
      const whole = transientSolution(chain, startIn(6, 0), first + second);
      const half = transientSolution(chain, startIn(6, 0), first);
      const total = half.distribution.reduce((sum, p) => sum + p, 0);
      const middle = half.distribution.map((p) => Math.min(1, p / total));
      const rest = transientSolution(chain, middle, second);
      whole.distribution.forEach((p, state) => near(rest.distribution[state]!, p, 1e-9));
      whole.occupancy.forEach((spent, state) =>
        near(half.occupancy[state]! + rest.occupancy[state]!, spent, 1e-9),
      );
    }),
    { numRuns: 60 },
  );
});

const hours = fc.double({ min: -6, max: 2, noNaN: true }).map((power) => 10 ** power);
const scheme: fc.Arbitrary<RedundancyDesign> = fc.record({
  failuresPerHour: fc.double({ min: -7, max: -1, noNaN: true }).map((power) => 10 ** power),
  repairHours: hours,
  repairCrews: fc.integer({ min: 1, max: 3 }),
  detectionHours: fc.oneof(fc.constant(0), hours),
  coverage: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  recoveryHours: fc.oneof(fc.constant(0), hours),
  commonCauseShare: fc.double({ min: 0, max: 0.9, noNaN: true }),
  rehearsalHours: fc.option(hours),
  failbackHours: fc.option(fc.oneof(fc.constant(0), hours)),
  standbys: fc.array(
    fc.record({
      count: fc.integer({ min: 1, max: 3 }),
      standbyFactor: share,
      failoverHours: fc.oneof(fc.constant(0), hours),
      undetectedShare: share,
      warmUp: fc.option(fc.record({ hours, servingShare: share })),
    }),
    { maxLength: 2 },
  ),
});

test('the figures of a scheme add up', () => {
  fc.assert(
    fc.property(scheme, (each) => {
      const figures = designFigures(each);
      near(figures.availability + figures.unavailability, 1, 1e-14);
      const parts = Object.values(figures.downtimeMinutesByPhase).reduce((sum, part) => sum + part);
      near(parts, figures.downtimeMinutesPerYear, 1e-12);
      assert.ok(figures.servingShare <= figures.availability * (1 + 1e-14));
      near(figures.servingShare + figures.shortfall, 1, 1e-14);
    }),
    { numRuns: 60 },
  );
});

test('a scheme lasts longest until its first loss when every failover is covered', () => {
  fc.assert(
    fc.property(scheme, hours, (figures, recoveryHours) => {
      // Up to the first failover that is not covered, both run alike; with recovery at once it would be no loss.
      const each = { ...figures, recoveryHours };
      const imperfect = designMttfHours(each, 'unbridged');
      const perfect = designMttfHours({ ...each, coverage: 1 }, 'unbridged');
      assert.ok(imperfect <= perfect * (1 + 1e-11), `${imperfect} is more than ${perfect}`);
    }),
    { numRuns: 60 },
  );
});

test('elasticities balance: a slower clock changes rates and durations alike, and no downtime', () => {
  const isTime = /Time$|Interval$/;
  fc.assert(
    fc.property(scheme, (each) => {
      const all = downtimeElasticities(each);
      const rate = all.find(({ parameter }) => parameter === 'failureRate')?.elasticity ?? 0;
      const times = all
        .filter(({ parameter }) => isTime.test(parameter))
        .reduce((sum, { elasticity }) => sum + elasticity, 0);
      const size = all.reduce((sum, { elasticity }) => sum + Math.abs(elasticity), 0);
      assert.ok(Math.abs(rate - times) < 1e-8 * (1 + size), `${rate} is not ${times}`);
    }),
    { numRuns: 60 },
  );
});

test('exact intervals contain the estimate, and more data of the same kind narrow them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 500 }), (n, extra) => {
      const trials = n + extra;
      const one = shareInterval(n, trials, 0.95);
      const ten = shareInterval(10 * n, 10 * trials, 0.95);
      assert.ok(one.lower <= n / trials && n / trials <= one.upper);
      assert.ok(ten.upper - ten.lower <= one.upper - one.lower);
      const rate = rateInterval(n, extra, 0.95);
      assert.ok(rate.lower <= n / extra && n / extra <= rate.upper);
    }),
  );
});
