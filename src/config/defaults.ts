import { CONFIRMING_PROBES } from '../core/doubt.ts';
import type { ParsedService } from './schema.ts';

// Defaults that depend on other keys.

/**
 * Bound on detection, ms. A member that answers within its time-out is alive by the user's own word, and
 * one lost beat is no evidence: so the larger of the time-out and three intervals.
 */
export function detectionBoundMs(probe: ParsedService['probe']): number {
  return probe.bound ?? Math.max(probe.timeout, 3 * probe.interval);
}

/** Longest time from a hung member's last answer until it is condemned, on a host that is not strained, ms. */
export function hangProofMs(probe: ParsedService['probe']): number {
  return detectionBoundMs(probe) + CONFIRMING_PROBES * probe.timeout;
}

/** How long a started member may take to answer, ms. */
export function readyTimeoutMs(service: ParsedService): number {
  return service.ready?.timeout ?? service.timeouts.ready ?? 30_000;
}

/** What is kept of a request for sending it again. */
export function replayLimits(service: ParsedService): { body: number; attempts: number } {
  return service.traffic.replay ?? { body: 1024 * 1024, attempts: 2 };
}

/** Without a limit on latency, nothing says what "too slow" is: then it is only reported. */
export function grayAction(service: ParsedService): 'switchover' | 'report' {
  return service.gray.action ?? (service.takeover.p95 === undefined ? 'report' : 'switchover');
}
