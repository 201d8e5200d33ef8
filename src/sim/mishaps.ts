import type { MishapShares } from './options.ts';
import type { Random } from './random.ts';

// Failures of single effects and results while faults are active. The runner never loses, delays or duplicates results, but
// a crashed process or a driver bug can look the same to the core.

const LATE_MAX_MS = 4000;
const ON_TIME: Delivery = [0];

/** Delivery of a result: reported after each of these delays; none: lost. */
type Delivery = readonly number[];

export class Mishaps {
  readonly #shares: MishapShares;
  readonly #random: Random;
  #ended = false;

  constructor(shares: MishapShares, random: Random) {
    this.#shares = shares;
    this.#random = random;
  }

  /** Share of effects on members and data plane that fail by themselves. */
  get failing(): number {
    return this.#ended ? 0 : this.#shares.orderFails;
  }

  /** Share of position reports that never arrive. */
  get reportLost(): number {
    return this.#ended ? 0 : this.#shares.reportLost;
  }

  end(): void {
    this.#ended = true;
  }

  nextDelivery(): Delivery {
    const { outcomeLost, outcomeLate, outcomeTwice } = this.#shares;
    if (this.#ended) return ON_TIME;
    const share = this.#random.share();
    if (share < outcomeLost) return [];
    if (share < outcomeLost + outcomeLate) return [this.#random.skewed(1, LATE_MAX_MS)];
    if (share < outcomeLost + outcomeLate + outcomeTwice)
      return [0, this.#random.skewed(1, LATE_MAX_MS)];
    return ON_TIME;
  }
}
