import { poissonDensity } from './gamma.ts';

type PoissonWeights = {
  /** First k with a weight. */
  readonly left: number;
  /** P(N = left), P(N = left + 1), … */
  readonly weight: Float64Array;
  /** P(N > left), P(N > left + 1), …, each a sum of its own terms, so that small ones keep their digits. */
  readonly beyond: Float64Array;
};

/** Weights below this are left out on both sides. */
const LEAST_WEIGHT = 1e-300;

/**
 * Probabilities of a Poisson variable N, from the mode outwards by the ratio of neighbors, as Fox and Glynn do, but
 * with the mode's own probability in full precision, so that nothing needs to be normalized, and cut where they no
 * longer count even for a probability of 1e-280.
 * Source: Fox and Glynn, Computing Poisson probabilities, CACM 31, 1988; Loader 2000 for the mode.
 */
export function poissonWeights(mean: number): PoissonWeights {
  if (mean === 0) {
    return { left: 0, weight: Float64Array.of(1), beyond: Float64Array.of(0) };
  }
  const mode = Math.floor(mean);
  const peak = poissonDensity(mode, mean);
  const below: number[] = [];
  for (let k = mode, value = peak; k > 0; k -= 1) {
    value *= k / mean;
    if (value < LEAST_WEIGHT) break;
    below.push(value);
  }
  const above: number[] = [];
  for (let k = mode + 1, value = peak; ; k += 1) {
    value *= mean / k;
    if (value < LEAST_WEIGHT) break;
    above.push(value);
  }
  const weight = Float64Array.from([...below.toReversed(), peak, ...above]);
  const beyond = new Float64Array(weight.length);
  for (let index = weight.length - 2; index >= 0; index -= 1) {
    beyond[index] = beyond[index + 1] + weight[index + 1];
  }
  return { left: mode - below.length, weight, beyond };
}
