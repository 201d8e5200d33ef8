import { meanInterval, rateInterval, type Interval } from '../model/intervals.ts';
import { OUTAGE_CAUSES, type OutageCause } from './outage-log.ts';
import type { AvailabilityRunResult } from './availability-run.ts';
import { MS_PER_YEAR } from '../model/year.ts';

// Estimates from many runs of a service. Runs are independent and of equal length, so the mean downtime has Student's
// interval, and counts have the exact interval of a Poisson process.

const LEVEL = 0.95;
/** Level of the interval for comparing formulas with the simulation. */
const STRICT_LEVEL = 0.99;

export type RateEstimate = { readonly perYear: number; readonly interval: Interval };

type DurationSpread = {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

type CauseEstimate = {
  readonly cause: OutageCause;
  readonly outagesPerYear: number;
  readonly downtimeMsPerYear: number;
};

export type AvailabilityEstimate = {
  readonly years: number;
  readonly runs: number;
  /** Shares of time, with Student's interval over the runs at 95% and 99%, cut at 0. */
  readonly unavailability: number;
  readonly unavailability95: Interval;
  readonly unavailability99: Interval;
  /** By cost, largest first; without causes that never occurred. */
  readonly causes: readonly CauseEstimate[];
  readonly failovers: RateEstimate;
  readonly falseFailovers: RateEstimate;
  readonly plannedMoves: RateEstimate;
  /** Unplanned outages; null: none. */
  readonly outages: DurationSpread | null;
};

/** Throws a RangeError for fewer than two runs. */
export function estimateAvailability(
  lives: readonly AvailabilityRunResult[],
): AvailabilityEstimate {
  const years = lives.reduce((sum, life) => sum + life.years, 0);
  const shares = lives.map((life) => downtimeMs(life) / (life.years * MS_PER_YEAR));
  const outages = lives.flatMap((life) => life.outages);
  const count = (of: (life: AvailabilityRunResult) => number): RateEstimate => {
    const events = lives.reduce((sum, life) => sum + of(life), 0);
    return { perYear: events / years, interval: rateInterval(events, years, LEVEL) };
  };
  return {
    years,
    runs: lives.length,
    unavailability: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    unavailability95: cut(meanInterval(shares, LEVEL)),
    unavailability99: cut(meanInterval(shares, STRICT_LEVEL)),
    causes: OUTAGE_CAUSES.map((cause) => {
      const own = outages.filter((outage) => outage.cause === cause);
      const lasted = own.reduce((sum, { lastedMs }) => sum + lastedMs, 0);
      return { cause, outagesPerYear: own.length / years, downtimeMsPerYear: lasted / years };
    })
      .filter(({ outagesPerYear }) => outagesPerYear > 0)
      .toSorted((a, b) => b.downtimeMsPerYear - a.downtimeMsPerYear),
    failovers: count((life) => life.failovers),
    falseFailovers: count((life) => life.falseFailovers),
    plannedMoves: count((life) => life.planned),
    outages: spreadOf(unplannedMs(lives)),
  };
}

/** Durations of the unplanned outages. */
function unplannedMs(lives: readonly AvailabilityRunResult[]): readonly number[] {
  return lives
    .flatMap(({ outages }) => outages)
    .filter(({ cause }) => cause !== 'planned')
    .map(({ lastedMs }) => lastedMs);
}

/** Share of unplanned outages within the objective; null: none. */
export function shareWithin(lives: readonly AvailabilityRunResult[], rtoMs: number): number | null {
  const lasted = unplannedMs(lives);
  return lasted.length === 0 ? null : lasted.filter((ms) => ms <= rtoMs).length / lasted.length;
}

function downtimeMs({ outages }: AvailabilityRunResult): number {
  return outages.reduce((sum, { lastedMs }) => sum + lastedMs, 0);
}

function cut({ lower, upper }: Interval): Interval {
  return { lower: Math.max(0, lower), upper: Math.min(1, upper) };
}

function spreadOf(durations: readonly number[]): DurationSpread | null {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  if (sorted.length === 0) return null;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
