import {
  requireCount,
  requireNonNegative,
  requirePositive,
  requireShare,
} from './check-argument.ts';

// A redundancy design as the numbers that decide how available it is: one active member and standbys of one or more
// classes, the first of which is used first. All durations are means in hours, all rates per hour.

export type StandbyClass = {
  /** Members of this class. */
  readonly count: number;
  /** α: a standby fails α times as often as an active member; 0 while it is not running. */
  readonly standbyFactor: number;
  /** From the decision until it serves: raise or start it, fence, promote, switch the traffic. */
  readonly failoverHours: number;
  /** Share of its failures as a standby that no probe sees: only a rehearsal or a failover does. */
  readonly undetectedShare: number;
  /** false: rehearsals leave it out; without it they do not. */
  readonly isRehearsed?: boolean;
  /** After a takeover it serves only partly for a while; null: fully at once. */
  readonly warmUp: { readonly hours: number; readonly servingShare: number } | null;
};

export type RedundancyDesign = {
  /** λ of an active member: failures per hour, of every cause. */
  readonly failuresPerHour: number;
  /** Until a failed member can be a standby again. */
  readonly repairHours: number;
  /** How many members are repaired at a time. */
  readonly repairCrews: number;
  /** From a failure of the active until it is certain. */
  readonly detectionHours: number;
  /** Probability that a failover succeeds, given a standby that works. */
  readonly coverage: number;
  /** Until an operator has fixed a failover that did not succeed. */
  readonly recoveryHours: number;
  /** β: share of the active's failures that take all standbys along. */
  readonly commonCauseShare: number;
  /** Every standby of a class that is rehearsed is tried so often; null: never. */
  readonly rehearsalHours: number | null;
  /** Outage of the planned return to the preferred member; null: no failback. */
  readonly failbackHours: number | null;
  readonly standbys: readonly StandbyClass[];
};

const MOST_STANDBYS = 50;
const MOST_CLASSES = 4;

/** Throws a RangeError that names the first number that makes no sense. */
export function requireDesign(design: RedundancyDesign): void {
  requirePositive('failuresPerHour', design.failuresPerHour);
  requirePositive('repairHours', design.repairHours);
  requireCount('repairCrews', design.repairCrews, 1, 1000);
  requireNonNegative('detectionHours', design.detectionHours);
  requireShare('coverage', design.coverage);
  requireNonNegative('recoveryHours', design.recoveryHours);
  requireShare('commonCauseShare', design.commonCauseShare);
  if (design.rehearsalHours !== null) requirePositive('rehearsalHours', design.rehearsalHours);
  if (design.failbackHours !== null) requireNonNegative('failbackHours', design.failbackHours);
  requireCount('the number of standby classes', design.standbys.length, 0, MOST_CLASSES);
  for (const standby of design.standbys) {
    requireCount('count', standby.count, 1, MOST_STANDBYS);
    requireShare('standbyFactor', standby.standbyFactor);
    requireNonNegative('failoverHours', standby.failoverHours);
    requireShare('undetectedShare', standby.undetectedShare);
    if (standby.warmUp === null) continue;
    requirePositive('warmUp.hours', standby.warmUp.hours);
    requireShare('warmUp.servingShare', standby.warmUp.servingShare);
  }
}
