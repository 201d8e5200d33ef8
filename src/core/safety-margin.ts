import type { DurationMs, Instant } from './time.ts';

// How much later than expected a response may be. With W the target time between two false suspicions, the margin is the
// r-th largest delay of the last r windows of W. If delays are exchangeable, the next one exceeds the r-th largest of the
// last r·N with probability r/(r·N + 1): the margin is exceeded about once per W for any distribution. W is the only
// parameter, and there is no tail to fit. r = 1 would be the plain record. r = 4 varies less: a single extreme pause does
// not keep the margin high for a whole window, but four pauses in four windows do. The rank grows with the history: the
// largest of the first window, the second largest of the first two, and so on.
//
// Stored as maxima of blocks of W/60 instead of samples: clustered delays count once, and the state stays small. Not
// guaranteed: exchangeability. If delays get worse, r false suspicions can follow at once; if they get better, the margin
// stays high for up to r windows. The detector caps it.

const BLOCKS_PER_WINDOW = 60;
const WINDOWS = 4;

export type RecordMargin = {
  readonly startedAt: Instant;
  /** Maxima of the finished blocks that still count, oldest first, bounded. */
  readonly blockMaximaMs: readonly DurationMs[];
  readonly blockStartedAt: Instant;
  readonly currentMs: DurationMs;
  /** The largest maxima of the finished blocks, as many as the current rank, largest first. */
  readonly largestMs: readonly DurationMs[];
};

export function startRecord(at: Instant): RecordMargin {
  return { startedAt: at, blockMaximaMs: [], blockStartedAt: at, currentMs: 0, largestMs: [0] };
}

/** Adds one delay; early responses count as 0. */
export function noteLateness(
  record: RecordMargin,
  latenessMs: DurationMs,
  at: Instant,
  windowMs: DurationMs,
): RecordMargin {
  const rolled = roll(record, at, windowMs / BLOCKS_PER_WINDOW);
  return latenessMs > rolled.currentMs ? { ...rolled, currentMs: latenessMs } : rolled;
}

/** The delay that is exceeded about once per window. */
export function recordMs(record: RecordMargin): DurationMs {
  const { largestMs, currentMs } = record;
  const lowest = largestMs.at(-1) ?? 0;
  if (currentMs <= lowest) return lowest;
  // The current block is one more candidate: it can displace the lowest one.
  return Math.min(largestMs.at(-2) ?? Infinity, currentMs);
}

/** Whether a whole window has passed; before that the record is too low by design. */
export function isFilled(record: RecordMargin, at: Instant, windowMs: DurationMs): boolean {
  return at - record.startedAt >= windowMs;
}

function roll(record: RecordMargin, at: Instant, blockMs: DurationMs): RecordMargin {
  const passed = Math.floor((at - record.blockStartedAt) / blockMs);
  if (passed < 1) return record;
  const limit = BLOCKS_PER_WINDOW * WINDOWS;
  const empty = Array.from({ length: Math.min(passed - 1, limit) }, () => 0);
  const blockMaximaMs = [...record.blockMaximaMs, record.currentMs, ...empty].slice(-limit);
  const rank = Math.max(1, Math.floor(blockMaximaMs.length / BLOCKS_PER_WINDOW));
  return {
    startedAt: record.startedAt,
    blockMaximaMs,
    blockStartedAt: record.blockStartedAt + passed * blockMs,
    currentMs: 0,
    largestMs: blockMaximaMs.toSorted((a, b) => b - a).slice(0, rank),
  };
}
