import type { DatabaseSync } from 'node:sqlite';
import { assert } from '../../core/assert.ts';
import { DriverError } from '../driver-error.ts';
import type { LeaseStore, SwapOutcome, Versioned } from './contract.ts';
import { sqliteFault } from './sqlite-fault.ts';

// The lease store of a service whose members all run on one host: a table in the agent's own state
// directory. Linearizable because one process holds the directory and each swap is one synchronous
// transaction; durable because that transaction is flushed before it returns. Fails closed: a swap that
// cannot be made durable is an error, and the caller then does not hold the lease.
//
// It protects against two holders on this host. It cannot protect against another host.

const MAX_KEY_LENGTH = 512;
const MAX_VALUE_LENGTH = 65_536;

type Watcher = {
  readonly prefix: string;
  readonly onChange: (key: string, current: Versioned | null) => void;
};

/** The database stays the caller's to close. */
export function openEmbeddedStore(database: DatabaseSync): LeaseStore {
  return new EmbeddedStore(database);
}

class EmbeddedStore implements LeaseStore {
  readonly #database: DatabaseSync;
  readonly #watchers = new Set<Watcher>();
  #open = true;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async get(key: string): Promise<Versioned | null> {
    return this.#guard(() => this.#read(key));
  }

  async compareAndSwap(key: string, expectedRevision: number, value: string): Promise<SwapOutcome> {
    assert(key.length <= MAX_KEY_LENGTH, `a key has at most ${MAX_KEY_LENGTH} characters`);
    assert(value.length <= MAX_VALUE_LENGTH, `a value has at most ${MAX_VALUE_LENGTH} characters`);
    const outcome = this.#guard(() => this.#swapWithRoom(key, expectedRevision, value));
    if (outcome.swapped) this.#notify(key, { revision: outcome.revision, value });
    return outcome;
  }

  watch(prefix: string, onChange: Watcher['onChange']): () => void {
    const watcher = { prefix, onChange };
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#watchers.clear();
  }

  /** A full disk still has room: the log's blocks that were allocated earlier, once it starts over. */
  #swapWithRoom(key: string, expectedRevision: number, value: string): SwapOutcome {
    try {
      return this.#swap(key, expectedRevision, value);
    } catch (error) {
      if (sqliteFault(error, 'the lease store').code !== 'diskFull') throw error;
      this.#database.exec('PRAGMA wal_checkpoint(RESTART)');
      return this.#swap(key, expectedRevision, value);
    }
  }

  #swap(key: string, expectedRevision: number, value: string): SwapOutcome {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const current = this.#read(key);
      if ((current?.revision ?? 0) !== expectedRevision) {
        this.#database.exec('ROLLBACK');
        return { swapped: false, current };
      }
      const revision = this.#nextRevision();
      this.#database
        .prepare('INSERT OR REPLACE INTO lease (key, revision, value) VALUES (?, ?, ?)')
        .run(key, revision, value);
      this.#database.exec('COMMIT');
      return { swapped: true, revision };
    } catch (error) {
      // SQLite has already rolled back after some errors.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #read(key: string): Versioned | null {
    const row = this.#database.prepare('SELECT revision, value FROM lease WHERE key = ?').get(key);
    if (row === undefined) return null;
    const { revision, value } = row;
    assert(typeof revision === 'number' && typeof value === 'string', 'a lease row is typed');
    return { revision, value };
  }

  /** One counter for all keys; rows are never deleted, so the highest one tells it. */
  #nextRevision(): number {
    const row = this.#database.prepare('SELECT max(revision) AS newest FROM lease').get();
    return Number(row?.['newest'] ?? 0) + 1;
  }

  /** After the caller's own continuation could run, so that a watcher cannot make a swap fail. */
  #notify(key: string, current: Versioned): void {
    for (const watcher of this.#watchers) {
      if (!key.startsWith(watcher.prefix)) continue;
      queueMicrotask(() => {
        if (this.#watchers.has(watcher)) watcher.onChange(key, current);
      });
    }
  }

  #guard<T>(action: () => T): T {
    if (!this.#open) throw new DriverError('storeUnavailable', 'the lease store is closed');
    try {
      return action();
    } catch (error) {
      const fault = sqliteFault(error, 'the lease store');
      const code = fault.code === 'diskFull' ? 'diskFull' : 'storeUnavailable';
      throw new DriverError(code, fault.text.reason.en, { cause: error });
    }
  }
}
