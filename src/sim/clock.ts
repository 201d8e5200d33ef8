import type { TrueTime } from './scheduler.ts';

// The monotonic clock of one host: it never goes back or jumps, but runs faster or slower than true time (crystals differ by
// up to some 100 ppm, virtual machines temporarily by more). Each host has another start value, so that a comparison of two
// hosts' clocks is noticed. Steps of the wall clock do not affect it; they are a separate fault that agents only observe.
// While the host is suspended the clock stops, as in a paused virtual machine: a lease measured with it lasts too long.

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

  /** The clock reading, ms. */
  read(now: TrueTime): number {
    if (this.#isStill) return this.#atLocalMs;
    return this.#atLocalMs + ((now - this.#atTrue) * this.#rate) / US_PER_MS;
  }

  /** The first microsecond of true time at which it reads `localMs` or more, at its current rate. */
  whenReads(localMs: number): TrueTime {
    const at = this.#atTrue + Math.ceil(((localMs - this.#atLocalMs) * US_PER_MS) / this.#rate);
    // The quotient may be rounded down to the microsecond before: an early reader would otherwise never catch up.
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
