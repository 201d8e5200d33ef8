import type { HoldLimits } from '../contract.ts';

// Requests (and raw connections) that wait because no member may take them. Bounded in number, in bytes and
// in time; what is beyond is refused at once, so that a long outage costs its clients an answer and not a
// time-out, and the proxy no memory.

export interface Waiter {
  /** Since when, counted from the first time it had to wait. */
  readonly heldSinceMs: number;
  readonly heldBytes: number;
  /** Try again; it may have to wait again. */
  release(): void;
  /** The time or the room is used up. */
  refuse(): void;
}

export class HoldQueue {
  readonly #limits: HoldLimits;
  readonly #waiters = new Set<Waiter>();
  #bytes = 0;

  constructor(limits: HoldLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** False: there is no room. */
  admit(waiter: Waiter): boolean {
    if (this.#waiters.size >= this.#limits.holdRequests) return false;
    if (this.#bytes + waiter.heldBytes > this.#limits.holdBytes) return false;
    this.#waiters.add(waiter);
    this.#bytes += waiter.heldBytes;
    return true;
  }

  /** A waiter keeps this many bytes more, already part of its heldBytes. False: there is no room for them. */
  grow(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= this.#limits.holdBytes;
  }

  remove(waiter: Waiter): boolean {
    if (!this.#waiters.delete(waiter)) return false;
    this.#bytes -= waiter.heldBytes;
    return true;
  }

  releaseAll(): void {
    // Those that have to wait again join a queue that is not being walked.
    const waiters = [...this.#waiters];
    for (const waiter of waiters) {
      if (this.remove(waiter)) waiter.release();
    }
  }

  refuseAll(): void {
    this.refuseOverdue(Number.POSITIVE_INFINITY);
  }

  refuseOverdue(nowMs: number): void {
    for (const waiter of this.#waiters) {
      if (nowMs - waiter.heldSinceMs < this.#limits.holdMs) continue;
      if (this.remove(waiter)) waiter.refuse();
    }
  }
}
