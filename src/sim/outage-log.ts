import type { FaultComponent } from '../model/fault-rates.ts';

// Outages of a service: start, duration and cause. In calendar time, ms.

/**
 * A component of the fault model; pause: the active member paused, and recovered or was replaced; takeover: a takeover failed
 * and an operator fixed it; planned: a planned takeover; standby: a latent failure of a standby appeared after its takeover.
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

  /** null: no outage. */
  get cause(): OutageCause | null {
    return this.#begunAt === null ? null : this.#cause;
  }

  begin(atMs: number, cause: OutageCause): void {
    this.#begunAt = atMs;
    this.#cause = cause;
  }

  /** Sets a worse cause of the current outage. */
  blame(cause: OutageCause): void {
    this.#cause = cause;
  }

  /** Ends the current outage; null: none. */
  end(atMs: number): Outage | null {
    if (this.#begunAt === null) return null;
    const outage = { atMs: this.#begunAt, lastedMs: atMs - this.#begunAt, cause: this.#cause };
    this.#begunAt = null;
    this.outages.push(outage);
    return outage;
  }
}
