import type { RedundancyDesign, StandbyClass } from './design.ts';

// What follows at once from an event: the states in which a chain may come to rest, with their probabilities. A
// phase whose mean duration is 0 is passed through, so that it costs neither a state nor an infinite rate.

/** What a downtime may be put down to, and two kinds of service. */
export type Phase =
  | 'serving'
  /** A standby has taken over and serves partly. */
  | 'warming'
  | 'detecting'
  | 'switching'
  /** A failover did not succeed; an operator has to fix it. */
  | 'recovering'
  /** No member is left; the first repair ends it. */
  | 'exhausted'
  /** The planned return to the preferred member. */
  | 'failback';

export type Situation = {
  readonly phase: Phase;
  /** Class that is being switched to or that warms up; −1 in other phases. */
  readonly target: number;
  /** A failback is due once the preferred member is repaired. */
  readonly displaced: boolean;
  /** Standbys by class that would work. */
  readonly ready: readonly number[];
  /** Standbys by class whose failure is latent. */
  readonly latent: readonly number[];
};

/** What a rate depends on. Those of the standby classes stand for the scaling of all classes together. */
export type Parameter =
  | 'failureRate'
  | 'standbyFactor'
  | 'commonCauseShare'
  | 'uncoveredShare'
  | 'undetectedShare'
  | 'repairTime'
  | 'detectionTime'
  | 'failoverTime'
  | 'recoveryTime'
  | 'failbackTime'
  | 'warmUpTime'
  | 'rehearsalInterval';

/** A factor of a rate, and its elasticities: d ln value / d ln parameter. */
export type Factor = {
  readonly value: number;
  readonly slopes: readonly (readonly [Parameter, number])[];
};

export type Branch = { readonly situation: Situation; readonly factor: Factor };

type Pool = Pick<Situation, 'ready' | 'latent'>;

export const ONE: Factor = { value: 1, slopes: [] };

export function product(a: Factor, b: Factor): Factor {
  return { value: a.value * b.value, slopes: [...a.slopes, ...b.slopes] };
}

/** A share, and what is left of it: d ln (1 − p) / d ln p = −p / (1 − p). */
export function share(
  parameter: Parameter,
  p: number,
): { readonly yes: Factor; readonly no: Factor } {
  return {
    yes: { value: p, slopes: [[parameter, 1]] },
    no: { value: 1 - p, slopes: p < 1 ? [[parameter, -p / (1 - p)]] : [] },
  };
}

/** The rate at which a phase of this mean duration ends. */
export function ending(parameter: Parameter, hours: number): Factor {
  return { value: 1 / hours, slopes: [[parameter, -1]] };
}

/** The active has failed. */
export function afterFailure(
  design: RedundancyDesign,
  pool: Pool,
  displaced: boolean,
): readonly Branch[] {
  if (design.detectionHours === 0) return afterDetection(design, pool, displaced);
  return rest({ ...pool, phase: 'detecting', target: -1, displaced });
}

/** It is certain that the active has failed. */
export function afterDetection(
  design: RedundancyDesign,
  pool: Pool,
  displaced: boolean,
): readonly Branch[] {
  if (sizeOf(pool) === 0) return exhausted(pool, displaced);
  const { yes, no } = share('uncoveredShare', 1 - design.coverage);
  // The coverage itself, not 1 − (1 − coverage), which would be off by a rounding error.
  const covered = { ...no, value: design.coverage };
  const lost: readonly Branch[] =
    design.recoveryHours === 0
      ? afterRecovery(design, pool)
      : rest({ ...pool, phase: 'recovering', target: -1, displaced });
  return [
    ...weighted(covered, startSwitch(design, pool, displaced)),
    ...weighted(yes, lost),
  ].filter(({ factor }) => factor.value > 0);
}

/** The takeover is at its end: the chosen standby works, or it turns out that it had failed long ago. */
export function afterSwitch(
  design: RedundancyDesign,
  pool: Pool,
  target: number,
  displaced: boolean,
): readonly Branch[] {
  const ready = pool.ready[target];
  const latent = pool.latent[target];
  if (ready + latent === 0) return startSwitch(design, pool, displaced);
  const served = { ready: changed(pool.ready, target, -1), latent: pool.latent };
  const found = { ready: pool.ready, latent: changed(pool.latent, target, -1) };
  const worked = { value: ready / (ready + latent), slopes: [] };
  const failed = { value: latent / (ready + latent), slopes: [] };
  return [
    ...(ready > 0 ? weighted(worked, rest(takenOver(design, served, target))) : []),
    ...(latent > 0 ? weighted(failed, startSwitch(design, found, displaced)) : []),
  ];
}

/** An operator has checked every standby, and used the first that works. */
export function afterRecovery(design: RedundancyDesign, pool: Pool): readonly Branch[] {
  const target = pool.ready.findIndex((count) => count > 0);
  const latent = pool.latent.map(() => 0);
  if (target < 0) return exhausted({ ready: pool.ready, latent }, isDisplacing(design));
  return rest(takenOver(design, { ready: changed(pool.ready, target, -1), latent }, target));
}

/** A member joins the first class that has room for it. */
export function joined(pool: Pool, standbys: readonly StandbyClass[]): Pool {
  const place = standbys.findIndex(({ count }, at) => pool.ready[at] + pool.latent[at] < count);
  return place < 0 ? pool : { ready: changed(pool.ready, place, 1), latent: pool.latent };
}

export function changed(counts: readonly number[], at: number, by: number): readonly number[] {
  return counts.map((count, place) => (place === at ? count + by : count));
}

export function sizeOf({ ready, latent }: Pool): number {
  return ready.reduce((sum, count, place) => sum + count + latent[place], 0);
}

function startSwitch(design: RedundancyDesign, pool: Pool, displaced: boolean): readonly Branch[] {
  const target = pool.ready.findIndex((count, place) => count + pool.latent[place] > 0);
  if (target < 0) return exhausted(pool, displaced);
  if (design.standbys[target].failoverHours === 0) {
    return afterSwitch(design, pool, target, displaced);
  }
  return rest({ ...pool, phase: 'switching', target, displaced });
}

function takenOver(design: RedundancyDesign, pool: Pool, target: number): Situation {
  const displaced = isDisplacing(design);
  return design.standbys[target].warmUp === null
    ? { ...pool, phase: 'serving', target: -1, displaced }
    : { ...pool, phase: 'warming', target, displaced };
}

/** Without failback no member is preferred, so none is displaced. */
function isDisplacing({ failbackHours }: RedundancyDesign): boolean {
  return failbackHours !== null;
}

function exhausted(pool: Pool, displaced: boolean): readonly Branch[] {
  return rest({ ...pool, phase: 'exhausted', target: -1, displaced });
}

function rest({ phase, target, displaced, ready, latent }: Situation): readonly Branch[] {
  return [{ situation: { phase, target, displaced, ready, latent }, factor: ONE }];
}

function weighted(factor: Factor, branches: readonly Branch[]): readonly Branch[] {
  return branches.map((branch) => ({ ...branch, factor: product(factor, branch.factor) }));
}
