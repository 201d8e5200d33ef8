import { CONFIRMING_PROBES } from '../core/suspicion.ts';
import type { TrafficAbilities } from '../drivers/traffic/contract.ts';
import type { ParsedMember, ParsedService } from './schema.ts';
import type { Temperature } from '../core/temperature.ts';

// Defaults that depend on other keys.

/**
 * Longest silence before a suspicion, ms. A response within the timeout counts as normal, and a single lost one is no
 * evidence: so the default is the larger of the timeout and three intervals.
 */
export function maxSilenceMsOf(probe: ParsedService['probe']): number {
  return probe.maxSilence ?? Math.max(probe.timeout, 3 * probe.interval);
}

/** Longest time from the last response of a hung member to its verdict, on a healthy host, ms. */
export function hangProofMs(probe: ParsedService['probe']): number {
  return maxSilenceMsOf(probe) + CONFIRMING_PROBES * probe.timeout;
}

/** Time limit until a started member is ready, ms. */
export function readyTimeoutMs(service: ParsedService): number {
  return service.timeouts.ready ?? 30_000;
}

/** The guaranteed rest of the lease for a drain, which does not extend it: the last renewal can be nearly one interval old, ms. */
export function drainLeaseMs({ lease }: ParsedService): number {
  return lease.ttl - lease.safetyMargin - lease.renewInterval;
}

/** Time limit for in-flight requests, ms. In an exclusive service no member serves meanwhile, and the lease keeps running. */
export function drainTimeoutMs(service: ParsedService): number {
  const { exclusive, timeouts, traffic } = service;
  if (timeouts.drain !== undefined) return timeouts.drain;
  // An inconsistent lease, or a hold of 0, sets no limit.
  const holdMs = 'hold' in traffic ? traffic.hold.timeout : 0;
  const bounds = exclusive ? [drainLeaseMs(service), holdMs].filter((ms) => ms > 0) : [];
  return Math.min(10_000, ...bounds);
}

/** A standby that clients could reach while it runs is frozen by default. */
export function temperatureOf(member: ParsedMember, traffic: TrafficAbilities): Temperature {
  return member.temperature ?? (traffic.shieldsStandbys ? 'hot' : 'frozen');
}

/** Without a latency limit "too slow" is undefined: the default is to report only. */
export function degradedAction(service: ParsedService): 'switchover' | 'report' {
  return (
    service.degraded.action ?? (service.takeover.maxP95 === undefined ? 'report' : 'switchover')
  );
}
