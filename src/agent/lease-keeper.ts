import { z } from 'zod';
import type { LeaseRecord } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import { leaseAfter, type LeaseEffect } from '../core/lease.ts';
import { DriverError } from '../drivers/driver-error.ts';
import type { LeaseStore, Versioned } from '../drivers/store/contract.ts';
import { AppError } from '../errors.ts';

// Lease effects on a store: each is one compare-and-swap against the revision whose record the core was last told of, never
// against one read after the decision, which may be a renewal that speaks against it.

const RECORD = z.strictObject({
  holder: z.strictObject({ host: z.string(), member: z.string() }),
  epoch: z.int().positive(),
  durationMs: z.number().positive(),
  renewal: z.int().nonnegative(),
});

export type LeaseKeeperOptions = {
  readonly name: string;
  readonly host: string;
  readonly leaseMs: number;
  readonly store: LeaseStore;
  /** The store shows another record than the one that an order built on. */
  readonly onObserved: (record: LeaseRecord | null) => void;
};

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  /** What the store last showed; saves a read before each swap. */
  #known: Versioned | null | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  async read(): Promise<LeaseRecord | null> {
    this.#known = await this.#options.store.get(this.#key());
    return parse(this.#known);
  }

  async execute(effect: LeaseEffect): Promise<EffectResult> {
    try {
      return await this.#swap(effect);
    } catch (error) {
      throw asDriverError(error);
    }
  }

  async #swap(effect: LeaseEffect): Promise<EffectResult> {
    if (this.#known === undefined) await this.read();
    const before = parse(this.#known ?? null);
    const expected = effect.type === 'acquireLease' ? effect.expectedEpoch : effect.epoch;
    if ((before?.epoch ?? 0) !== expected) {
      this.#options.onObserved(before);
      throw new DriverError(
        'conflict',
        `the store is at epoch ${before?.epoch ?? 0}, not ${expected}`,
      );
    }
    const record = leaseAfter(effect, before, this.#options.host, this.#options.leaseMs);
    const value = JSON.stringify(record);
    const outcome = await this.#options.store.compareAndSwap(
      this.#key(),
      this.#known?.revision ?? 0,
      value,
    );
    if (!outcome.swapped) {
      this.#known = outcome.current;
      this.#options.onObserved(parse(outcome.current));
      throw new DriverError('conflict', 'another holder changed the lease');
    }
    this.#known = { revision: outcome.revision, value };
    return { type: 'leased', record };
  }

  #key(): string {
    return `/hotwarm/leases/${this.#options.name}`;
  }
}

function parse(stored: Versioned | null): LeaseRecord | null {
  if (stored === null) return null;
  const parsed = RECORD.safeParse(fromJson(stored.value));
  if (!parsed.success)
    throw new DriverError('storeUnavailable', `the stored lease is not readable: ${stored.value}`);
  return parsed.data;
}

/** undefined, which is no record: what is stored is not JSON. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asDriverError(error: unknown): DriverError {
  if (error instanceof DriverError) return error;
  if (error instanceof AppError) {
    return new DriverError(
      error.code === 'diskFull' ? 'diskFull' : 'storeUnavailable',
      `${error.text.what}: ${error.text.why}`,
    );
  }
  return new DriverError(
    'storeUnavailable',
    error instanceof Error ? error.message : String(error),
  );
}
