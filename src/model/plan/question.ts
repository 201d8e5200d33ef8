import {
  requireCount,
  requireNonNegative,
  requirePositive,
  requireShare,
} from '../check-argument.ts';
import type { FaultRates } from '../fault-rates.ts';
import type { Need, Power, Prices } from '../resources.ts';
import type { Temperature } from '../../core/temperature.ts';

// What a plan is asked: what a service shall achieve, what it is like, and what may fail. Complete and plain: where
// each figure comes from (the operator, a file, the history, a default) is the command's concern.

/** null: nothing is demanded. */
export type PlanObjectives = {
  /** 1 − availability, so that nine nines keep their digits. */
  readonly unavailability: number | null;
  readonly rtoMs: number | null;
  readonly rpoBytes: number | null;
  /** In the currency of the prices. */
  readonly perMonth: number | null;
  readonly power: number | null;
};

/** none: two actives at once do no harm. shared: they do, and read one disk. replicated: each has its own copy. */
export type ServiceState = 'none' | 'shared' | 'replicated';

export type PlannedService = {
  readonly state: ServiceState;
  /** How its standbys may be kept, hottest first. */
  readonly temperatures: readonly Temperature[];
  /** What an asynchronous copy lags behind. */
  readonly lagBytes: number;
  /** From the start of a member until it answers. */
  readonly startMs: number;
  /** How long a member that was just started serves only partly. */
  readonly warmUpMs: number;
  readonly warmUpShare: number;
  readonly need: Need;
  /** Share of its cores that a warm standby may use. */
  readonly warmShare: number;
  /** The probe is answered by the process itself. */
  readonly seesHangs: boolean;
  /** The data plane can send a request again to a standby. */
  readonly replays: boolean;
  /** Latency above which a member is degraded; null: no limit is set, so it is only reported. */
  readonly p95Ms: number | null;
};

/** What may be used. */
export type PlanLimits = {
  readonly hosts: number;
  readonly zones: number;
  readonly standbys: number;
};

/** Measured times that replace predicted ones; null: not measured. */
export type MeasuredTimes = {
  readonly crashDetectionMs: number | null;
  readonly hangDetectionMs: number | null;
};

export type PlanQuestion = {
  readonly objectives: PlanObjectives;
  readonly service: PlannedService;
  readonly limits: PlanLimits;
  readonly rates: FaultRates;
  readonly measured: MeasuredTimes;
  readonly prices: Prices;
  readonly power: Power;
};

export const MOST_PLANNED_STANDBYS = 20;
export const MOST_PLANNED_HOSTS = 8;

/** Throws a RangeError that names the first number that makes no sense. */
export function requireQuestion({ objectives, service, limits, rates }: PlanQuestion): void {
  if (objectives.unavailability !== null) {
    requireShare('unavailability', objectives.unavailability);
  }
  requireCount('hosts', limits.hosts, 1, MOST_PLANNED_HOSTS);
  requireCount('zones', limits.zones, 1, limits.hosts);
  requireCount('standbys', limits.standbys, 1, MOST_PLANNED_STANDBYS);
  requireNonNegative('startMs', service.startMs);
  requireNonNegative('warmUpMs', service.warmUpMs);
  requireShare('warmUpShare', service.warmUpShare);
  requireNonNegative('lagBytes', service.lagBytes);
  requirePositive('recoveryMs', rates.recoveryMs);
  for (const name of ['commonCauseShare', 'coverage', 'restartShare'] as const) {
    requireShare(name, rates[name]);
  }
}
