import type { Time } from '../../src/runtime/ports.ts';

/** A clock that the test turns, with the timers of node:test's mock. */
export function mockTime(clock: { readonly at: number }): Time {
  return {
    now: () => clock.at,
    at: (instant, run) => {
      const timer = setTimeout(run, Math.max(0, instant - clock.at));
      return () => clearTimeout(timer);
    },
    afterReading: (run) => void setTimeout(run, 0),
  };
}
