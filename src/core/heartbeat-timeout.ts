import { expectedNext, type Arrivals } from './expected-arrival.ts';
import type { DetectionConfig } from './config.ts';
import { isFilled, recordMs, type RecordMargin } from './safety-margin.ts';
import { creditSince, patience, type ObserverState } from './local-health.ts';
import type { DurationMs, Instant } from './time.ts';

// How long a member may be silent: until the expected arrival of the next response plus a safety margin that was exceeded
// about once per `falseSuspicionEvery`. The margin has a floor, for the jitter of the observer's own timer, and is capped
// by `maxSilence`. If the cap is below the margin, it wins and false suspicions are more frequent than configured: the
// second channel then decides.
// A degraded observer multiplies the timeout up to the cap. Beyond it only the confirmation takes longer: a suspicion costs
// one probe and lets the data plane hedge, which helps clients on a busy host; a wrong verdict would cost a failover.

/** Jitter of the observer's timer and of the probes on a loaded host. */
export const MARGIN_FLOOR_MS = 50;
const LAG_FACTOR = 4;
/** Before a whole window has passed, the record is too low by design. */
const START_MARGIN_MS = 1000;

export type Silence = {
  readonly arrivals: Arrivals;
  readonly record: RecordMargin;
  /** Newest response on any channel. */
  readonly lastBeatAt: Instant;
  /** A full timeout counts from here: the silence before was not the member's fault. */
  readonly graceFrom: Instant | null;
  /** Client requests hang as well: use the minimum margin. */
  readonly hastened: boolean;
};

/** The margin, without the observer's timeout factor. */
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

/** Expected arrival of the next response, without the observer's pauses. */
export function expectedAt(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): Instant {
  const { arrivals } = silence;
  return expectedNext(arrivals, config.intervalMs) + creditSince(observer, arrivals.lastAt);
}

/** The member is late from here, without regard to the observer's condition. */
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

/** The member can be suspected from here. */
export function suspectFrom(
  config: DetectionConfig,
  silence: Silence,
  observer: ObserverState,
): Instant {
  const graceFrom = Math.max(silence.graceFrom ?? -Infinity, observer.holdUntil ?? -Infinity);
  const timeoutMs = config.intervalMs + marginMs(config, silence, observer) * patience(observer);
  return Math.max(lateFrom(config, silence, observer), graceFrom + timeoutMs);
}
