import { z } from 'zod';
import type { LeaseRecord } from '../core/effect.ts';
import { DriverError } from '../drivers/driver-error.ts';
import type { LeaseStore, Versioned } from '../drivers/store/contract.ts';
import { AppError } from '../errors.ts';
import type { Leases, StoredLease, StoreFailure } from '../runtime/ports.ts';

// Lease records as JSON in a store that answers by promise.

const PREFIX = '/hotwarm/leases/';

const RECORD = z.strictObject({
  holder: z.strictObject({ host: z.string(), member: z.string() }),
  epoch: z.int().positive(),
  durationMs: z.number().positive(),
  renewal: z.int().nonnegative(),
});

export function leasesOf(store: LeaseStore): Leases {
  return {
    read: (service, end) =>
      void store
        .get(`${PREFIX}${service}`)
        .then((current) => ({ type: 'read', stored: parse(current) }) as const)
        .catch(failure)
        .then(end),
    swap: (service, revision, record, end) =>
      void store
        .compareAndSwap(`${PREFIX}${service}`, revision, JSON.stringify(record))
        .then((outcome) =>
          outcome.swapped
            ? ({ type: 'swapped', revision: outcome.revision } as const)
            : ({ type: 'conflict', stored: parse(outcome.current) } as const),
        )
        .catch(failure)
        .then(end),
    watch: (onChange) =>
      store.watch(PREFIX, (key, current) => {
        // A change that this agent made itself is answered before it is noticed.
        setImmediate(() => {
          const stored = readable(current);
          if (stored !== null) onChange(key.slice(PREFIX.length), stored);
        });
      }),
  };
}

function parse(current: Versioned | null): StoredLease {
  if (current === null) return { revision: 0, record: null };
  const parsed = RECORD.safeParse(fromJson(current.value));
  if (!parsed.success)
    throw new DriverError('storeUnavailable', `the stored lease is not readable: ${current.value}`);
  const record: LeaseRecord = parsed.data;
  return { revision: current.revision, record };
}

/** null: not readable, which the next read reports. */
function readable(current: Versioned | null): StoredLease | null {
  try {
    return parse(current);
  } catch {
    return null;
  }
}

/** undefined, which is no record: what is stored is not JSON. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(error: unknown): StoreFailure {
  if (error instanceof DriverError)
    return { type: 'failed', fault: error.fault, detail: error.message };
  if (error instanceof AppError) {
    const fault = error.code === 'diskFull' ? 'diskFull' : 'storeUnavailable';
    return { type: 'failed', fault, detail: `${error.text.message.en}: ${error.text.reason.en}` };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { type: 'failed', fault: 'storeUnavailable', detail };
}
