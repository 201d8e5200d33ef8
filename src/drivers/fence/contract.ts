import type { Instant } from '../../core/time.ts';

// Makes sure that a former active can neither serve nor write any more, by whatever means. One kind acts on an order:
// it ends the member's processes, or switches its host off. The other kind lets the member serve only until a deadline
// that it enforces by itself, so that the member is cut off even when no agent is left to give the order.

type FenceAbilities = {
  /**
   * What `fence` proves. ended: nothing of the member executes. cutOff: nothing reaches the member or leaves it.
   * confirmed: another device says that the member's host is off.
   */
  readonly proof: 'ended' | 'cutOff' | 'confirmed';
  /** The member serves until a deadline only, which each renewal of the lease extends. */
  readonly extendable: boolean;
};

export type FenceExtension = {
  /** Of the route that names the member. An epoch lower than one seen before fails with `conflict`. */
  readonly epoch: number;
  /** By the monotonic clock; null: no limit, as two actives do no harm. */
  readonly until: Instant | null;
  readonly signal: AbortSignal;
};

/** Calls take effect in the order in which they are made, so no extension outlasts the proof of a later `fence`. */
export interface Fence {
  readonly abilities: FenceAbilities;
  /** Lets the member serve until the deadline; resolves once it may. Does nothing if the fence is not extendable. */
  extend(extension: FenceExtension): Promise<void>;
  /** Resolves only on proof. Idempotent. Throws DriverError when the signal aborts before there is proof. */
  fence(options: { signal: AbortSignal }): Promise<void>;
}
