/** Milliseconds on CLOCK_MONOTONIC, the same for every process of this host. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
