// Time in the core is a number of milliseconds on the host's monotonic clock (CLOCK_MONOTONIC, so
// that every process of one host reads the same value). It enters with events and is only compared
// with other such numbers of the same host. Wall-clock time never enters a decision.

/** Milliseconds on this host's monotonic clock. */
export type Instant = number;

/** A length of time in milliseconds. */
export type DurationMs = number;

/** The earlier of two instants, where null means never. */
export function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null) return b;
  if (b === null) return a;
  return Math.min(a, b);
}
