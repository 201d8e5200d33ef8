import type { FaultRates } from '../../model/fault-rates.ts';
import type { CrossCheck } from '../../model/plan/cross-check.ts';
import type { AvailabilityEstimate } from '../../sim/availability-run-estimate.ts';
import type { Figure } from '../../plan/description.ts';
import type { AvailabilityRunEvent, AvailabilityRunResult } from '../../sim/availability-run.ts';

/** Of one service in `hotwarm simulate --json`. Durations in ms, rates a year, availability as a share of time. */
export type SimulatedService = {
  readonly estimate: AvailabilityEstimate;
  readonly availability: number;
  /** The fault model that it rests on, and where each of its figures comes from. */
  readonly faults: { readonly rates: FaultRates; readonly figures: readonly Figure[] };
  /** Of a process without replicated state nothing is lost but what it kept in memory: there is no recovery point to miss. */
  readonly rpo: null;
  /** The same by the formulas of `hotwarm plan`, held against the interval at 99%. */
  readonly formulas: { readonly unavailability: number; readonly check: CrossCheck };
  readonly objectives: { readonly rtoMs: number | null; readonly withinRto: number | null };
};

/** Of `hotwarm simulate --seed N --json`. */
export type SimulatedLife = {
  readonly seed: number;
  readonly result: AvailabilityRunResult;
  readonly timeline: readonly { readonly atMs: number; readonly news: AvailabilityRunEvent }[];
};
