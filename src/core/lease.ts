import { assert, unreachable } from './assert.ts';
import type { Effect, LeaseRecord } from './effect.ts';
import { activeHere, type LeaseState } from './state.ts';
import type { DurationMs, Instant } from './time.ts';
import { issue, type StepContext } from './step-context.ts';

// The lease: the right to be active. One record per service in a linearizable store, changed only by compare-and-swap. The
// epoch is incremented with each holder and is the fencing token. No host uses a time that another host wrote: an observer
// waits durationMs on its own clock from the last change of the record that it saw; the holder counts from the start of its
// last successful renewal and stops serving marginMs earlier, which covers the drift of the two clocks and the time to stop.
// The data plane of an exclusive service gets the lease expiry and stops by itself.
// Not guaranteed: that a holder stops writing if it is neither fenced nor behind the data plane.

export const NO_LEASE: LeaseState = { record: null, seenAt: 0, heldUntil: null, renewAt: null };

/** Minimal: an observer of a record with this duration may take the lease at once. */
const RELEASED_MS: DurationMs = 1;

const RETRY_SHARE = 4;

/** Released by its holder. */
export function isReleased({ durationMs }: LeaseRecord): boolean {
  return durationMs <= RELEASED_MS;
}

export type LeaseEffect = Extract<Effect, { type: 'acquireLease' | 'renewLease' | 'releaseLease' }>;

/** The record that an effect of `host` makes from the previous one. */
export function leaseAfter(
  order: LeaseEffect,
  before: LeaseRecord | null,
  host: string,
  durationMs: DurationMs,
): LeaseRecord {
  const renewal = (before?.renewal ?? 0) + 1;
  switch (order.type) {
    case 'acquireLease':
      return {
        holder: { host, member: order.member },
        epoch: order.expectedEpoch + 1,
        durationMs,
        renewal: 0,
      };
    case 'renewLease':
      return {
        holder: { host, member: order.member },
        epoch: order.epoch,
        durationMs,
        // The core may not know the last renewal. A number used twice would look like no renewal to observers.
        renewal: Math.max(order.renewal, renewal),
      };
    case 'releaseLease':
      // Other hosts may take a lease of this duration at once. The epoch stays.
      return {
        holder: before?.holder ?? { host, member: '' },
        epoch: order.epoch,
        durationMs: RELEASED_MS,
        renewal,
      };
    default:
      return unreachable(order);
  }
}

/** Whether this host may take the lease now: free, its own, or not renewed for its whole duration. */
export function mayAcquire(lease: LeaseState, host: string, at: Instant): boolean {
  if (lease.record === null) return true;
  return lease.record.holder.host === host || at >= expiresAt(lease, lease.record.durationMs);
}

/** When other hosts may take it, as far as this host knows. */
export function expiresAt(lease: LeaseState, durationMs: DurationMs): Instant {
  return lease.seenAt + durationMs;
}

/** This host acquired or renewed the lease by an effect issued at `issuedAt`. */
export function leaseHeld(
  lease: LeaseState,
  record: LeaseRecord,
  issuedAt: Instant,
  at: Instant,
  renewIntervalMs: DurationMs,
): LeaseState {
  assert(issuedAt <= at, 'an order is given before it succeeds');
  const seenAt = sameRecord(lease.record, record) ? lease.seenAt : at;
  return {
    record,
    seenAt,
    heldUntil: issuedAt + record.durationMs,
    renewAt: issuedAt + renewIntervalMs,
  };
}

/** The store showed the record. */
export function leaseObserved(
  lease: LeaseState,
  record: LeaseRecord | null,
  host: string,
  at: Instant,
): LeaseState {
  if (sameRecord(lease.record, record) || isOlder(record, lease.record)) return lease;
  const ours = record !== null && record.holder.host === host;
  return ours
    ? { ...lease, record, seenAt: at }
    : { record, seenAt: at, heldUntil: null, renewAt: null };
}

/** A response of the store that is older than the known record. */
function isOlder(record: LeaseRecord | null, known: LeaseRecord | null): boolean {
  if (record === null || known === null) return false;
  return (
    record.epoch < known.epoch || (record.epoch === known.epoch && record.renewal < known.renewal)
  );
}

/** Whether two records are the same renewal of the same lease. */
export function sameRecord(a: LeaseRecord | null, b: LeaseRecord | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.epoch === b.epoch &&
    a.renewal === b.renewal &&
    a.holder.host === b.holder.host &&
    a.holder.member === b.holder.member
  );
}

/**
 * Whether the active member of this host has lost the lease: in an exclusive service, another member of this host holds it.
 * A service that can run without the store continues under an old record. If another host holds the lease, this host no
 * longer has an active member (leadership.ts).
 */
export function isLeaseLost(context: StepContext): boolean {
  const { lease } = context.service;
  const active = activeHere(context.service);
  if (!context.config.exclusive || lease.record === null || active === null) return false;
  return lease.record.holder.member !== active;
}

/** Renews in time while this host's member is active. */
export function tendLease(context: StepContext): void {
  const { service, config } = context;
  const { record, renewAt } = service.lease;
  if (record === null || renewAt === null || context.at < renewAt) return;
  if (activeHere(service) !== record.holder.member || record.holder.host !== context.host) return;
  if (
    service.pending.some((effect) => effect.type === 'renewLease' || effect.type === 'acquireLease')
  )
    return;
  issue(
    context,
    {
      type: 'renewLease',
      member: record.holder.member,
      epoch: record.epoch,
      renewal: record.renewal + 1,
    },
    { withinMs: config.timeouts.storeMs },
  );
}

/** A renewal failed: retry soon. The data plane stops by itself when the lease expires. */
export function renewalFailed(context: StepContext): void {
  const retryMs = context.config.lease.renewIntervalMs / RETRY_SHARE;
  context.service = {
    ...context.service,
    lease: { ...context.service.lease, renewAt: context.at + retryMs },
  };
}

/**
 * Releases the lease: other hosts need not wait for its expiry. Issued once: if the store does not respond, the lease
 * expires, because it is not renewed before a member of this host takes it again.
 */
export function release(context: StepContext): void {
  const { service, config, host } = context;
  const { lease, epoch, pending } = service;
  if (lease.record?.holder.host !== host || lease.heldUntil === null) return;
  if (pending.some(({ type }) => type === 'renewLease' || type === 'acquireLease')) return;
  context.service = { ...service, lease: { ...lease, heldUntil: null, renewAt: null } };
  issue(context, { type: 'releaseLease', epoch }, { withinMs: config.timeouts.storeMs });
}

/** Takes the lease for a member; the new epoch is one above the known one. */
export function acquire(
  context: StepContext,
  member: string,
  after: readonly (number | null)[],
): number {
  return issue(
    context,
    { type: 'acquireLease', member, expectedEpoch: context.service.epoch },
    { withinMs: context.config.timeouts.storeMs, after },
  );
}
