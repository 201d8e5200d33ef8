import type { Distribution } from './chain.ts';
import { poissonWeights } from './poisson-weights.ts';
import { type Transient, type Uniformized, jump } from './uniformization.ts';

/**
 * Transient solution of a stiff chain: P(δ) by uniformization for a δ of at most one jump, then P(2δ) = P(δ)² that many
 * times, while v ← v P and w ← w + w P carry the distribution and its integral along. Everything is a sum of positive
 * products. Each row is divided by its sum, which must be 1: that corrects the diagonal by what leaves the state, as
 * elimination without subtraction does, and keeps rounding errors from doubling along.
 * Source: Xue and Ye, Entrywise relative perturbation theory for exponentials of essentially non-negative matrices,
 * Numer. Math. 110, 2008: with the exit rates given by the row sums, each entry of e^(Qt) is well determined.
 */
export function doubledTransient(
  uniformized: Uniformized,
  initial: Distribution,
  time: number,
  doublings: number,
): Transient {
  const size = initial.length;
  const step = time / 2 ** doublings;
  let matrix: Float64Array = shortTransition(uniformized, size, step);
  let distribution: Float64Array = Float64Array.from(initial);
  let occupancy: Float64Array = shortOccupancy(uniformized, distribution, step);
  let other: Float64Array = new Float64Array(size * size);
  distribution = times(distribution, matrix);
  for (let round = 0; round < doublings; round += 1) {
    const later = times(occupancy, matrix);
    occupancy = occupancy.map((spent, state) => spent + later[state]);
    distribution = times(distribution, matrix);
    if (round === doublings - 1) break;
    square(matrix, other, size);
    [matrix, other] = [other, matrix];
  }
  normalise(distribution, 0, size);
  return { distribution, occupancy };
}

/** e^(Qδ), row by row. */
function shortTransition(uniformized: Uniformized, size: number, step: number): Float64Array {
  const { left, weight } = poissonWeights(uniformized.rate * step);
  const matrix = new Float64Array(size * size);
  for (let from = 0; from < size; from += 1) {
    let current: Float64Array = new Float64Array(size);
    let next: Float64Array = new Float64Array(size);
    current[from] = 1;
    for (let k = 0; k < left + weight.length; k += 1) {
      const share = k < left ? 0 : weight[k - left];
      for (let to = 0; to < size; to += 1) matrix[from * size + to] += share * current[to];
      jump(uniformized, current, next);
      [current, next] = [next, current];
    }
    normalise(matrix, from * size, size);
  }
  return matrix;
}

function shortOccupancy(
  uniformized: Uniformized,
  initial: Float64Array,
  step: number,
): Float64Array {
  const { left, beyond } = poissonWeights(uniformized.rate * step);
  const spent = new Float64Array(initial.length);
  let current = initial;
  let next: Float64Array = new Float64Array(initial.length);
  for (let k = 0; k < left + beyond.length; k += 1) {
    const share = (k < left ? 1 : beyond[k - left]) / uniformized.rate;
    for (let state = 0; state < spent.length; state += 1) spent[state] += share * current[state];
    jump(uniformized, current, next);
    [current, next] = [next, k === 0 ? new Float64Array(initial.length) : current];
  }
  return spent;
}

function times(vector: Float64Array, matrix: Float64Array): Float64Array {
  const size = vector.length;
  const product = new Float64Array(size);
  for (let from = 0; from < size; from += 1) {
    const factor = vector[from];
    if (factor === 0) continue;
    for (let to = 0; to < size; to += 1) product[to] += factor * matrix[from * size + to];
  }
  return product;
}

function square(matrix: Float64Array, into: Float64Array, size: number): void {
  into.fill(0);
  for (let from = 0; from < size; from += 1) {
    for (let via = 0; via < size; via += 1) {
      const factor = matrix[from * size + via];
      if (factor === 0) continue;
      for (let to = 0; to < size; to += 1) {
        into[from * size + to] += factor * matrix[via * size + to];
      }
    }
    normalise(into, from * size, size);
  }
}

function normalise(values: Float64Array, begin: number, size: number): void {
  let sum = 0;
  for (let place = begin; place < begin + size; place += 1) sum += values[place];
  for (let place = begin; place < begin + size; place += 1) values[place] /= sum;
}
