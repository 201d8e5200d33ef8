import type { FaultComponent } from '../model/fault-rates.ts';

// When clients of a service are served by nobody, for how long, and for what cause. In calendar time, ms.

/**
 * A component of the fault model; pause: the active stood still and went on by itself, or was replaced for it;
 * takeover: one did not succeed, so that somebody had to put it right; planned: a move that the controller made;
 * standby: a defect of a standby that nobody had seen before it took over.
 */
export type OutageCause = FaultComponent | 'pause' | 'takeover' | 'standby' | 'planned';

export const OUTAGE_CAUSES: readonly OutageCause[] = [
  'process',
  'hang',
  'degraded',
  'host',
  'zone',
  'pause',
  'takeover',
  'standby',
  'planned',
];

export type Outage = {
  readonly atMs: number;
  readonly lastedMs: number;
  readonly cause: OutageCause;
};

export class OutageLog {
  readonly outages: Outage[] = [];
  #begunAt: number | null = null;
  #cause: OutageCause = 'planned';

  /** null: nothing is out. */
  get cause(): OutageCause | null {
    return this.#begunAt === null ? null : this.#cause;
  }

  begin(atMs: number, cause: OutageCause): void {
    this.#begunAt = atMs;
    this.#cause = cause;
  }

  /** What it turned out to be worse than. */
  blame(cause: OutageCause): void {
    this.#cause = cause;
  }

  /** The outage that ends; null: there was none. */
  end(atMs: number): Outage | null {
    if (this.#begunAt === null) return null;
    const outage = { atMs: this.#begunAt, lastedMs: atMs - this.#begunAt, cause: this.#cause };
    this.#begunAt = null;
    this.outages.push(outage);
    return outage;
  }
}
