import type { TrafficSampled } from './event.ts';
import type { EvidenceFact, HealthReason } from './reasons.ts';
import type { Instant } from './time.ts';

// The service quality of a running member. In a gray failure a member responds to probes but fails its clients: only real
// requests reveal it. As in Envoy's outlier detection, a run of bad windows or a high error rate over enough requests makes
// a member degraded; a run of good windows ends that, and so does a quiet time without requests. The reaction is decided
// elsewhere.

/** Consecutive windows with requests, about 100 ms each. */
export const BAD_WINDOWS = 5;
const GOOD_WINDOWS = 5;
/** Enough requests for a verdict from the error rate before five windows have passed. */
const ENOUGH_REQUESTS = 20;
/** Envoy's base ejection time. */
const QUIET_MS = 30_000;

export type Quality = {
  /** Why the member is degraded; null: it is not. */
  readonly degraded: Extract<HealthReason, 'tooManyErrors' | 'tooSlow' | 'requestsFailing'> | null;
  readonly badWindows: number;
  readonly goodWindows: number;
  /** Requests and errors in the current run of bad windows. */
  readonly requests: number;
  readonly errors: number;
  readonly badAt: Instant | null;
};

export type QualityLimits = { readonly p95Ms: number | null; readonly errorShare: number };

export const GOOD_QUALITY: Quality = {
  degraded: null,
  badWindows: 0,
  goodWindows: 0,
  requests: 0,
  errors: 0,
  badAt: null,
};

/** Why this window is bad; null: it is not. */
export function faultOf(sample: TrafficSampled, limits: QualityLimits): EvidenceFact | null {
  const { requests, errors, p95Ms } = sample;
  if (requests === 0) return null;
  const share = errors / requests;
  if (share > limits.errorShare) {
    return { code: 'errorShare', share, requests, limit: limits.errorShare };
  }
  if (limits.p95Ms === null || p95Ms === null || p95Ms <= limits.p95Ms) return null;
  return { code: 'slow', p95Ms, limitMs: limits.p95Ms, requests };
}

export function noteBadWindow(quality: Quality, sample: TrafficSampled, limit: number): Quality {
  const badWindows = quality.badWindows + 1;
  const requests = quality.requests + sample.requests;
  const errors = quality.errors + sample.errors;
  const failing = errors / Math.max(requests, 1) > limit;
  const run = { badWindows, requests, errors, goodWindows: 0, badAt: sample.at };
  if (badWindows < BAD_WINDOWS && !(failing && requests >= ENOUGH_REQUESTS)) {
    return { ...run, degraded: quality.degraded };
  }
  return { ...run, degraded: failing ? 'tooManyErrors' : 'tooSlow' };
}

/** Restarts the count: requests before a takeover do not count. */
export function forgetRun(quality: Quality): Quality {
  return { ...quality, badWindows: 0, requests: 0, errors: 0 };
}

export function noteGoodWindow(quality: Quality): Quality {
  const goodWindows = quality.goodWindows + 1;
  if (quality.degraded === null || goodWindows >= GOOD_WINDOWS) return GOOD_QUALITY;
  return { ...quality, goodWindows, badWindows: 0, requests: 0, errors: 0 };
}

/** The member's health check returns an error although it responds elsewhere. */
export function noteNegativeAnswer(quality: Quality, at: Instant): Quality {
  return { ...quality, degraded: 'requestsFailing', goodWindows: 0, badAt: at };
}

/** A successful response of the health check; old client failures expire. */
export function noteAnswer(quality: Quality, at: Instant): Quality {
  if (quality.degraded === 'requestsFailing') return GOOD_QUALITY;
  if (quality.badAt === null || at - quality.badAt < QUIET_MS) return quality;
  return GOOD_QUALITY;
}
