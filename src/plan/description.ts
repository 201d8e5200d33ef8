import { faultModel } from '../config/fault-model.ts';
import { formatDuration, formatShare, formatSize } from '../config/units.ts';
import { TEMPERATURE_NAMES } from '../core/temperature.ts';
import {
  type Basis,
  type FaultFigure,
  type FaultRates,
  COMPONENTS,
  FAULT_RATE_SOURCES,
} from '../model/fault-rates.ts';
import { ASSUMED_POWER, ASSUMED_PRICES, ASSUMED_SERVICE } from '../model/plan/assumptions.ts';
import type { PlanQuestion, PlannedService } from '../model/plan/question.ts';
import { type History, correct } from './history.ts';
import type { Stated } from './plan-input.ts';

// From what was said to a complete question, and a list of every figure with where it comes from.

export type Figure = {
  /** As in the configuration: `plan.startupTime`, `faults.host.every`. */
  readonly key: string;
  readonly value: string;
  readonly from: 'stated' | 'history' | 'default';
  /** Of a default; null of others. */
  readonly basis: Basis | null;
  readonly source: string | null;
};

export type Described = {
  readonly question: PlanQuestion;
  readonly currency: string;
  readonly figures: readonly Figure[];
};

export type Context = {
  readonly seesHangs: boolean;
  readonly replays: boolean;
  readonly temperatures: PlannedService['temperatures'];
  /** Of a service in a file that says `exclusive` but no state. */
  readonly exclusive: boolean | null;
  readonly history: History | null;
};

const GIB = 1024 ** 3;
const MS_PER_NONE = 0;

type Assumed<T> = { readonly value: T; readonly basis: Basis; readonly source: string };

/** Notes where each figure comes from as it is taken. */
class Ledger {
  readonly figures: Figure[] = [];

  take<T>(
    key: string,
    stated: T | undefined,
    assumed: Assumed<NoInfer<T>>,
    format: (value: T) => string = String,
  ): T {
    const value = stated ?? assumed.value;
    const isDefault = stated === undefined;
    this.figures.push({
      key,
      value: format(value),
      from: isDefault ? 'default' : 'stated',
      basis: isDefault ? assumed.basis : null,
      source: isDefault ? assumed.source : null,
    });
    return value;
  }
}

const asDuration = (ms: number): string => (ms === MS_PER_NONE ? '0s' : formatDuration(ms));

export function describe(stated: Stated, context: Context): Described {
  const ledger = new Ledger();
  const { plan, objectives, takeover } = stated;
  const assumed = ASSUMED_SERVICE;
  const availability = ledger.take(
    'objectives.availability',
    objectives.availability,
    assumed.availability,
    formatShare,
  );
  const rtoMs = ledger.take('objectives.rto', objectives.rto, assumed.rtoMs, asDuration);
  const service = describeService(ledger, stated, context);
  const { rates, measured, figures } = describeFaults(stated, context.history, plan.startupTime);
  const prices = describePrices(ledger, plan.prices);
  const question: PlanQuestion = {
    objectives: {
      // A share has at most twelve decimals: so the complement is exact.
      unavailability: Number((1 - availability).toFixed(12)),
      rtoMs,
      rpoBytes: objectives.rpo ?? null,
      perMonth: objectives.budget ?? null,
      power: objectives.power ?? null,
    },
    service: { ...service, p95Ms: takeover.maxP95 ?? null },
    limits: {
      hosts: ledger.take('plan.hosts', plan.hosts, assumed.hosts),
      zones: ledger.take('plan.zones', plan.zones, assumed.zones),
      standbys: ledger.take('plan.standbys', plan.standbys, assumed.standbys),
    },
    rates,
    measured,
    prices: prices.prices,
    power: describePower(ledger, plan.power, service.need.cores),
  };
  const all = [...ledger.figures, ...figures].filter(({ key }) => matters(key, question));
  return { question, currency: prices.currency, figures: all };
}

/** Figures on which nothing depends are not told. */
function matters(key: string, { service }: PlanQuestion): boolean {
  if (key === 'plan.lag') return service.state === 'replicated';
  return key !== 'plan.warmUpShare' || service.warmUpMs > 0;
}

function describeService(
  ledger: Ledger,
  { plan }: Stated,
  { seesHangs, replays, temperatures, exclusive }: Context,
): Omit<PlannedService, 'p95Ms'> {
  const assumed = ASSUMED_SERVICE;
  const implied = exclusive === null ? undefined : exclusive ? 'shared' : 'none';
  const memory = ledger.take('plan.memory', plan.memory, assumed.memoryBytes, formatSize);
  return {
    state: ledger.take<PlannedService['state']>('plan.state', plan.state ?? implied, assumed.state),
    lagBytes: ledger.take('plan.lag', plan.lag, assumed.lagBytes, formatSize),
    startMs: ledger.take('plan.startupTime', plan.startupTime, assumed.startMs, asDuration),
    warmUpMs: ledger.take('plan.warmUp', plan.warmUp, assumed.warmUpMs, asDuration),
    warmUpShare: ledger.take(
      'plan.warmUpShare',
      plan.warmUpShare,
      assumed.warmUpShare,
      formatShare,
    ),
    need: {
      cores: ledger.take('plan.cores', plan.cores, assumed.cores),
      memoryGib: memory / GIB,
      busyShare: ledger.take('plan.busy', plan.busy, assumed.busyShare, formatShare),
      idleShare: ledger.take('plan.idle', plan.idle, assumed.idleShare, formatShare),
    },
    warmShare: ledger.take('plan.warm', plan.warm, assumed.warmShare, formatShare),
    seesHangs,
    replays,
    temperatures,
  };
}

function describePrices(ledger: Ledger, stated: Stated['plan']['prices']) {
  const assumed = ASSUMED_PRICES;
  const currency = ledger.take<string>('plan.prices.currency', stated.currency, assumed.currency);
  const prices = {
    perCoreMonth: ledger.take('plan.prices.core', stated.core, assumed.perCoreMonth),
    perGibMonth: ledger.take('plan.prices.memory', stated.memory, assumed.perGibMonth),
    perHostMonth: ledger.take('plan.prices.host', stated.host, assumed.perHostMonth),
    perKwh: ledger.take('plan.prices.kwh', stated.kwh, assumed.perKwh),
  };
  return { currency, prices };
}

function describePower(ledger: Ledger, stated: Stated['plan']['power'], cores: number) {
  const { wattPerCore, wattPerGib, wattPerHost } = ASSUMED_POWER;
  const idle = { ...wattPerHost, value: Number((wattPerHost.value * cores).toPrecision(3)) };
  return {
    wattPerCore: ledger.take('plan.power.core', stated.core, wattPerCore),
    wattPerGib: ledger.take('plan.power.memory', stated.memory, wattPerGib),
    wattPerHost: ledger.take('plan.power.host', stated.host, idle),
  };
}

/** A start that was stated is what a restart takes, unless that was stated too. */
function describeFaults(stated: Stated, history: History | null, startMs: number | undefined) {
  const { rates: assumed, given } = faultModel(stated.faults);
  const isStart = (key: 'process' | 'hang'): boolean =>
    startMs !== undefined && startMs > 0 && !given.includes(`${key}.repair`);
  const rates: FaultRates = {
    ...assumed,
    process: { ...assumed.process, ...(isStart('process') ? { repairMs: startMs ?? 0 } : {}) },
    hang: { ...assumed.hang, ...(isStart('hang') ? { repairMs: startMs ?? 0 } : {}) },
  };
  const known: readonly string[] = [
    ...given,
    ...(isStart('process') ? ['process.repair'] : []),
    ...(isStart('hang') ? ['hang.repair'] : []),
  ];
  const corrected =
    history === null
      ? { rates, measured: { crashDetectionMs: null, hangDetectionMs: null }, keys: [] }
      : correct(history, rates, known);
  const figures = faultFigures(corrected.rates).map(([key, value]): Figure => {
    const isDefault = !known.includes(key) && !corrected.keys.includes(key);
    const { basis, source } = FAULT_RATE_SOURCES[key];
    return {
      key: `faults.${key}`,
      value,
      from: corrected.keys.includes(key) ? 'history' : isDefault ? 'default' : 'stated',
      basis: isDefault ? basis : null,
      source: isDefault ? source : null,
    };
  });
  return { rates: corrected.rates, measured: corrected.measured, figures };
}

function faultFigures(rates: FaultRates): readonly (readonly [FaultFigure, string])[] {
  return [
    ...COMPONENTS.flatMap((component): (readonly [FaultFigure, string])[] => {
      const { everyMs, repairMs } = rates[component];
      return [
        [`${component}.every`, everyMs === null ? 'never' : formatDuration(Math.round(everyMs))],
        [`${component}.repair`, formatDuration(repairMs)],
      ];
    }),
    ['pause.every', rates.pause.everyMs === null ? 'never' : formatDuration(rates.pause.everyMs)],
    ['pause.median', formatDuration(rates.pause.medianMs)],
    ...TEMPERATURE_NAMES.map((each): readonly [FaultFigure, string] => [
      `standbyFactor.${each}`,
      formatShare(rates.standbyFactor[each]),
    ]),
    ...TEMPERATURE_NAMES.map((each): readonly [FaultFigure, string] => [
      `standbyLatent.${each}`,
      formatShare(rates.hiddenShare[each]),
    ]),
    ['commonCause', formatShare(rates.commonCauseShare)],
    ['failoverSuccess', formatShare(rates.coverage)],
    ['restartSuccess', formatShare(rates.restartShare)],
    ['manualRepair', formatDuration(rates.recoveryMs)],
  ];
}
