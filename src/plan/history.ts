import type { StoredIncident } from '../agent/contract.ts';
import { openIncidentLog } from '../agent/incident-log.ts';
import { listSegments } from '../agent/journal-reader.ts';
import type { HealthReason } from '../core/reasons.ts';
import type { Incident } from '../core/state.ts';
import { openJournalFile } from '../drivers/store/database.ts';
import { sqliteFault } from '../drivers/store/sqlite-fault.ts';
import { AppError } from '../errors.ts';
import type { FaultRates } from '../model/fault-rates.ts';
import { rateInterval, shareInterval } from '../model/intervals.ts';
import type { MeasuredTimes } from '../model/plan/question.ts';

// What this installation has been through, as figures of the fault model with exact intervals. A figure is used where
// its interval spans less than a decade; with fewer data the default stays, but is moved to the nearest end of the
// interval where it lies outside: a handful of failures can refute an assumption long before it can replace it.
// Kills by hand and drills are failures too: the agent cannot distinguish them.

export const LEVEL = 0.95;
const DECADE = 10;
/** The fewest values of which the median has an interval at this level: 2 · 0.5⁶ < 0.05. */
const FEWEST_TIMES = 6;
const MOST_INCIDENTS = 1000;

type RateComponent = 'process' | 'hang' | 'degraded';

type MeasuredRate = {
  readonly component: RateComponent;
  readonly events: number;
  /** Mean time between two, ms; null: none happened. */
  readonly everyMs: number | null;
  readonly lowerMs: number;
  /** null: without an upper end. */
  readonly upperMs: number | null;
  readonly isEnough: boolean;
};

type MeasuredCoverage = {
  readonly succeeded: number;
  readonly tried: number;
  readonly lower: number;
  readonly upper: number;
  readonly isEnough: boolean;
};

export type MeasuredTime = {
  readonly name: 'crashDetection' | 'hangDetection' | 'outage';
  readonly count: number;
  readonly meanMs: number | null;
  readonly medianMs: number | null;
  /** Of the median; null: too few. */
  readonly lowerMs: number | null;
  readonly upperMs: number | null;
  readonly isEnough: boolean;
};

export type History = {
  readonly observedMs: number;
  readonly incidents: number;
  readonly rates: readonly MeasuredRate[];
  /** null: nothing was tried. */
  readonly coverage: MeasuredCoverage | null;
  readonly times: readonly MeasuredTime[];
};

/** Throws AppError stateUnusable where there is no journal, notFound where it tells of no time. */
export function readHistory(stateDir: string, service: string): History {
  const database = openJournalFile(stateDir);
  try {
    database.exec('BEGIN');
    const segments = listSegments(database);
    const observedMs = segments.reduce((sum, one) => sum + (one.endedAt - one.startedAt), 0);
    const [oldest] = segments;
    if (oldest === undefined || observedMs <= 0) throw nothingObserved(stateDir);
    const stored = openIncidentLog(database)
      .list({ service, limit: MOST_INCIDENTS })
      .filter(({ startedWallMs }) => startedWallMs >= oldest.startedWallMs);
    return measureHistory(stored, observedMs);
  } catch (error) {
    throw error instanceof AppError ? error : sqliteFault(error, 'the journal');
  } finally {
    database.close();
  }
}

/** Incidents of one service within the time that was observed. */
export function measureHistory(stored: readonly StoredIncident[], observedMs: number): History {
  const failovers = stored
    .map(({ incident }) => incident)
    .filter(
      ({ kind, observeOnly, outcome }) =>
        kind === 'failover' && !observeOnly && outcome !== 'underWay',
    );
  const of = (component: RateComponent): readonly Incident[] =>
    failovers.filter((incident) => componentOf(incident) === component);
  const detection = (component: RateComponent): readonly number[] =>
    of(component).flatMap(({ steps }) => (steps.detectMs === null ? [] : [steps.detectMs]));
  const outages = failovers.flatMap(({ outageMs, outcome }) =>
    outageMs === null || outcome !== 'succeeded' ? [] : [outageMs],
  );
  return {
    observedMs,
    incidents: failovers.length,
    rates: (['process', 'hang', 'degraded'] as const).map((component) =>
      measureRate(component, of(component).length, observedMs),
    ),
    coverage: measureCoverage(failovers),
    times: [
      measureTime('crashDetection', detection('process')),
      measureTime('hangDetection', detection('hang')),
      measureTime('outage', outages),
    ],
  };
}

type Corrected = {
  readonly rates: FaultRates;
  readonly measured: MeasuredTimes;
  /** Keys of the figures that the history gave. */
  readonly keys: readonly string[];
};

/** The fault model with what was measured in place of what was assumed. What the operator stated stays. */
export function correct(history: History, rates: FaultRates, stated: readonly string[]): Corrected {
  const keys: string[] = [];
  let corrected = rates;
  for (const rate of history.rates) {
    const { component } = rate;
    const key = `${component}.every`;
    const everyMs = stated.includes(key) ? null : correctedEvery(rate, rates[component].everyMs);
    if (everyMs === null) continue;
    corrected = { ...corrected, [component]: { ...rates[component], everyMs } };
    keys.push(key);
  }
  const coverage = stated.includes('failoverSuccess')
    ? null
    : correctedCoverage(history.coverage, rates.coverage);
  if (coverage !== null) {
    corrected = { ...corrected, coverage };
    keys.push('failoverSuccess');
  }
  const mean = (name: MeasuredTime['name']): number | null => {
    const time = history.times.find((one) => one.name === name);
    if (time?.isEnough !== true || time.meanMs === null) return null;
    keys.push(name);
    return time.meanMs;
  };
  return {
    rates: corrected,
    measured: { crashDetectionMs: mean('crashDetection'), hangDetectionMs: mean('hangDetection') },
    keys,
  };
}

/** null: the default stays. */
function correctedEvery(rate: MeasuredRate, assumedMs: number | null): number | null {
  if (rate.isEnough) return rate.everyMs;
  if (assumedMs === null) return rate.upperMs;
  if (assumedMs < rate.lowerMs) return rate.lowerMs;
  return rate.upperMs !== null && assumedMs > rate.upperMs ? rate.upperMs : null;
}

function correctedCoverage(coverage: MeasuredCoverage | null, assumed: number): number | null {
  if (coverage === null) return null;
  if (coverage.isEnough) return coverage.succeeded / coverage.tried;
  if (assumed < coverage.lower) return coverage.lower;
  return assumed > coverage.upper ? coverage.upper : null;
}

const CRASHES: readonly HealthReason[] = [
  'exited',
  'vanished',
  'refused',
  'startFailed',
  'crashLoop',
];

/** null: nothing failed, or the cause is unknown. */
function componentOf({ cause }: Incident): RateComponent | null {
  if (cause.code === 'memberDegraded') return 'degraded';
  if (cause.code !== 'memberFailed') return null;
  return CRASHES.includes(cause.reason) ? 'process' : 'hang';
}

function measureRate(component: RateComponent, events: number, observedMs: number): MeasuredRate {
  const { lower, upper } = rateInterval(events, observedMs, LEVEL);
  return {
    component,
    events,
    everyMs: events === 0 ? null : observedMs / events,
    lowerMs: 1 / upper,
    upperMs: lower === 0 ? null : 1 / lower,
    isEnough: upper <= DECADE * lower,
  };
}

function measureCoverage(failovers: readonly Incident[]): MeasuredCoverage | null {
  const tried = failovers.length;
  if (tried === 0) return null;
  const succeeded = failovers.filter(({ outcome }) => outcome === 'succeeded').length;
  const { lower, upper, complement } = shareInterval(succeeded, tried, LEVEL);
  // What matters is the share that did not succeed: of that a decade is little.
  const isEnough = complement.upper <= DECADE * complement.lower;
  return { succeeded, tried, lower, upper, isEnough };
}

function measureTime(name: MeasuredTime['name'], values: readonly number[]): MeasuredTime {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  const rank = count < FEWEST_TIMES ? 0 : medianRank(count);
  return {
    name,
    count,
    meanMs: count === 0 ? null : sorted.reduce((sum, value) => sum + value, 0) / count,
    medianMs: medianOf(sorted),
    lowerMs: rank === 0 ? null : (sorted[rank - 1] ?? null),
    upperMs: rank === 0 ? null : (sorted[count - rank] ?? null),
    isEnough: rank > 0,
  };
}

function medianOf(sorted: readonly number[]): number | null {
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** The largest k so that the median lies between the k-th smallest and the k-th largest with this confidence. */
function medianRank(count: number): number {
  let rank = 0;
  let term = 0.5 ** count;
  let below = term;
  while (below <= (1 - LEVEL) / 2) {
    rank += 1;
    term *= (count - rank + 1) / rank;
    below += term;
  }
  return rank;
}

function nothingObserved(stateDir: string): AppError {
  return new AppError('notFound', {
    message: {
      en: `the journal in ${stateDir} covers no time yet`,
      zh: `${stateDir} 中的事件日志还没有覆盖任何时间`,
    },
    reason: {
      en: 'failure rates need an observation period',
      zh: '没有观测时长，就无法估计失效率',
    },
    hint: {
      en: 'let hotwarm up run for a while, or plan without --from-history',
      zh: '让 hotwarm up 运行一段时间，或去掉 --from-history',
    },
  });
}
