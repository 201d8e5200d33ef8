import { monotonicMs } from '../../../clock.ts';

// How fast connections to one member are opened. Requests that waited through a takeover come all at once, but a
// member's queue of connections may hold as few as five: what does not fit is dropped by the kernel, tried again after
// a second, and looks like a member that cannot be reached. The kernel says that a connection was made and not that
// the member has taken it from its queue, so one counts until its first answer, or for a short while. Their number
// grows slowly with each that went well and is halved by one that is late, as in TCP itself. The others wait in order.

export interface PendingConnect {
  open(): void;
}

export const FIRST_WINDOW = 16;
const MAX_WINDOW = 1024;
/** A connection that was made and not answered for this long is no sign of a crowd: its request takes its time. */
const SETTLED_MS = 25;

export class ConnectLimiter {
  /** With the time at which the connection was made; null: not yet. */
  readonly #connecting = new Map<PendingConnect, number | null>();
  readonly #waiting = new Set<PendingConnect>();
  #window = FIRST_WINDOW;
  #acceptedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /** Opened now or in its turn. */
  enter(pending: PendingConnect): void {
    this.#waiting.add(pending);
    this.#pump();
  }

  accepted(pending: PendingConnect): void {
    this.#acceptedAt = monotonicMs();
    if (this.#connecting.has(pending)) this.#connecting.set(pending, this.#acceptedAt);
    if (this.#waiting.size > 0) this.#pumpLater();
  }

  /** Its first answer. One that had settled before says as much: the member takes connections from its queue. */
  answered(pending: PendingConnect): void {
    this.#connecting.delete(pending);
    this.#widen();
    this.#pump();
  }

  /** The kernel dropped it, or the member cannot be reached. */
  late(pending: PendingConnect): void {
    if (this.#connecting.has(pending)) this.#window = Math.max(1, this.#window / 2);
    this.leave(pending);
  }

  /** It ended, whether it was opened or not. */
  leave(pending: PendingConnect): void {
    this.#waiting.delete(pending);
    if (this.#connecting.delete(pending)) this.#pump();
  }

  /** The member has accepted a connection since then: it is alive, and only slow to accept. */
  hasAcceptedSince(atMs: number): boolean {
    return this.#acceptedAt >= atMs;
  }

  #widen(): void {
    this.#window = Math.min(MAX_WINDOW, this.#window + 1 / this.#window);
  }

  #pump(settle: () => void = () => this.#settle()): void {
    for (const pending of this.#waiting) {
      if (!this.#hasRoom()) settle();
      if (!this.#hasRoom()) {
        this.#pumpLater();
        return;
      }
      this.#waiting.delete(pending);
      this.#connecting.set(pending, null);
      pending.open();
    }
  }

  /** Without a timer the others would wait for an answer that may never come. */
  #pumpLater(): void {
    if (this.#timer !== null) return;
    if ([...this.#connecting.values()].every((acceptedAt) => acceptedAt === null)) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#settleOne();
      this.#pump(() => {});
    }, SETTLED_MS);
  }

  /**
   * While nothing else happens only one connection at a time settles, and the window stays: the member may be busy, or may
   * not have run at all and have a full queue.
   */
  #settleOne(): void {
    const before = monotonicMs() - SETTLED_MS;
    for (const [pending, acceptedAt] of this.#connecting) {
      if (acceptedAt === null || acceptedAt > before) continue;
      this.#connecting.delete(pending);
      return;
    }
  }

  #hasRoom(): boolean {
    return this.#connecting.size < Math.floor(this.#window);
  }

  #settle(): void {
    const before = monotonicMs() - SETTLED_MS;
    for (const [pending, acceptedAt] of this.#connecting) {
      if (acceptedAt === null || acceptedAt > before) continue;
      this.#connecting.delete(pending);
      this.#widen();
    }
  }
}
