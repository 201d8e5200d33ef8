import { monotonicMs } from '../clock.ts';

// A time-out that charges the other side only with time in which this process ran itself. It is counted in slices,
// and a slice that ends late by as much as its own length is not counted: this process was stopped, or the whole
// machine was, and the other side may have been as well. Nor does it end before what has arrived is read.

const SLICES = 8;

export type TimeoutClock = {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => { readonly cancel: () => void };
  /** Once what has arrived is read. */
  readonly afterReading: (run: () => void) => void;
};

const SYSTEM: TimeoutClock = {
  now: monotonicMs,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  afterReading: (run) => void setImmediate(run),
};

/** Returns what ends it before its time. */
export function stallAwareTimeout(
  timeoutMs: number,
  onOut: () => void,
  clock: TimeoutClock = SYSTEM,
): () => void {
  const sliceMs = timeoutMs / SLICES;
  let left = SLICES;
  let over = false;
  let timer = { cancel: (): void => {} };
  const arm = (): void => {
    const dueAt = clock.now() + sliceMs;
    timer = clock.after(sliceMs, () => {
      if (clock.now() - dueAt < sliceMs) left -= 1;
      if (left > 0) arm();
      else clock.afterReading(end);
    });
  };
  const end = (): void => {
    if (over) return;
    over = true;
    onOut();
  };
  arm();
  return () => {
    over = true;
    timer.cancel();
  };
}
