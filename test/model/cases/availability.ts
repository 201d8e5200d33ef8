import { meanTimeTo } from '../../../src/model/absorption.ts';
import type { Chain } from '../../../src/model/chain.ts';
import { startIn } from '../../../src/model/initial.ts';
import { rateInterval, shareInterval } from '../../../src/model/intervals.ts';
import {
  type RepairableGroup,
  groupUnavailability,
  repairableMttf,
} from '../../../src/model/repairable-group.ts';
import { designFigures, designMttfHours } from '../../../src/model/design-figures.ts';
import type { RedundancyDesign } from '../../../src/model/design.ts';
import { stationaryDistribution } from '../../../src/model/stationary.ts';
import { transientSolution } from '../../../src/model/transient.ts';
import { type ExactLink, exactMeanTimes, exactStationary } from '../exact-chain.ts';
import {
  ONE,
  type Rational,
  add,
  choose,
  div,
  exp,
  mul,
  power,
  rational,
  sub,
  sum,
  toNumber,
} from '../rational.ts';
import { type Case, EXACT } from './case.ts';

const PAIR: RepairableGroup = {
  active: 1,
  standbys: 1,
  failureRate: 0.001,
  standbyFactor: 1,
  coverage: 1,
  repairRate: 0.1,
  crews: 1,
  recoveryRate: 1,
  whenDown: 'running',
};
const RHO = rational('0.01');

/** Rates over 12 decades: failures in decades, failovers in milliseconds. */
const STIFF: readonly (readonly [number, number, string])[] = [
  [0, 1, '1e-6'],
  [1, 2, '990000'],
  [1, 3, '10000'],
  [2, 0, '0.25'],
  [2, 4, '1e-6'],
  [3, 2, '2'],
  [4, 2, '0.25'],
  [0, 4, '1e-8'],
  [4, 5, '1e-3'],
  [5, 0, '1e-2'],
];
const STIFF_CHAIN: Chain = {
  size: 6,
  transitions: STIFF.map(([from, to, rate]) => ({ from, to, rate: Number(rate) })),
};
const STIFF_LINKS = STIFF.map(([from, to, rate]): ExactLink => [from, to, rational(rate)]);

/** One standby, everything on: built here by hand, state by state. */
const SCHEME: RedundancyDesign = {
  failuresPerHour: 0.0005,
  repairHours: 4,
  repairCrews: 1,
  detectionHours: 0.0001,
  coverage: 0.99,
  recoveryHours: 0.5,
  commonCauseShare: 0.02,
  rehearsalHours: 24,
  failbackHours: null,
  standbys: [
    { count: 1, standbyFactor: 0.5, failoverHours: 0.0002, undetectedShare: 0.2, warmUp: null },
  ],
};

/**
 * With standby ready 0, hidden failure 1, in repair 2; detecting with each 3 4 5; switching with each 6 7 8;
 * recovering with each 9 10 11; exhausted 12.
 */
function schemeLinks(): readonly ExactLink[] {
  const lambda = rational('0.0005');
  const alone = mul(lambda, rational('0.98'));
  const common = mul(lambda, rational('0.02'));
  const standby = mul(alone, rational('0.5'));
  const hidden = mul(standby, rational('0.2'));
  const seen = mul(standby, rational('0.8'));
  const repair = rational('0.25');
  const detect = rational(10_000);
  const switching = rational(5_000);
  const links: ExactLink[] = [];
  for (const phase of [0, 3, 6, 9]) {
    links.push([phase, phase + 1, hidden], [phase, phase + 2, seen]);
    links.push([phase + 1, phase + 2, div(rational(2), rational(24))], [phase + 2, phase, repair]);
  }
  for (const standbyState of [0, 1, 2])
    links.push([standbyState, 3 + standbyState, alone], [standbyState, 5, common]);
  for (const standbyState of [0, 1]) {
    links.push([3 + standbyState, 6 + standbyState, mul(detect, rational('0.99'))]);
    links.push([3 + standbyState, 9 + standbyState, mul(detect, rational('0.01'))]);
  }
  links.push([5, 12, detect], [6, 2, switching], [7, 12, switching], [8, 12, switching]);
  links.push([9, 2, rational(2)], [10, 12, rational(2)], [11, 12, rational(2)], [12, 2, repair]);
  return links;
}

const schemeStationary = exactStationary(13, schemeLinks());
const downOf = (states: readonly Rational[], from: number): Rational =>
  states.slice(from).reduce((total, p) => add(total, p), rational(0));

const birthDeath = (size: number, up: number, down: number): Chain => ({
  size,
  transitions: Array.from({ length: size - 1 }, (_value, state) => [
    { from: state, to: state + 1, rate: up },
    { from: state + 1, to: state, rate: down },
  ]).flat(),
});

/** Two states: the unavailability at t, λ/(λ+μ) (1 − e^(−(λ+μ)t)). */
function pointUnavailability(failure: string, repair: string, time: string): number {
  const total = add(rational(failure), rational(repair));
  const decay = exp(mul(rational(-1), total, rational(time)));
  return toNumber(mul(div(rational(failure), total), sub(ONE, decay)));
}

/** The mean of it over (0, t): λ/(λ+μ) (1 − (1 − e^(−(λ+μ)t)) / ((λ+μ)t)). */
function meanUnavailability(failure: string, repair: string, time: string): number {
  const total = add(rational(failure), rational(repair));
  const decay = exp(mul(rational(-1), total, rational(time)));
  const settled = div(sub(ONE, decay), mul(total, rational(time)));
  return toNumber(mul(div(rational(failure), total), sub(ONE, settled)));
}

const twoStates = (failure: string, repair: string, time: string) => {
  const chain = {
    size: 2,
    transitions: [
      { from: 0, to: 1, rate: Number(failure) },
      { from: 1, to: 0, rate: Number(repair) },
    ],
  };
  return transientSolution(chain, startIn(2, 0), Number(time));
};

const twoStateCases = (failure: string, repair: string, time: string): readonly Case[] => [
  {
    name: `λ = ${failure}, μ = ${repair}: unavailability at ${time}`,
    source: 'Trivedi 2002, 8.2: two-state model, to 380 digits',
    ours: twoStates(failure, repair, time).distribution[1] ?? NaN,
    theirs: pointUnavailability(failure, repair, time),
    tolerance: EXACT,
  },
  {
    name: `λ = ${failure}, μ = ${repair}: interval unavailability until ${time}`,
    source: 'its integral, to 380 digits',
    ours: (twoStates(failure, repair, time).occupancy[1] ?? NaN) / Number(time),
    theirs: meanUnavailability(failure, repair, time),
    tolerance: EXACT,
  },
];

export const AVAILABILITY_CASES: readonly Case[] = [
  {
    name: 'hot pair, one crew, λ/μ = 0.01: unavailability',
    source: 'Trivedi 2002, 8.2: 2ρ² / (1 + 2ρ + 2ρ²)',
    ours: groupUnavailability(PAIR),
    theirs: toNumber(
      div(
        mul(rational(2), power(RHO, 2)),
        add(ONE, mul(rational(2), RHO), mul(rational(2), power(RHO, 2))),
      ),
    ),
    tolerance: EXACT,
  },
  {
    name: 'hot pair, one crew: MTTF',
    source: 'Trivedi 2002, 8.5: (3λ + μ) / 2λ²',
    ours: repairableMttf(PAIR),
    theirs: toNumber(div(rational('0.103'), rational('0.000002'))),
    tolerance: EXACT,
  },
  {
    name: 'cold pair, one crew, λ/μ = 0.01: unavailability',
    source: 'Trivedi 2002, 8.2: ρ² / (1 + ρ + ρ²)',
    ours: groupUnavailability({ ...PAIR, standbyFactor: 0 }),
    theirs: toNumber(div(power(RHO, 2), add(ONE, RHO, power(RHO, 2)))),
    tolerance: EXACT,
  },
  {
    name: '25 of 50 hot, a crew each, λ/μ = 0.01: unavailability',
    source: 'independent members: binomial sum, in fractions',
    ours: groupUnavailability({ ...PAIR, active: 25, standbys: 25, crews: 50 }),
    theirs: toNumber(
      sum(25, (up) => div(mul(choose(50, up), power(RHO, 50 - up)), power(add(ONE, RHO), 50))),
    ),
    tolerance: EXACT,
  },
  {
    name: '2 of 3 hot, one crew, idle when down, λ/μ = 0.01: unavailability',
    source: 'birth–death: 6ρ² / (1 + 3ρ + 6ρ²)',
    ours: groupUnavailability({ ...PAIR, active: 2, standbys: 1, whenDown: 'idle' }),
    theirs: 0.0006 / 1.0306,
    tolerance: EXACT,
  },
  {
    name: 'birth–death of 1,000 states, ρ = 0.5: probability of state 999',
    source: 'M/M/1/K: ρ^K (1 − ρ) / (1 − ρ^(K+1))',
    ours: stationaryDistribution(birthDeath(1000, 1, 2)).distribution[999] ?? NaN,
    theirs: 2 ** -1000,
    tolerance: EXACT,
  },
  ...twoStateCases('1e-9', '0.5', '1e-3'),
  ...twoStateCases('0.001', '0.1', '10'),
  ...twoStateCases('1e-6', '72000', '8766'),
  {
    name: 'six states, rates over 14 decades: rarest state',
    source: 'balance equations, in fractions',
    ours: Math.min(...stationaryDistribution(STIFF_CHAIN).distribution),
    theirs: Math.min(...exactStationary(6, STIFF_LINKS).map(toNumber)),
    tolerance: EXACT,
  },
  {
    name: 'six states, rates over 14 decades: mean time to state 5',
    source: 'first-step equations, in fractions',
    ours: meanTimeTo(STIFF_CHAIN, startIn(6, 0), [5]),
    theirs: toNumber(exactMeanTimes(6, STIFF_LINKS, [5])[0] ?? ONE),
    tolerance: EXACT,
  },
  {
    name: 'one standby with detection, coverage, hidden failures, common cause: unavailability',
    source: 'balance equations of 13 states written down by hand, in fractions',
    ours: designFigures(SCHEME).unavailability,
    theirs: toNumber(downOf(schemeStationary, 3)),
    tolerance: EXACT,
  },
  {
    name: 'the same: mean time to a loss that no failover bridges',
    source: 'first-step equations, in fractions',
    ours: designMttfHours(SCHEME, 'unbridged'),
    theirs: toNumber(exactMeanTimes(13, schemeLinks(), [9, 10, 11, 12])[0] ?? ONE),
    tolerance: EXACT,
  },
  {
    name: '0 events: upper 97.5 % limit',
    source: 'Garwood 1936: −ln 0.025',
    ours: rateInterval(0, 1, 0.95).upper,
    theirs: -Math.log(0.025),
    tolerance: EXACT,
  },
  {
    name: '10 events: lower 2.5 % limit',
    source: 'table of exact Poisson limits (Ulm 1990): 4.7954',
    ours: rateInterval(10, 1, 0.95).lower,
    theirs: 4.7954,
    tolerance: 1e-5,
  },
  {
    name: '10 events: upper 97.5 % limit',
    source: 'table of exact Poisson limits (Ulm 1990): 18.3904',
    ours: rateInterval(10, 1, 0.95).upper,
    theirs: 18.3904,
    tolerance: 1e-5,
  },
  {
    name: '20 of 20 failovers: lower 97.5 % limit of the coverage',
    source: 'Clopper and Pearson 1934: 0.025^(1/20)',
    ours: shareInterval(20, 20, 0.95).lower,
    theirs: 0.025 ** (1 / 20),
    tolerance: EXACT,
  },
];
