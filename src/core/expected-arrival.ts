import type { DurationMs, Instant } from './time.ts';

// The expected arrival of the next response (Chen, Toueg, Aguilera, "On the quality of service of failure detectors", IEEE
// TC 51(5), 2002, NFD-E; two windows as in Tomsic et al., IPDPS 2015). Probes are sent at a fixed interval, so arrival
// minus sequence × interval is a constant plus the delay of the path. The long window gives the usual delay, the window of
// one response the latest; the later of the two is expected. This adapts to a burst of delays at once and forgets it slowly.
//
// The long window is an exponential mean with weight 2/(n+1), n = 1000: it has the variance of a plain mean over 1000
// responses but is one number, which keeps the state small. Before n responses it is the plain mean, and so not biased
// towards the first one.

const LONG_WINDOW_BEATS = 1000;

export type Arrivals = {
  /** Newest sequence seen; null before the first response. */
  readonly lastSequence: number | null;
  /** Its arrival; before the first response, when the member was last known to respond. */
  readonly lastAt: Instant;
  /** Mean of arrival − sequence × interval. */
  readonly meanOffsetMs: DurationMs;
  readonly beats: number;
};

export function startArrivals(at: Instant): Arrivals {
  return { lastSequence: null, lastAt: at, meanOffsetMs: 0, beats: 0 };
}

/** `usual` false: update the short window only, because the delay is not that of the path. */
export function noteArrival(
  arrivals: Arrivals,
  beat: { sequence: number; at: Instant; usual: boolean },
  intervalMs: DurationMs,
): Arrivals {
  const last = { lastSequence: beat.sequence, lastAt: beat.at };
  if (!beat.usual) return { ...arrivals, ...last };
  const beats = arrivals.beats + 1;
  const weight = Math.max(1 / beats, 2 / (LONG_WINDOW_BEATS + 1));
  const offsetMs = beat.at - beat.sequence * intervalMs;
  const meanOffsetMs = arrivals.meanOffsetMs + weight * (offsetMs - arrivals.meanOffsetMs);
  return { ...last, meanOffsetMs, beats };
}

/** Expected arrival of the next response. */
export function expectedNext(arrivals: Arrivals, intervalMs: DurationMs): Instant {
  const short = arrivals.lastAt + intervalMs;
  if (arrivals.lastSequence === null || arrivals.beats === 0) return short;
  const long = arrivals.meanOffsetMs + (arrivals.lastSequence + 1) * intervalMs;
  return Math.max(long, short);
}
