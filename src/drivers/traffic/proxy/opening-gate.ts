import { monotonicMs } from '../../../clock.ts';

// How fast connections to one member are opened. Requests that waited through a takeover come all at once, but a
// member's queue of connections may hold as few as five: what does not fit is dropped by the kernel, tried again after
// a second, and looks like a member that cannot be reached. The kernel says that a connection was made and not that
// the member has taken it from its queue, so one counts until its first answer, or for a short while. Their number
// grows slowly with each that went well and is halved by one that is late, as in TCP itself. The others wait in order.

export interface Opening {
  open(): void;
}

export const FIRST_WINDOW = 16;
const MAX_WINDOW = 1024;
/** A connection that was made and not answered for this long is no sign of a crowd: its request takes its time. */
const SETTLED_MS = 25;

export class OpeningGate {
  /** With the time at which the connection was made; null: not yet. */
  readonly #underWay = new Map<Opening, number | null>();
  readonly #waiting = new Set<Opening>();
  #window = FIRST_WINDOW;
  #acceptedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  /** Opened now or in its turn. */
  enter(opening: Opening): void {
    this.#waiting.add(opening);
    this.#pump();
  }

  accepted(opening: Opening): void {
    this.#acceptedAt = monotonicMs();
    if (this.#underWay.has(opening)) this.#underWay.set(opening, this.#acceptedAt);
    if (this.#waiting.size > 0) this.#pumpLater();
  }

  answered(opening: Opening): void {
    if (!this.#underWay.delete(opening)) return;
    this.#widen();
    this.#pump();
  }

  /** The kernel dropped it, or nobody is there. */
  late(opening: Opening): void {
    if (this.#underWay.has(opening)) this.#window = Math.max(1, this.#window / 2);
    this.leave(opening);
  }

  /** It ended, whether it was opened or not. */
  leave(opening: Opening): void {
    this.#waiting.delete(opening);
    if (this.#underWay.delete(opening)) this.#pump();
  }

  /** The member has accepted somebody since then: it is there, and only slow to accept. */
  hasAcceptedSince(atMs: number): boolean {
    return this.#acceptedAt >= atMs;
  }

  #widen(): void {
    this.#window = Math.min(MAX_WINDOW, this.#window + 1 / this.#window);
  }

  #pump(): void {
    for (const opening of this.#waiting) {
      if (this.#underWay.size >= Math.floor(this.#window) && !this.#settle()) {
        this.#pumpLater();
        return;
      }
      this.#waiting.delete(opening);
      this.#underWay.set(opening, null);
      opening.open();
    }
  }

  /** What was made settles by time alone: without a timer the others would wait for an answer that may never come. */
  #pumpLater(): void {
    if (this.#timer !== null) return;
    if ([...this.#underWay.values()].every((acceptedAt) => acceptedAt === null)) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pump();
    }, SETTLED_MS);
  }

  /** True: there is room again. */
  #settle(): boolean {
    const before = monotonicMs() - SETTLED_MS;
    for (const [opening, acceptedAt] of this.#underWay) {
      if (acceptedAt === null || acceptedAt > before) continue;
      this.#underWay.delete(opening);
      this.#widen();
    }
    return this.#underWay.size < Math.floor(this.#window);
  }
}
