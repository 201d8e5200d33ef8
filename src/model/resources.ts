import { requireNonNegative, requireShare } from './check-argument.ts';
import { FULL, upkeepOf, type Temperature } from '../core/temperature.ts';

// What members cost in money and energy at each temperature. A plain sum, linear in what is used: it knows no volume
// discounts, and takes a host's idle power as a price of the host, not of the members on it.

/** What one member needs at full capacity. */
export type Need = {
  readonly cores: number;
  readonly memoryGib: number;
  /** Share of its cores that it uses in the mean while it serves. */
  readonly busyShare: number;
  /** Share of its cores that a hot standby uses, without clients. */
  readonly idleShare: number;
};

export type Prices = {
  /** Per core that is kept for a member, and month. */
  readonly perCoreMonth: number;
  readonly perGibMonth: number;
  readonly perHostMonth: number;
  readonly perKwh: number;
};

export type Power = {
  /** Of a core that is fully busy, above idle. */
  readonly wattPerCore: number;
  /** Of memory that is resident. */
  readonly wattPerGib: number;
  readonly wattPerHost: number;
};

export type Resources = {
  /** Cores kept for it, and those that it uses in the mean. */
  readonly coresKept: number;
  readonly coresUsed: number;
  readonly memoryGib: number;
};

const HOURS_PER_MONTH = 730.5;

/**
 * What a member keeps and uses. One that runs keeps its cores, or at a reduced capacity the share `warmShare` of them, and uses
 * no more; one that does not run keeps no core, and its memory only while it is frozen.
 */
export function memberResources(
  need: Need,
  role: 'active' | Temperature,
  warmShare: number,
): Resources {
  requireNeed(need);
  requireShare('warmShare', warmShare);
  const { cores, memoryGib, busyShare, idleShare } = need;
  const { standing, capacity } = role === 'active' ? FULL : upkeepOf(role);
  if (standing !== 'running')
    return { coresKept: 0, coresUsed: 0, memoryGib: standing === 'frozen' ? memoryGib : 0 };
  const coresKept = capacity === 'full' ? cores : cores * warmShare;
  const wanted = cores * (role === 'active' ? busyShare : idleShare);
  return { coresKept, coresUsed: Math.min(coresKept, wanted), memoryGib };
}

export type Bill = {
  /** Currency of the prices, per month of 730.5 hours; energy included. */
  readonly perMonth: number;
  readonly watts: number;
  readonly kwhPerMonth: number;
};

/** Cost and energy of members on so many hosts: Σ (kept × price) + energy × price. */
export function resourceBill(
  members: readonly Resources[],
  hosts: number,
  prices: Prices,
  power: Power,
): Bill {
  requireNonNegative('hosts', hosts);
  for (const [name, value] of Object.entries({ ...prices, ...power })) {
    requireNonNegative(name, value);
  }
  let kept = hosts * prices.perHostMonth;
  let watts = hosts * power.wattPerHost;
  for (const { coresKept, coresUsed, memoryGib } of members) {
    kept += coresKept * prices.perCoreMonth + memoryGib * prices.perGibMonth;
    watts += coresUsed * power.wattPerCore + memoryGib * power.wattPerGib;
  }
  const kwhPerMonth = (watts * HOURS_PER_MONTH) / 1000;
  return { perMonth: kept + kwhPerMonth * prices.perKwh, watts, kwhPerMonth };
}

function requireNeed(need: Need): void {
  requireNonNegative('cores', need.cores);
  requireNonNegative('memoryGib', need.memoryGib);
  requireShare('busyShare', need.busyShare);
  requireShare('idleShare', need.idleShare);
}
