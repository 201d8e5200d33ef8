import { groupMttf, groupReliability } from '../../../src/model/standby-group.ts';
import { weibullMean } from '../../../src/model/weibull.ts';
import { hypoexponential } from '../exact-chain.ts';
import {
  ONE,
  type Rational,
  add,
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

type Figures = {
  readonly active: number;
  readonly standbys: number;
  readonly rate: string;
  readonly factor: string;
  readonly coverage: string;
  readonly time: string;
};

const groupOf = ({ active, standbys, rate, factor, coverage }: Figures) => ({
  active,
  standbys,
  failureRate: Number(rate),
  standbyFactor: Number(factor),
  coverage: Number(coverage),
});

/** kλ + (s − j)αλ. */
function exitRate({ active, standbys, rate, factor }: Figures, failed: number): Rational {
  const exposure = add(rational(active), mul(rational(standbys - failed), rational(factor)));
  return mul(exposure, rational(rate));
}

/** P(the j-th failure is the last | j − 1 survived): the uncovered share, or all of it without standbys. */
function endShare(figures: Figures, failed: number): Rational {
  if (failed === figures.standbys) return ONE;
  const serving = mul(rational(figures.active), rational(figures.rate));
  const uncovered = mul(sub(ONE, rational(figures.coverage)), serving);
  return div(uncovered, exitRate(figures, failed));
}

/** Σ over the number of failures that the group survives: P(so many) × P(their phases are over by t). */
function exactUnreliability(figures: Figures): number {
  let reached = ONE;
  let total = rational(0);
  const rates: Rational[] = [];
  for (let failed = 0; failed <= figures.standbys; failed += 1) {
    rates.push(exitRate(figures, failed));
    const ends = endShare(figures, failed);
    if (ends.top !== 0n) {
      const life = hypoexponential(rates, rational(figures.time));
      total = add(total, mul(reached, ends, life));
    }
    reached = mul(reached, sub(ONE, ends));
  }
  return toNumber(total);
}

function exactMttf(figures: Figures): number {
  let reached = ONE;
  let total = rational(0);
  for (let failed = 0; failed <= figures.standbys; failed += 1) {
    total = add(total, div(reached, exitRate(figures, failed)));
    reached = mul(reached, sub(ONE, endShare(figures, failed)));
  }
  return toNumber(total);
}

/** 1 − e^(−m) Σ_{j ≤ s} m^j / j!. */
function erlangUnreliability(standbys: number, mean: string): number {
  let term = ONE;
  const poisson = sum(standbys + 1, (count) => {
    if (count > 0) term = mul(term, div(rational(mean), rational(count)));
    return term;
  });
  return toNumber(sub(ONE, mul(exp(rational(`-${mean}`)), poisson)));
}

const life = (figures: Figures, source: string): readonly Case[] => {
  const { active, standbys, rate, factor, coverage, time } = figures;
  const name = `${active} of ${active + standbys}, α = ${factor}, c = ${coverage}, λ = ${rate}`;
  return [
    {
      name: `${name}: unreliability at ${time}`,
      source,
      ours: groupReliability(groupOf(figures), Number(time)).unreliability,
      theirs: exactUnreliability(figures),
      tolerance: EXACT,
    },
    {
      name: `${name}: MTTF`,
      source: 'sum of the mean sojourns, in fractions',
      ours: groupMttf(groupOf(figures)),
      theirs: exactMttf(figures),
      tolerance: EXACT,
    },
  ];
};

const cold = (standbys: number, rate: string, time: string) =>
  groupReliability(
    groupOf({ active: 1, standbys, rate, factor: '0', coverage: '1', time }),
    Number(time),
  );

export const STANDBY_CASES: readonly Case[] = [
  {
    name: 'cold 1+1, λt = 1: reliability',
    source: 'Trivedi 2002, 3.8: Erlang, e^(−λt) (1 + λt)',
    ours: cold(1, '0.001', '1000').reliability,
    theirs: toNumber(mul(rational(2), exp(rational(-1)))),
    tolerance: EXACT,
  },
  ...(
    [
      [1, '0.001', '1', '0.001'],
      [5, '0.01', '10', '0.1'],
      [20, '0.001', '1000', '1'],
    ] as const
  ).map(([standbys, rate, time, mean]): Case => ({
    name: `cold 1+${standbys}, λt = ${mean}: unreliability`,
    source: 'Erlang: incomplete gamma function, to 380 digits',
    ours: cold(standbys, rate, time).unreliability,
    theirs: erlangUnreliability(standbys, mean),
    tolerance: EXACT,
  })),
  ...life(
    { active: 1, standbys: 1, rate: '0.001', factor: '0.5', coverage: '1', time: '100' },
    'hypoexponential of λ(1 + α) and λ; Trivedi 2002, 3.8',
  ),
  ...life(
    { active: 2, standbys: 2, rate: '0.01', factor: '0.2', coverage: '1', time: '10' },
    'She and Pecht 1992, in fractions',
  ),
  ...life(
    { active: 3, standbys: 17, rate: '1e-6', factor: '0.3', coverage: '1', time: '8760' },
    'She and Pecht 1992, in fractions',
  ),
  ...life(
    { active: 1, standbys: 20, rate: '0.001', factor: '1e-9', coverage: '0.99', time: '100' },
    'the same with coverage; α too small for the usual closed form',
  ),
  ...life(
    { active: 1, standbys: 20, rate: '1e-12', factor: '0.7', coverage: '1', time: '1' },
    'hypoexponential of 21 phases, in fractions',
  ),
  ...life(
    { active: 1, standbys: 1, rate: '0.002', factor: '1', coverage: '0.9', time: '50' },
    'hot pair with coverage of takeovers; Trivedi 2002, 8.5',
  ),
  {
    name: 'hot 1+3, λ = 1: MTTF',
    source: 'Trivedi 2002, 4.6: harmonic number H₄ / λ = 25/12',
    ours: groupMttf(
      groupOf({ active: 1, standbys: 3, rate: '1', factor: '1', coverage: '1', time: '1' }),
    ),
    theirs: 25 / 12,
    tolerance: EXACT,
  },
  {
    name: 'hot 3 of 5, e^(−λt) = 0.9…: unreliability at t = 0.1',
    source: 'binomial sum over e^(−λt), to 380 digits',
    ours: groupReliability(
      groupOf({ active: 3, standbys: 2, rate: '1', factor: '1', coverage: '1', time: '0.1' }),
      0.1,
    ).unreliability,
    theirs: toNumber(hotUnreliability(exp(rational('-0.1')))),
    tolerance: EXACT,
  },
  {
    name: 'Weibull, β = 2, η = 100: mean',
    source: 'IEC 61649: η Γ(3/2) = 50 √π',
    ours: weibullMean({ shape: 2, scale: 100 }),
    theirs: 50 * Math.sqrt(Math.PI),
    tolerance: EXACT,
  },
];

/** 1 − [C(5,3) p³q² + C(5,4) p⁴q + p⁵], by its complement. */
function hotUnreliability(p: Rational): Rational {
  const q = sub(ONE, p);
  return add(
    power(q, 5),
    mul(rational(5), p, power(q, 4)),
    mul(rational(10), power(p, 2), power(q, 3)),
  );
}
