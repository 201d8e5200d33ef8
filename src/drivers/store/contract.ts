// A linearizable store for leases: one key a service.

export type Versioned = { readonly revision: number; readonly value: string };

export type SwapOutcome =
  | { readonly swapped: true; readonly revision: number }
  | { readonly swapped: false; readonly current: Versioned | null };

export interface LeaseStore {
  get(key: string): Promise<Versioned | null>;
  /** Durable when it resolves. expectedRevision 0: the key must not exist. */
  compareAndSwap(key: string, expectedRevision: number, value: string): Promise<SwapOutcome>;
  /** Calls back with each change of a key under the prefix, in order, until the returned function is called. */
  watch(prefix: string, onChange: (key: string, current: Versioned | null) => void): () => void;
  close(): Promise<void>;
}
