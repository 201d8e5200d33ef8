import type { FaultRates } from '../../model/fault-rates.ts';
import type { CrossCheck } from '../../model/plan/cross-check.ts';
import type { AvailabilityEstimate } from '../../sim/availability-run-estimate.ts';
import type { Figure } from '../../plan/description.ts';
import type { AvailabilityRunEvent, AvailabilityRunResult } from '../../sim/availability-run.ts';

/** One service in `hotwarm simulate --json`. Durations in ms, rates per year, availability as a share of time. */
export type SimulatedService = {
  readonly estimate: AvailabilityEstimate;
  readonly availability: number;
  /** The fault model, with the source of each figure. */
  readonly faults: { readonly rates: FaultRates; readonly figures: readonly Figure[] };
  /** A process without replicated state loses only its memory: there is no recovery point. */
  readonly rpo: null;
  /** The result of `hotwarm plan`'s formulas, compared with the 99% interval. */
  readonly formulas: { readonly unavailability: number; readonly check: CrossCheck };
  readonly objectives: { readonly rtoMs: number | null; readonly withinRto: number | null };
};

/** The document of `hotwarm simulate --seed N --json`. */
export type SimulatedLife = {
  readonly seed: number;
  readonly result: AvailabilityRunResult;
  readonly timeline: readonly { readonly atMs: number; readonly news: AvailabilityRunEvent }[];
};
