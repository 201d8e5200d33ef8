import type {
  Cancel,
  Leases,
  ReadAnswer,
  StoredLease,
  StoreFailure,
  SwapAnswer,
} from '../runtime/ports.ts';
import type { LeaseRecord } from '../core/effect.ts';
import type { Host } from './host.ts';
import type { Network } from './network.ts';
import type { Store } from './store.ts';

// One agent's access to the lease store: over the network, unless the store is on its host. Lost requests and responses
// never arrive.

type StoreClientOptions = {
  readonly host: Host;
  readonly network: Network;
  readonly store: Store;
  /** Node of the store: the host itself, if embedded. */
  readonly storeNode: number;
  /** Runs only while this agent's process exists. */
  readonly whileAlive: (action: () => void) => void;
};

export class StoreClient implements Leases {
  readonly #options: StoreClientOptions;
  #onChange: ((service: string, stored: StoredLease) => void) | null = null;

  constructor(options: StoreClientOptions) {
    this.#options = options;
  }

  read(service: string, end: (answer: ReadAnswer) => void): void {
    const { store } = this.#options;
    this.#ask<ReadAnswer>(() => ({ type: 'read', stored: store.get(service) }), end);
  }

  swap(
    service: string,
    revision: number,
    record: LeaseRecord,
    end: (answer: SwapAnswer) => void,
  ): void {
    const { host, store, storeNode } = this.#options;
    this.#ask<SwapAnswer>(() => {
      if (storeNode === host.node && host.diskFull) return failed('diskFull');
      const swapped = store.compareAndSwap(service, revision, record);
      return swapped === null
        ? { type: 'conflict', stored: store.get(service) }
        : { type: 'swapped', revision: swapped.revision };
    }, end);
  }

  watch(onChange: (service: string, stored: StoredLease) => void): Cancel {
    this.#onChange = onChange;
    return () => this.loseWatch();
  }

  loseWatch(): void {
    this.#onChange = null;
  }

  /** A watch notification arrived over the network. */
  reported(service: string, stored: StoredLease): void {
    this.#options.whileAlive(() => this.#onChange?.(service, stored));
  }

  #ask<T>(perform: () => T, end: (answer: T | StoreFailure) => void): void {
    const { host, network, store, storeNode, whileAlive } = this.#options;
    const isEmbedded = storeNode === host.node;
    const answer = (reply: T | StoreFailure): void =>
      network.send({
        from: storeNode,
        to: host.node,
        deliver: () => host.run(() => whileAlive(() => end(reply))),
      });
    network.send({
      from: host.node,
      to: storeNode,
      deliver: () => {
        if (store.condition === 'silent' || (isEmbedded && !host.up)) return;
        host.scheduler.in(store.delayMs * 1000, () =>
          answer(store.condition === 'refusing' ? failed('storeUnavailable') : perform()),
        );
      },
    });
  }
}

function failed(fault: StoreFailure['fault']): StoreFailure {
  return { type: 'failed', fault, detail: '' };
}
