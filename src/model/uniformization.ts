import type { Distribution, SparseRates } from './chain.ts';
import { poissonWeights } from './poisson-weights.ts';

export type Transient = {
  /** Probability of each state at the time. */
  readonly distribution: Float64Array;
  /** Mean time spent in each state until then, in the unit of time of the rates. */
  readonly occupancy: Float64Array;
};

/** The jump chain P = I + Q/Λ of a chain that is sampled at the rate Λ. */
export type Uniformized = {
  readonly rates: SparseRates;
  /** Λ: a little above the fastest exit rate, so that no state is left for sure (and P is aperiodic). */
  readonly rate: number;
  /** Probability to stay where one is, by state. */
  readonly stay: Float64Array;
};

export function uniformize(rates: SparseRates, exits: Float64Array): Uniformized {
  const rate = 1.02 * exits.reduce((most, exit) => Math.max(most, exit), 0);
  return { rates, rate, stay: exits.map((exit) => (rate === 0 ? 1 : 1 - exit / rate)) };
}

/** v ← v P. */
export function jump(
  { rates, rate, stay }: Uniformized,
  from: Float64Array,
  into: Float64Array,
): void {
  for (let state = 0; state < from.length; state += 1) into[state] = from[state] * stay[state];
  for (let state = 0; state < from.length; state += 1) {
    if (from[state] === 0) continue;
    const share = from[state] / rate;
    for (let place = rates.start[state]; place < rates.start[state + 1]; place += 1) {
      into[rates.to[place]] += share * rates.rate[place];
    }
  }
}

/**
 * π(t) = Σ_k P(N = k) π(0) P^k and ∫π = Σ_k P(N > k) π(0) P^k / Λ, N being Poisson with mean Λt.
 * Source: Jensen 1953; Trivedi 2002, 8.6; Reibman and Trivedi, Comput. Oper. Res. 15, 1988, for the integral.
 * Ends early once the chain has come to its `limit`: the largest |v_i/π_i − 1| never grows from then on (P is a
 * contraction in that norm), so comparing with the true limit is sound, where comparing successive steps is not.
 */
export function uniformizedTransient(
  uniformized: Uniformized,
  initial: Distribution,
  time: number,
  bounds: { readonly limit: Float64Array | null; readonly mostSteps: number },
): Transient {
  const { left, weight, beyond } = poissonWeights(uniformized.rate * time);
  const last = left + weight.length - 1;
  let current: Float64Array = Float64Array.from(initial);
  let next: Float64Array = new Float64Array(current.length);
  const distribution = new Float64Array(current.length);
  const jumps = new Float64Array(current.length);
  for (let k = 0; k <= last; k += 1) {
    if (k >= left) add(distribution, current, weight[k - left]);
    add(jumps, current, k < left ? 1 : beyond[k - left]);
    if (k % CHECK_EVERY === 0 && bounds.limit !== null && isAt(current, bounds.limit)) {
      // What is still to come, as sums of their own: a difference would be lost in rounding.
      const ahead = beyond.slice(Math.max(0, k + 1 - left)).reduce((sum, more) => sum + more, 0);
      add(distribution, bounds.limit, k < left ? 1 : beyond[k - left]);
      add(jumps, bounds.limit, ahead + Math.max(0, left - k - 1));
      break;
    }
    if (k >= bounds.mostSteps) {
      throw new RangeError(`the chain has not settled after ${k} jumps; merge states`);
    }
    jump(uniformized, current, next);
    [current, next] = [next, current];
  }
  const perJump = uniformized.rate === 0 ? 0 : 1 / uniformized.rate;
  const occupancy = jumps.map((count) => count * perJump);
  // A chain without transitions stays where it is.
  if (uniformized.rate === 0) add(occupancy, current, time);
  return { distribution, occupancy };
}

const CHECK_EVERY = 16;
/** Relative; rounding keeps the jumps from coming much nearer. */
const LIMIT_TOLERANCE = 1e-12;

function add(into: Float64Array, values: ArrayLike<number>, factor: number): void {
  if (factor === 0) return;
  for (let state = 0; state < into.length; state += 1) into[state] += factor * values[state];
}

function isAt(current: Float64Array, limit: Float64Array): boolean {
  return limit.every((value, state) => Math.abs(current[state] - value) <= LIMIT_TOLERANCE * value);
}
