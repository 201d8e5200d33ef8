import type { LeaseRecord } from '../core/effect.ts';
import { leaseAfter, sameRecord, type LeaseEffect } from '../core/lease.ts';
import type { Outcome } from '../core/effect-results.ts';
import type { Leases, StoredLease, StoreFailure } from './ports.ts';

// One service's lease in the store. Each lease effect is one compare-and-swap against the revision whose record the core
// was last told of, never against one read after the decision: that one may be a renewal that speaks against it.

type LeaseClientOptions = {
  readonly service: string;
  readonly host: string;
  readonly leaseMs: number;
  readonly leases: Leases;
  /** The record in the core's state. */
  readonly known: () => LeaseRecord | null;
  /** The store shows another record than the core knows. */
  readonly onObserved: (record: LeaseRecord | null) => void;
};

export class LeaseClient {
  readonly #options: LeaseClientOptions;
  #stored: StoredLease = { revision: 0, record: null };

  constructor(options: LeaseClientOptions) {
    this.#options = options;
  }

  get service(): string {
    return this.#options.service;
  }

  /** What the store last showed. */
  get record(): LeaseRecord | null {
    return this.#stored.record;
  }

  /** Reads the store once. */
  read(end: (failure: StoreFailure | null) => void): void {
    this.#options.leases.read(this.service, (answer) => {
      if (answer.type === 'failed') return end(answer);
      this.#take(answer.stored);
      end(null);
    });
  }

  /** Ends with null once the store's epoch is no lower than that of a record which was in force before. */
  raise(former: LeaseRecord | null, end: (failure: StoreFailure | null) => void): void {
    const { revision, record } = this.#stored;
    if (former === null || former.epoch <= (record?.epoch ?? 0)) return end(null);
    this.#options.leases.swap(this.service, revision, former, (answer) => {
      switch (answer.type) {
        case 'failed':
          return end(answer);
        case 'conflict':
          return end({ type: 'failed', fault: 'conflict', detail: 'another holder has the lease' });
        case 'swapped':
          this.#take({ revision: answer.revision, record: former });
          return end(null);
        default: {
          const never: never = answer;
          return never;
        }
      }
    });
  }

  /** Reads the store in case a change was not reported. */
  poll(): void {
    this.read((failure) => {
      if (failure === null && !sameRecord(this.record, this.#options.known()))
        this.#options.onObserved(this.record);
    });
  }

  /** The store reported a change. */
  changed(stored: StoredLease): void {
    if (this.#take(stored)) this.#options.onObserved(stored.record);
  }

  swap(effect: LeaseEffect, end: (outcome: Outcome) => void): void {
    const { host, leaseMs, leases, onObserved } = this.#options;
    const { revision, record: before } = this.#stored;
    const expected = effect.type === 'acquireLease' ? effect.expectedEpoch : effect.epoch;
    const epoch = before?.epoch ?? 0;
    if (epoch !== expected) {
      onObserved(before);
      return end(failed('conflict', `the store is at epoch ${epoch}, not ${expected}`));
    }
    const record = leaseAfter(effect, before, host, leaseMs);
    leases.swap(this.service, revision, record, (answer) => {
      switch (answer.type) {
        case 'failed':
          return end(failed(answer.fault, answer.detail));
        case 'conflict':
          this.#conflicted(answer.stored);
          return end(failed('conflict', 'another holder changed the lease'));
        case 'swapped':
          this.#take({ revision: answer.revision, record });
          return end({ ok: true, result: { type: 'leased', record } });
        default: {
          const never: never = answer;
          return never;
        }
      }
    });
  }

  /** A key that vanished has no later revision, yet it is news. */
  #conflicted(stored: StoredLease): void {
    if (stored.revision === 0) {
      this.#stored = stored;
      this.#options.onObserved(null);
    } else {
      this.changed(stored);
    }
  }

  /** Whether it is newer than what was known. */
  #take(stored: StoredLease): boolean {
    if (stored.revision <= this.#stored.revision) return false;
    this.#stored = stored;
    return true;
  }
}

function failed(fault: StoreFailure['fault'], detail: string): Outcome {
  return { ok: false, fault, detail };
}
