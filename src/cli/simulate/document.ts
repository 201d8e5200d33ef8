import type { FaultFigure, FaultRates } from '../../model/fault-rates.ts';
import type { LifeEstimate } from '../../sim/life-estimate.ts';
import type { LifeNews, LifeResult } from '../../sim/service-life.ts';

/** Of one service in `hotwarm simulate --json`. Durations in ms, rates a year, availability as a share of time. */
export type SimulatedService = {
  readonly estimate: LifeEstimate;
  readonly availability: number;
  /** The fault model that it rests on, and which of its figures are not defaults. */
  readonly faults: { readonly rates: FaultRates; readonly given: readonly FaultFigure[] };
  /** Of a process without replicated state nothing is lost but what it kept in memory: there is no recovery point to miss. */
  readonly rpo: null;
  readonly objectives: { readonly rtoMs: number | null; readonly withinRto: number | null };
};

/** Of `hotwarm simulate --seed N --json`. */
export type SimulatedLife = {
  readonly seed: number;
  readonly result: LifeResult;
  readonly timeline: readonly { readonly atMs: number; readonly news: LifeNews }[];
};
