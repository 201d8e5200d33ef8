import type { FaultRate, FaultRates } from '../fault-rates.ts';
import type { DownPhase, DesignFigures } from '../design-figures.ts';
import { HOURS_PER_YEAR, MINUTES_PER_YEAR } from '../year.ts';
import type { RedundancyDesign } from '../design.ts';
import type { Design } from './design-space.ts';
import type { PlanQuestion } from './question.ts';
import type { TakeoverTimes } from './takeover-times.ts';

// One layer of a design: a part of it that fails by itself, as a Markov chain or in closed form.

export type LayerKind = 'member' | 'host' | 'zone' | 'unseen' | 'mistake' | 'replication';

export type Layer = {
  readonly kind: LayerKind;
  readonly unavailability: number;
  /** What it consists of; adds up to it. */
  readonly shares: Readonly<Partial<Record<DownPhase, number>>>;
  readonly outagesPerYear: number;
  /** Outages that a takeover did not end: a restart, a boot or an operator did. */
  readonly unbridgedPerYear: number;
  /** Missing from full service beyond the unavailability, while members warm up. */
  readonly warmingShare: number;
  /** The chain, and with which weight it counts; empty: the layer is in closed form. */
  readonly chains: readonly { readonly scheme: RedundancyDesign; readonly weight: number }[];
};

export type FiguresOf = (scheme: RedundancyDesign) => DesignFigures;

/** Up for 1/λ, then down for the sum of the phases: U = λd / (1 + λd). */
export type Alternating = {
  readonly perHour: number;
  readonly hours: Readonly<Partial<Record<DownPhase, number>>>;
  readonly downHours: number;
};

export function alternating(perHour: number, hours: Alternating['hours']): Alternating {
  return { perHour, hours, downHours: sum(Object.values(hours)) };
}

export function isFailing({ perHour, downHours }: Alternating): boolean {
  return perHour > 0 && downHours > 0;
}

export function inSeries(
  kind: LayerKind,
  parts: readonly Alternating[],
  end: 'bridged' | 'unbridged' = 'unbridged',
): Layer {
  const shares: Partial<Record<DownPhase, number>> = {};
  let outagesPerYear = 0;
  for (const { perHour, hours, downHours } of parts) {
    const cycle = 1 / perHour + downHours;
    outagesPerYear += HOURS_PER_YEAR / cycle;
    for (const phase of PHASES) {
      const spent = hours[phase];
      if (spent !== undefined) shares[phase] = (shares[phase] ?? 0) + spent / cycle;
    }
  }
  return {
    kind,
    unavailability: sum(Object.values(shares)),
    shares,
    outagesPerYear,
    unbridgedPerYear: end === 'unbridged' ? outagesPerYear : 0,
    warmingShare: 0,
    chains: [],
  };
}

export const PHASES = ['detecting', 'switching', 'recovering', 'exhausted', 'failback'] as const;

export function chainLayer(
  kind: LayerKind,
  chains: readonly { readonly scheme: RedundancyDesign; readonly weight: number }[],
  figuresOf: FiguresOf,
): Layer {
  const shares: Partial<Record<DownPhase, number>> = {};
  let [outagesPerYear, unbridgedPerYear, warmingShare] = [0, 0, 0];
  for (const { scheme, weight } of chains) {
    const figures = figuresOf(scheme);
    outagesPerYear += weight * figures.outagesPerYear;
    warmingShare += weight * Math.max(0, figures.shortfall - figures.unavailability);
    for (const phase of PHASES) {
      const share = figures.downtimeMinutesByPhase[phase] / MINUTES_PER_YEAR;
      shares[phase] = (shares[phase] ?? 0) + weight * share;
    }
    unbridgedPerYear += weight * unbridgedOf(scheme, figures);
  }
  const unavailability = sum(Object.values(shares));
  return { kind, unavailability, shares, outagesPerYear, unbridgedPerYear, warmingShare, chains };
}

/** In the long run a phase begins as often as it ends. */
function unbridgedOf(scheme: RedundancyDesign, { downtimeMinutesByPhase }: DesignFigures): number {
  const { repairHours, repairCrews, recoveryHours, standbys } = scheme;
  const members = 1 + sum(standbys.map(({ count }) => count));
  const repairs = Math.min(members, repairCrews) / repairHours;
  const recovered =
    recoveryHours === 0 ? 0 : downtimeMinutesByPhase.recovering / 60 / recoveryHours;
  return recovered + (downtimeMinutesByPhase.exhausted / 60) * repairs;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What every layer of one design is made of. */
export type Context = {
  readonly question: PlanQuestion;
  readonly design: Design;
  readonly times: TakeoverTimes;
  readonly figuresOf: FiguresOf;
};

export const HOUR_MS = 3_600_000;

export function perHourOf({ everyMs }: FaultRate): number {
  return everyMs === null ? 0 : HOUR_MS / everyMs;
}

export function repairHoursOf({ repairMs }: FaultRate): number {
  return repairMs / HOUR_MS;
}

/** A restart, and an operator where it does not help. */
export function repairOf(rate: FaultRate, { restartShare, recoveryMs }: FaultRates): number {
  return repairHoursOf(rate) + ((1 - restartShare) * recoveryMs) / HOUR_MS;
}
