import { CONFIRMING_PROBES } from '../core/suspicion.ts';
import type { TrafficAbilities } from '../drivers/traffic/contract.ts';
import type { ParsedMember, ParsedService } from './schema.ts';
import type { Temperature } from '../core/temperature.ts';

// Defaults that depend on other keys.

/**
 * Bound on detection, ms. A member that answers within its time-out is alive by the user's own word, and
 * one lost beat is no evidence: so the larger of the time-out and three intervals.
 */
export function maxSilenceMsOf(probe: ParsedService['probe']): number {
  return probe.maxSilence ?? Math.max(probe.timeout, 3 * probe.interval);
}

/** Longest time from a hung member's last answer until it is condemned, on a host that is not strained, ms. */
export function hangProofMs(probe: ParsedService['probe']): number {
  return maxSilenceMsOf(probe) + CONFIRMING_PROBES * probe.timeout;
}

/** How long a started member may take to answer, ms. */
export function readyTimeoutMs(service: ParsedService): number {
  return service.timeouts.ready ?? 30_000;
}

/** What a drain, which does not extend the lease, may surely use of it: the last renewal may be nearly one period old, ms. */
export function drainLeaseMs({ lease }: ParsedService): number {
  return lease.ttl - lease.safetyMargin - lease.renewInterval;
}

/** How long the requests under way may take to end; where exclusive nobody serves meanwhile, and the lease runs on, ms. */
export function drainTimeoutMs(service: ParsedService): number {
  const { exclusive, timeouts, traffic } = service;
  if (timeouts.drain !== undefined) return timeouts.drain;
  // A lease that does not fit together, or a hold of nothing, bounds nothing.
  const holdMs = 'hold' in traffic ? traffic.hold.timeout : 0;
  const bounds = exclusive ? [drainLeaseMs(service), holdMs].filter((ms) => ms > 0) : [];
  return Math.min(10_000, ...bounds);
}

/** A standby that clients could reach if it ran is not kept running. */
export function temperatureOf(member: ParsedMember, traffic: TrafficAbilities): Temperature {
  return member.temperature ?? (traffic.shieldsStandbys ? 'hot' : 'frozen');
}

/** Without a limit on latency, nothing says what "too slow" is: then it is only reported. */
export function degradedAction(service: ParsedService): 'switchover' | 'report' {
  return (
    service.degraded.action ?? (service.takeover.maxP95 === undefined ? 'report' : 'switchover')
  );
}
