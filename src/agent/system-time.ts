import { monotonicMs } from '../clock.ts';
import type { Time } from '../runtime/ports.ts';

/** Longest a Node timer is set for: much longer ones would fire at once. */
const TIMER_MAX_MS = 3_600_000;

export const SYSTEM_TIME: Time = {
  now: monotonicMs,
  at: (instant, run) => {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const waitMs = Math.max(0, Math.ceil(instant - monotonicMs()));
      timer = waitMs > TIMER_MAX_MS ? setTimeout(arm, TIMER_MAX_MS) : setTimeout(run, waitMs);
    };
    arm();
    return () => clearTimeout(timer);
  },
  // The event loop goes timers → poll → check: the check phase, then a timer of the next round, has polled once for certain.
  afterReading: (run) => void setImmediate(() => setTimeout(run, 0)),
};
