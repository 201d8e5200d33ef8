import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

// Deadlines of tests. They end a test that would otherwise hang, and measure the machine's progress rather than the
// clock: while more tasks want to run than there are processors, only the share that each of them gets is counted, and
// a time in which this process did not run at all counts little.

const CHECK_INTERVAL_MS = 5;
const SIGNAL_INTERVAL_MS = 50;
const MAX_COUNTED_MS = 250;

/** Waits until the condition holds. Throws at the deadline and says what was awaited. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  const hasPassed = deadline(withinMs);
  while (!(await holds())) {
    if (hasPassed()) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
  }
}

/** Aborts at the deadline, unless the process ends before. */
export function within(ms = 20_000): AbortSignal {
  const controller = new AbortController();
  const hasPassed = deadline(ms);
  const timer = setInterval(() => {
    if (!hasPassed()) return;
    clearInterval(timer);
    controller.abort(new DOMException(`not within ${ms} ms`, 'TimeoutError'));
  }, SIGNAL_INTERVAL_MS).unref();
  return controller.signal;
}

/** To be called often: what passed between two calls is counted at the second. */
function deadline(ms: number): () => boolean {
  let leftMs = ms;
  let countedAt = performance.now();
  return () => {
    const now = performance.now();
    leftMs -= Math.min(MAX_COUNTED_MS, now - countedAt) * shareOfProcessors();
    countedAt = now;
    return leftMs < 0;
  };
}

/** Of what each task that wants to run gets, at this moment. */
function shareOfProcessors(): number {
  const [, running] = /(\d+)\/\d+ \d+\n$/.exec(readFileSync('/proc/loadavg', 'latin1')) ?? [];
  return Math.min(1, availableParallelism() / Number(running ?? 1));
}
