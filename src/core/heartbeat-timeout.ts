import { expectedNext, type Arrivals } from './expected-arrival.ts';
import type { DetectionConfig } from './config.ts';
import { isFilled, recordMs, type RecordMargin } from './safety-margin.ts';
import { creditSince, patience, type ObserverState } from './local-health.ts';
import type { DurationMs, Instant } from './time.ts';

// How long a member may be silent. The expected arrival of the next beat plus a margin that has been
// exceeded about once per tolerated mistake time, with a floor for what the observer's own timer blurs
// and a cap by the user's bound on detection. Where the cap is below the margin, the bound wins and
// mistakes are more frequent than asked for: a second channel then decides, not more patience.
// An unfit observer multiplies its patience up to the bound. Beyond it only the confirmation gets more
// patient: a suspicion costs one probe and lets the data plane hedge, which clients need most when the
// host is busy, while a wrong verdict would cost a failover.

/** What the observer's timer and the probes' own work may blur on a loaded host. */
export const MARGIN_FLOOR_MS = 50;
const LAG_FACTOR = 4;
/** Until a whole window has been seen the record is too low by design. */
const START_MARGIN_MS = 1000;

export type Silence = {
  readonly arrivals: Arrivals;
  readonly record: RecordMargin;
  /** Newest sign of life on any channel. */
  readonly lastBeatAt: Instant;
  /** A full time-out is due from here: the silence before was not the member's. */
  readonly graceFrom: Instant | null;
  /** Clients' requests hang too: the smallest margin is enough. */
  readonly hastened: boolean;
};

/** Lateness that is forgiven, before the observer's patience. */
export function marginMs(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): DurationMs {
  const capMs = Math.max(0, config.maxSilenceMs - config.intervalMs);
  const floorMs = Math.max(MARGIN_FLOOR_MS, LAG_FACTOR * observer.ownLagP99Ms);
  if (silence.hastened) return Math.min(floorMs, capMs);
  const { lastAt } = silence.arrivals;
  const filled = isFilled(silence.record, lastAt, config.falseSuspicionEveryMs);
  const seenMs = recordMs(silence.record);
  const learntMs = filled ? seenMs : Math.max(START_MARGIN_MS, seenMs);
  return Math.min(Math.max(learntMs, floorMs), capMs);
}

/** When the next beat was or is expected, own pauses left out. */
export function expectedAt(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): Instant {
  const { arrivals } = silence;
  return expectedNext(arrivals, config.intervalMs) + creditSince(observer, arrivals.lastAt);
}

/** From here on the member is late, whatever excuses there are. */
export function lateFrom(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): Instant {
  const patienceMs = marginMs(config, silence, observer) * patience(observer);
  const bySchedule = expectedAt(config, silence, observer) + patienceMs;
  const lastSign = silence.lastBeatAt + creditSince(observer, silence.lastBeatAt);
  const byOtherSign = lastSign + config.intervalMs + patienceMs;
  const cap = lastSign + config.maxSilenceMs;
  return Math.min(Math.max(bySchedule, byOtherSign), cap);
}

/** From here on its silence may be held against it. */
export function suspectFrom(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): Instant {
  const graceFrom = Math.max(silence.graceFrom ?? -Infinity, observer.holdUntil ?? -Infinity);
  const timeoutMs = config.intervalMs + marginMs(config, silence, observer) * patience(observer);
  return Math.max(lateFrom(config, silence, observer), graceFrom + timeoutMs);
}
