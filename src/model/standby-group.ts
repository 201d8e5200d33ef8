import {
  requireCount,
  requireNonNegative,
  requirePositive,
  requireShare,
} from './check-argument.ts';
import type { Reliability } from './reliability.ts';

// k members serve, s identical ones are standbys, nothing is repaired: hot, warm and cold in one closed form.
//
// Failed members are counted, j = 0, 1, …, s. Each count is left at the rate kλ + (s − j)αλ: an arithmetic progression,
// so j(t) follows a generalized binomial law, and the life of the group a beta-exponential one. The sums below have
// positive terms only, for the reliability and for its complement, so both keep their relative precision; as α → 0
// they become the Poisson sums of cold standby without a special case. The usual closed form for warm standby
// (a difference of exponentials divided by α) loses every digit when α is small.
//
// Sources: She and Pecht, Reliability of a k-out-of-n warm-standby system, IEEE Trans. Reliability 41(1), 1992;
// Amari, Pham and Misra, Reliability characteristics of k-out-of-n warm standby systems, ibid. 61(4), 2012 (the
// binomial form). The coverages thin the transitions and leave the sojourns alone, so they enter as weights.

export type StandbyGroup = {
  /** Members that must serve at once, k ≥ 1. */
  readonly active: number;
  /** Standbys, s ≥ 0; n = k + s. */
  readonly standbys: number;
  /** λ of a serving member, failures per unit of time. */
  readonly failureRate: number;
  /** α in [0, 1]: a standby fails α times as often as a serving member. 0 is cold, 1 is hot. */
  readonly standbyFactor: number;
  /** Probability that the switch after the failure of a serving member succeeds; else the group fails. */
  readonly coverage: number;
  /** Probability that the failure of a standby leaves the service alone. 1 if it is not given. */
  readonly standbyCoverage?: number;
};

/** The group works at `time`, in the unit of the rate, without having failed before. */
export function groupReliability(group: StandbyGroup, time: number): Reliability {
  requireGroup(group);
  requireNonNegative('time', time);
  const weights = survivalWeights(group);
  const reliability = weights.reduce(
    (sum, { reached }, failed) =>
      sum + reached * Math.exp(logFailures(group, time, failed, failed)),
    0,
  );
  // Each sum has positive terms only. The small side is the one that is summed; the other is its complement.
  if (reliability < SERIES_FROM) return { reliability, unreliability: 1 - reliability };
  const unreliability = weights.reduce(
    (sum, { ends }, failed) => (ends > 0 ? sum + ends * atLeast(group, time, failed + 1) : sum),
    0,
  );
  return { reliability: 1 - unreliability, unreliability };
}

/** Above this reliability its complement is summed by itself; below, a subtraction costs it at most one digit. */
const SERIES_FROM = 0.9;

/** Mean time to failure: Σ_j P(j is reached) / (kλ + (s − j)αλ), in the unit of the rate. */
export function groupMttf(group: StandbyGroup): number {
  requireGroup(group);
  const { active, standbys, failureRate, standbyFactor } = group;
  return survivalWeights(group).reduce(
    (sum, { reached }, failed) =>
      sum + reached / ((active + (standbys - failed) * standbyFactor) * failureRate),
    0,
  );
}

type Weight = {
  /** P(the group survives its first `failed` failures). */
  readonly reached: number;
  /** P(it survives those, but not the next). */
  readonly ends: number;
};

function survivalWeights(group: StandbyGroup): readonly Weight[] {
  const { active, standbys, standbyFactor, coverage, standbyCoverage = 1 } = group;
  const weights: Weight[] = [];
  let reached = 1;
  for (let failed = 0; failed <= standbys; failed += 1) {
    const waiting = (standbys - failed) * standbyFactor;
    const isLast = failed === standbys;
    const onward = isLast
      ? 0
      : (coverage * active + standbyCoverage * waiting) / (active + waiting);
    const end = isLast
      ? 1
      : ((1 - coverage) * active + (1 - standbyCoverage) * waiting) / (active + waiting);
    weights.push({ reached, ends: reached * end });
    reached *= onward;
  }
  return weights;
}

/**
 * ln[ C(c, failures) y^failures x^(c − left) ], with c = k/α + s, x = e^(−αλt) and y = 1 − x, written so that α may
 * be 0. With left = failures it is the probability of exactly so many failures, were every switch perfect.
 */
function logFailures(group: StandbyGroup, time: number, failures: number, left: number): number {
  const { active, standbys, failureRate, standbyFactor } = group;
  const age = failureRate * time;
  if (age === 0) return failures === 0 ? 0 : -Infinity;
  const spent = spentAge(standbyFactor, age);
  let log = -(active + (standbys - left) * standbyFactor) * age;
  for (let i = 0; i < failures; i += 1) {
    log += Math.log(((active + (standbys - i) * standbyFactor) * spent) / (i + 1));
  }
  return log;
}

/**
 * P(at least `count` failures by `time`), 1 ≤ count ≤ s + 1, were every switch perfect: I_y(count, c − count + 1), by
 * the series of Abramowitz and Stegun 26.5.4, whose terms are all positive.
 */
function atLeast(group: StandbyGroup, time: number, count: number): number {
  const { active, standbys, failureRate, standbyFactor } = group;
  const spent = spentAge(standbyFactor, failureRate * time);
  let sum = 1;
  let term = 1;
  for (let n = 1; n < MOST_TERMS && term > 1e-17 * sum; n += 1) {
    term *= ((active + (standbys + n) * standbyFactor) * spent) / (count + n);
    sum += term;
  }
  return sum * Math.exp(logFailures(group, time, count, count - 1));
}

const MOST_TERMS = 1_000_000;

/** (1 − e^(−α·age)) / α, which tends to `age` as α → 0. */
function spentAge(factor: number, age: number): number {
  return factor * age < 1e-17 ? age : -Math.expm1(-factor * age) / factor;
}

/** Throws a RangeError that names the first number that makes no sense. */
export function requireGroup(group: StandbyGroup): void {
  requireCount('active', group.active, 1, 1000);
  requireCount('standbys', group.standbys, 0, 1000);
  requirePositive('failureRate', group.failureRate);
  requireShare('standbyFactor', group.standbyFactor);
  requireShare('coverage', group.coverage);
  requireShare('standbyCoverage', group.standbyCoverage ?? 1);
}
