import type { TrueTime } from './scheduler.ts';

// The monotonic clock of one host: it never goes back and never leaps, but it runs faster or slower than true time (crystals
// differ by up to some 100 ppm, virtual machines by more for a while). It starts somewhere else on each host, so that
// nobody can compare readings of two hosts unnoticed. Steps of the wall clock do not move it; they are a fault
// of their own that agents only hear of. While the machine is suspended the clock stands still, as a paused virtual machine's
// does: a lease judged by such a clock outlives its time.

const US_PER_MS = 1000;

export class HostClock {
  #atTrue: TrueTime = 0;
  #atLocalMs: number;
  #rate: number;
  #isStill = false;

  constructor(startMs: number, rate: number) {
    this.#atLocalMs = startMs;
    this.#rate = rate;
  }

  /** What the host reads, ms. */
  read(now: TrueTime): number {
    if (this.#isStill) return this.#atLocalMs;
    return this.#atLocalMs + ((now - this.#atTrue) * this.#rate) / US_PER_MS;
  }

  /** The first microsecond of true time at which it reads `localMs` or more, if it runs on at its present rate. */
  whenReads(localMs: number): TrueTime {
    const at = this.#atTrue + Math.ceil(((localMs - this.#atLocalMs) * US_PER_MS) / this.#rate);
    // The quotient may be rounded down to the microsecond before: who looks then is too early, for ever.
    return !this.#isStill && this.read(at) < localMs ? at + 1 : at;
  }

  drift(now: TrueTime, rate: number): void {
    this.#atLocalMs = this.read(now);
    this.#atTrue = now;
    this.#rate = rate;
  }

  stop(now: TrueTime): void {
    this.#atLocalMs = this.read(now);
    this.#isStill = true;
  }

  goOn(now: TrueTime): void {
    this.#atLocalMs = this.read(now);
    this.#atTrue = now;
    this.#isStill = false;
  }
}
