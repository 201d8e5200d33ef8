import { type Block, blockReliability } from '../../../src/model/blocks.ts';
import { blockImportance } from '../../../src/model/importance.ts';
import { pairReliability } from '../../../src/model/pair.ts';
import { fromReliability, fromUnreliability } from '../../../src/model/reliability.ts';
import {
  ONE,
  type Rational,
  add,
  choose,
  mul,
  power,
  rational,
  sub,
  sum,
  toNumber,
} from '../rational.ts';
import { type Case, EXACT } from './case.ts';

const complement = (p: Rational): Rational => sub(ONE, p);

let names = 0;
const part = (unreliability: number): Block => ({
  kind: 'component',
  name: `part ${names++}`,
  survival: fromUnreliability(unreliability),
});
const parts = (count: number, unreliability: number): readonly Block[] =>
  Array.from({ length: count }, () => part(unreliability));
const kOfN = (needed: number, count: number, unreliability: number): Block => ({
  kind: 'kOutOfN',
  needed,
  blocks: parts(count, unreliability),
});

/** P(fewer than k of n work), by the binomial sum in fractions. */
function binomialUnreliability(needed: number, count: number, unreliability: string): number {
  const q = rational(unreliability);
  return toNumber(
    sum(needed, (working) =>
      mul(choose(count, working), power(complement(q), working), power(q, count - working)),
    ),
  );
}

const pair = pairReliability({
  active: fromReliability(0.999),
  standby: fromReliability(0.998),
  failover: fromReliability(0.99),
});

/** Five components; the one in the middle carries current both ways: paths ad, be, aec… as usual. */
function bridge(unreliability: number): Block {
  const named = (name: string): Block => ({
    kind: 'component',
    name,
    survival: fromUnreliability(unreliability),
  });
  const path = (...place: readonly string[]): Block => ({
    kind: 'series',
    blocks: place.map(named),
  });
  return {
    kind: 'parallel',
    blocks: [path('a', 'd'), path('b', 'e'), path('a', 'c', 'e'), path('b', 'c', 'd')],
  };
}

/** 2p² + 2p³ − 5p⁴ + 2p⁵. */
function bridgeReliability(p: Rational): Rational {
  const term = (factor: number, exponent: number): Rational =>
    mul(rational(factor), power(p, exponent));
  return add(term(2, 2), term(2, 3), term(-5, 4), term(2, 5));
}

/** A β-factor arrangement: k of n independent channels in series with what fails them all. */
function withCommonCause(needed: number, count: number, q: number, beta: number): Block {
  return {
    kind: 'series',
    blocks: [kOfN(needed, count, (1 - beta) * q), part(beta * q)],
  };
}

function exactCommonCause(needed: number, count: number, q: string, beta: string): number {
  const independent = mul(complement(rational(beta)), rational(q));
  const channels = sum(needed, (working) =>
    mul(
      choose(count, working),
      power(complement(independent), working),
      power(independent, count - working),
    ),
  );
  const shared = mul(rational(beta), rational(q));
  return toNumber(sub(add(channels, shared), mul(channels, shared)));
}

export const DIAGRAM_CASES: readonly Case[] = [
  {
    name: '1+1, P_A = 0.999, P_B = 0.998, P_FT = 0.99: reliability',
    source: 'total probability: 0.999 + 0.001 · 0.99 · 0.998',
    ours: pair.reliability,
    theirs: toNumber(
      add(rational('0.999'), mul(rational('0.001'), rational('0.99'), rational('0.998'))),
    ),
    tolerance: EXACT,
  },
  {
    name: '1+1, the same: unreliability',
    source: 'total probability, 1.198 × 10⁻⁵',
    ours: pair.unreliability,
    theirs: 1.198e-5,
    tolerance: EXACT,
  },
  {
    name: 'series of 3, R = 0.9',
    source: 'IEC 61078, series: 0.9³',
    ours: blockReliability({ kind: 'series', blocks: parts(3, 0.1) }).reliability,
    theirs: 0.729,
    tolerance: EXACT,
  },
  {
    name: 'parallel of 30, q = 0.001: unreliability',
    source: 'IEC 61078, parallel: 10⁻⁹⁰',
    ours: blockReliability({ kind: 'parallel', blocks: parts(30, 0.001) }).unreliability,
    theirs: 1e-90,
    tolerance: EXACT,
  },
  {
    name: '2 out of 3, R = 0.9',
    source: 'Trivedi 2002, TMR: 3R² − 2R³ = 0.972',
    ours: blockReliability(kOfN(2, 3, 0.1)).reliability,
    theirs: 0.972,
    tolerance: EXACT,
  },
  ...(
    [
      [3, 5, '0.05'],
      [25, 50, '0.1'],
      [40, 50, '0.01'],
      [49, 50, '1e-9'],
      [500, 1000, '0.1'],
      [1, 50, '0.3'],
    ] as const
  ).map(([needed, count, q]): Case => ({
    name: `${needed} out of ${count}, q = ${q}: unreliability`,
    source: 'binomial sum, in fractions',
    ours: blockReliability(kOfN(needed, count, Number(q))).unreliability,
    theirs: binomialUnreliability(needed, count, q),
    tolerance: EXACT,
  })),
  {
    name: '1oo2 with β = 10 %, q = 0.002: unreliability',
    source: 'IEC 61508-6, annex D (β-factor), in fractions',
    ours: blockReliability(withCommonCause(1, 2, 0.002, 0.1)).unreliability,
    theirs: exactCommonCause(1, 2, '0.002', '0.1'),
    tolerance: EXACT,
  },
  {
    name: '2oo3 with β = 2 %, q = 1e-5: unreliability',
    source: 'IEC 61508-6, annex D (β-factor), in fractions',
    ours: blockReliability(withCommonCause(2, 3, 1e-5, 0.02)).unreliability,
    theirs: exactCommonCause(2, 3, '1e-5', '0.02'),
    tolerance: EXACT,
  },
  {
    name: 'bridge of five, p = 0.9',
    source: 'IEC 61078, annex B; 2p² + 2p³ − 5p⁴ + 2p⁵ = 0.97848',
    ours: blockReliability(bridge(0.1)).reliability,
    theirs: toNumber(bridgeReliability(rational('0.9'))),
    tolerance: EXACT,
  },
  {
    name: 'bridge of five, q = 1e-6: unreliability',
    source: 'the same polynomial, in fractions',
    ours: blockReliability(bridge(1e-6)).unreliability,
    theirs: toNumber(complement(bridgeReliability(complement(rational('1e-6'))))),
    tolerance: EXACT,
  },
  {
    name: "Birnbaum's importance in 2 out of 3, R = 0.9",
    source: 'Birnbaum 1969: 2R(1 − R)',
    ours: blockImportance(kOfN(2, 3, 0.1))[0]?.birnbaum ?? NaN,
    theirs: 0.18,
    tolerance: EXACT,
  },
];
