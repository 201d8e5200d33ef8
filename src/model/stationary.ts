import { type Chain, type SparseRates, compress, restrict } from './chain.ts';
import { closedClasses } from './classes.ts';
import { SECOND_OF_STEPS, eliminate, stationaryWeights } from './elimination.ts';
import { iterateStationary } from './iteration.ts';

export type Stationary = {
  /** Share of time in each state, in the long run; relative precision, however small. */
  readonly distribution: Float64Array;
  /** How it was found: exactly up to rounding, or as the limit of a converged iteration. */
  readonly method: 'elimination' | 'iteration';
};

/**
 * The stationary distribution π Q = 0, Σπ = 1 of a chain with one closed class of states; the others are transient and
 * get 0. By elimination without subtraction where that is affordable, which it is for the chains of redundancy
 * schemes, otherwise by an iteration without subtraction that must converge. See elimination.ts for the sources.
 * Throws a RangeError if the chain has several closed classes, as the result would depend on the start.
 */
export function stationaryDistribution(chain: Chain): Stationary {
  return solveStationary(compress(chain));
}

export function solveStationary(rates: SparseRates): Stationary {
  const classes = closedClasses(rates);
  const [only, another] = classes;
  if (only === undefined || another !== undefined) {
    throw new RangeError(
      `the chain has ${classes.length} closed classes, so its long run depends on the start; link them or split the chain`,
    );
  }
  const isWhole = only.length === rates.size;
  const closed = isWhole ? rates : restrict(rates, only);
  const { weights, method } = solveClosed(closed);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const distribution = new Float64Array(rates.size);
  only.forEach((state, index) => {
    distribution[state] = weights[index] / total;
  });
  return { distribution, method };
}

/** A quick elimination, else the iteration, and if that stalls a long elimination after all. */
function solveClosed(closed: SparseRates): {
  readonly weights: Float64Array;
  readonly method: Stationary['method'];
} {
  const quick = eliminate(closed, 0, SECOND_OF_STEPS);
  if (quick !== null) return { weights: stationaryWeights(quick), method: 'elimination' };
  const limit = iterateStationary(closed);
  if (limit !== null) return { weights: limit, method: 'iteration' };
  const long = eliminate(closed, 0, 60 * SECOND_OF_STEPS);
  if (long !== null) return { weights: stationaryWeights(long), method: 'elimination' };
  throw new RangeError(
    `a chain of ${closed.size} states and ${closed.to.length} transitions is too entangled to eliminate and its ` +
      'iteration does not converge; merge states that behave alike',
  );
}
