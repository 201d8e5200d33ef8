import type { LeaseRecord } from '../core/effect.ts';
import type { StoredLease } from '../runtime/ports.ts';

// The linearizable lease store: every operation happens at one instant, in the order of arrival at its node. Its state
// survives all faults. It can fail to respond, or refuse.

export type Condition = 'well' | 'silent' | 'refusing';

export class Store {
  condition: Condition = 'well';
  /** Duration of each operation, ms. */
  delayMs = 0.2;
  readonly #records = new Map<string, StoredLease>();
  readonly #watchers: ((key: string, current: StoredLease) => void)[] = [];

  get(key: string): StoredLease {
    return this.#records.get(key) ?? { revision: 0, record: null };
  }

  /** The new version; null: the key is at another revision. */
  compareAndSwap(key: string, expectedRevision: number, record: LeaseRecord): StoredLease | null {
    if (this.get(key).revision !== expectedRevision) return null;
    const next = { revision: expectedRevision + 1, record };
    this.#records.set(key, next);
    for (const watcher of this.#watchers) watcher(key, next);
    return next;
  }

  watch(onChange: (key: string, current: StoredLease) => void): void {
    this.#watchers.push(onChange);
  }
}
