import { plainness } from './design.ts';
import type { Evaluation } from './evaluation.ts';

/** Costs that differ by less than a rounding are the same. */
export const CHEAPER = 1 - 1e-9;
/** Downtimes that differ by less decide nothing. */
export const ALIKE = 1.01;

/** The cheapest; of those that cost the same the plainest of the best. Throws RangeError where there is none. */
export function cheapest(evaluations: readonly Evaluation[]): Evaluation {
  const cost = Math.min(...evaluations.map(({ bill }) => bill.perMonth));
  const equal = evaluations.filter(({ bill }) => bill.perMonth * CHEAPER <= cost);
  const least = Math.min(...equal.map(({ unavailability }) => unavailability));
  const [one] = equal
    .filter(({ unavailability }) => unavailability <= ALIKE * least)
    .toSorted(
      (a, b) => plainness(a.design) - plainness(b.design) || a.unavailability - b.unavailability,
    );
  if (one === undefined) throw new RangeError('there is no design to choose from');
  return one;
}
