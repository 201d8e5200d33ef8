import { plainness } from './design-space.ts';
import type { Evaluation } from './evaluation.ts';

/** Costs that differ by less than a rounding are the same. */
export const ROUNDING = 1 + 1e-9;
/** Prices are not known better than this: what costs so little more costs about the same. */
const ABOUT = 1.05;
/** Downtimes that differ by less decide nothing. */
export const ALIKE = 1.01;

/**
 * Of those that cost about as little as the cheapest, the one with the least downtime; of those with about the same
 * downtime the cheapest, then the plainest. Throws RangeError where there is none.
 */
export function preferred(evaluations: readonly Evaluation[]): Evaluation {
  const cost = leastCost(evaluations);
  const alike = evaluations.filter(({ bill }) => bill.perMonth <= cost * ABOUT * ROUNDING);
  const least = Math.min(...alike.map(({ unavailability }) => unavailability));
  const good = alike.filter(({ unavailability }) => unavailability <= ALIKE * least);
  const goodCost = leastCost(good);
  const [one] = good
    .filter(({ bill }) => bill.perMonth <= goodCost * ROUNDING)
    .toSorted(
      (a, b) => plainness(a.design) - plainness(b.design) || a.unavailability - b.unavailability,
    );
  if (one === undefined) throw new RangeError('there is no design to choose from');
  return one;
}

function leastCost(evaluations: readonly Evaluation[]): number {
  return Math.min(...evaluations.map(({ bill }) => bill.perMonth));
}
