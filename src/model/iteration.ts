import { type SparseRates, exitRates, transpose } from './chain.ts';

/** Multiplications; some seconds. */
const MOST_STEPS = 3e9;
const TOLERANCE = 1e-13;

/**
 * Stationary weights of an irreducible chain by Gauss–Seidel: π_j ← Σ_i π_i q_ij / q_j, over and over. It adds and
 * multiplies only, so that small probabilities keep their relative precision. For chains that are too entangled to
 * eliminate: those mix fast, and then it converges fast.
 * The error that is left is estimated from the ratio of successive changes, since a slow iteration changes little
 * long before it is near. Source: Stewart, Introduction to the Numerical Solution of Markov Chains, 1994, 3.2.
 * null: it has not converged within its bound.
 */
export function iterateStationary(rates: SparseRates): Float64Array | null {
  const back = transpose(rates);
  const exits = exitRates(rates);
  const weights = new Float64Array(rates.size).fill(1);
  const most = Math.floor(MOST_STEPS / (rates.to.length + rates.size));
  let before = Infinity;
  let settled = 0;
  for (let sweep = 0; sweep < most; sweep += 1) {
    const change = sweepOnce(back, exits, weights);
    const ratio = Math.min(0.999_999, change / before);
    const isNear = change / (1 - ratio) < TOLERANCE || change < 4e-16;
    settled = isNear ? settled + 1 : 0;
    if (settled >= 3) return weights;
    before = change;
  }
  return null;
}

/** One sweep, and the largest relative change in it. Keeps the sum of the weights. */
function sweepOnce(back: SparseRates, exits: Float64Array, weights: Float64Array): number {
  let change = 0;
  let total = 0;
  for (let state = 0; state < weights.length; state += 1) {
    let inflow = 0;
    for (let place = back.start[state]; place < back.start[state + 1]; place += 1) {
      inflow += weights[back.to[place]] * back.rate[place];
    }
    const next = inflow / exits[state];
    change = Math.max(change, Math.abs(next - weights[state]) / next);
    weights[state] = next;
    total += next;
  }
  const scale = weights.length / total;
  for (let state = 0; state < weights.length; state += 1) weights[state] *= scale;
  return change;
}
