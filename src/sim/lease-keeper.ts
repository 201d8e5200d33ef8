import type { LeaseRecord } from '../core/effect.ts';
import { leaseAfter, type LeaseEffect } from '../core/lease.ts';
import type { Host } from './host.ts';
import type { Network } from './network.ts';
import type { Outcome } from './runner.ts';
import type { Store, Versioned } from './store.ts';

// The twin of src/agent/lease-keeper.ts: each lease effect is one compare-and-swap against the version that the core was
// last told of. It never swaps against a version that it read by itself after the decision: whoever decides that a
// lease has expired must have seen the very record that it replaces.

export type LeaseKeeperOptions = {
  readonly service: string;
  readonly leaseMs: number;
  readonly host: Host;
  readonly network: Network;
  readonly store: Store;
  /** Where the store is: the host itself, if it is embedded. */
  readonly storeNode: number;
  /** Runs only as long as this agent lives. */
  readonly whileAlive: (action: () => void) => void;
  readonly onObserved: (record: LeaseRecord | null) => void;
};

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #known: Versioned = { revision: 0, record: null };

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** What the store holds; never answers if the store doesn't. */
  read(onRead: (record: LeaseRecord | null) => void): void {
    this.#ask(
      () => this.#options.store.get(this.#options.service),
      (current) => {
        if (current === 'diskFull' || current === 'storeUnavailable') return;
        if (current.revision > this.#known.revision) this.#known = current;
        onRead(this.#known.record);
      },
    );
  }

  /** The store tells of a change, perhaps late or twice. */
  noticed(current: Versioned): void {
    if (current.revision <= this.#known.revision) return;
    this.#known = current;
    this.#options.onObserved(current.record);
  }

  execute(effect: LeaseEffect, end: (outcome: Outcome) => void): void {
    const { revision, record: before } = this.#known;
    const expected = effect.type === 'acquireLease' ? effect.expectedEpoch : effect.epoch;
    if ((before?.epoch ?? 0) !== expected) {
      this.#options.onObserved(before);
      end({ ok: false, fault: 'conflict', detail: 'another epoch' });
      return;
    }
    const { host, leaseMs } = this.#options;
    const record = leaseAfter(effect, before, host.name, leaseMs);
    this.#ask(
      () => {
        const { store, service } = this.#options;
        const swapped = store.compareAndSwap(service, revision, record);
        return swapped ?? { conflict: store.get(service) };
      },
      (answer) => {
        if (answer === 'diskFull' || answer === 'storeUnavailable')
          return end({ ok: false, fault: answer, detail: '' });
        if ('conflict' in answer) {
          this.noticed(answer.conflict);
          return end({ ok: false, fault: 'conflict', detail: 'another holder changed the lease' });
        }
        if (answer.revision > this.#known.revision) this.#known = answer;
        end({ ok: true, result: { type: 'leased', record } });
      },
    );
  }

  #ask<T>(perform: () => T, onAnswer: (answer: T | 'diskFull' | 'storeUnavailable') => void): void {
    const { host, network, store, storeNode, whileAlive } = this.#options;
    const answer = (reply: T | 'diskFull' | 'storeUnavailable'): void =>
      network.send({
        from: storeNode,
        to: host.node,
        deliver: () => host.run(() => whileAlive(() => onAnswer(reply))),
      });
    network.send({
      from: host.node,
      to: storeNode,
      deliver: () => {
        const isEmbedded = storeNode === host.node;
        if (store.condition === 'silent' || (isEmbedded && !host.up)) return;
        host.scheduler.in(store.delayMs * 1000, () => {
          if (isEmbedded && host.diskFull) answer('diskFull');
          else if (store.condition === 'refusing') answer('storeUnavailable');
          else answer(perform());
        });
      },
    });
  }
}
