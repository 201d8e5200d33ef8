import type { DurationMs, Instant } from './time.ts';

// When the next sign of life is expected (Chen, Toueg, Aguilera, "On the quality of service of failure
// detectors", IEEE TC 51(5), 2002, NFD-E; two windows as in Tomsic et al., IPDPS 2015). Beats leave at
// a fixed interval, so arrival minus sequence × interval is a constant plus the delay of the path. The
// long window knows the usual delay, the window of one beat knows what just happened; the later of the
// two is expected, which forgives a burst of lateness at once and forgets it slowly.
//
// The long window is an exponential mean with weight 2/(n+1), n = 1000: it has the variance of a plain
// mean over 1000 beats but is one number, so that a state stays small to journal and compare. Until it
// has seen n beats it is the plain mean, so it is never biased towards its first beat.

const LONG_WINDOW_BEATS = 1000;

export type Arrivals = {
  /** Newest sequence seen; null before the first beat. */
  readonly lastSequence: number | null;
  /** When it arrived, or, before the first beat, when the member was last known to answer. */
  readonly lastAt: Instant;
  /** Mean of arrival − sequence × interval. */
  readonly meanOffsetMs: DurationMs;
  readonly beats: number;
};

export function startArrivals(at: Instant): Arrivals {
  return { lastSequence: null, lastAt: at, meanOffsetMs: 0, beats: 0 };
}

/** `usual` false: the beat moves the short window only, as its delay says nothing of the path. */
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

/** When the beat after the newest one should arrive. */
export function expectedNext(arrivals: Arrivals, intervalMs: DurationMs): Instant {
  const short = arrivals.lastAt + intervalMs;
  if (arrivals.lastSequence === null || arrivals.beats === 0) return short;
  const long = arrivals.meanOffsetMs + (arrivals.lastSequence + 1) * intervalMs;
  return Math.max(long, short);
}
