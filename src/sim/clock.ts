import type { TrueTime } from './scheduler.ts';

// The monotonic clock of one host: it never goes back and never leaps, but it runs faster or slower than true time (crystals
// differ by up to some 100 ppm, virtual machines by more for a while). It starts somewhere else on each host, so that
// nobody can compare readings of two hosts unnoticed. Steps of the wall clock do not move it; they are a fault
// of their own that agents only hear of. What is not modelled: a machine whose monotonic clock stands still while it is
// suspended. A lease judged by such a clock outlives its time.

const US_PER_MS = 1000;

export class HostClock {
  #atTrue: TrueTime = 0;
  #atLocalMs: number;
  #rate: number;

  constructor(startMs: number, rate: number) {
    this.#atLocalMs = startMs;
    this.#rate = rate;
  }

  /** What the host reads, ms. */
  read(now: TrueTime): number {
    return this.#atLocalMs + ((now - this.#atTrue) * this.#rate) / US_PER_MS;
  }

  /** The first microsecond of true time at which it reads `localMs` or more, if it goes on as it does. */
  whenReads(localMs: number): TrueTime {
    const at = this.#atTrue + Math.ceil(((localMs - this.#atLocalMs) * US_PER_MS) / this.#rate);
    // The quotient may be rounded down to the microsecond before: who looks then is too early, for ever.
    return this.read(at) < localMs ? at + 1 : at;
  }

  drift(now: TrueTime, rate: number): void {
    this.#atLocalMs = this.read(now);
    this.#atTrue = now;
    this.#rate = rate;
  }
}
