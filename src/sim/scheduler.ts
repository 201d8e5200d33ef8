// Virtual time: a binary heap of what is to happen, ordered by (at, sequence), so that two things due at the same
// instant happen in the order in which they were asked for. `now` is set to each entry's own due time before it runs.
// Instants are whole microseconds since the beginning of the run, the true time that no host can see: each reads
// its own clock (clock.ts). Quiet time costs nothing, as the clock goes from one entry to the next.

/** Whole microseconds of true time. */
export type TrueTime = number;

type Entry = { readonly at: TrueTime; readonly sequence: number; readonly run: () => void };

/** More that waits is a defect of the world, not load. */
const ENTRIES_LIMIT = 200_000;

export class Scheduler {
  readonly #heap: Entry[] = [];
  #now: TrueTime = 0;
  #sequence = 0;
  #ran = 0;

  get now(): TrueTime {
    return this.#now;
  }

  /** Entries that have run so far. */
  get ran(): number {
    return this.#ran;
  }

  at(instant: TrueTime, run: () => void): void {
    if (this.#heap.length >= ENTRIES_LIMIT) throw new RangeError('too much waits to happen');
    const at = Math.max(this.#now, Math.ceil(instant));
    this.#rise({ at, sequence: this.#sequence, run });
    this.#sequence += 1;
  }

  in(delay: TrueTime, run: () => void): void {
    this.at(this.#now + delay, run);
  }

  /** When the next entry is due; null: none waits. */
  get nextAt(): TrueTime | null {
    return this.#heap[0]?.at ?? null;
  }

  /** Runs everything that is due up to `until`, and ends then. */
  runUntil(until: TrueTime, afterEach?: () => void): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#sink();
      this.#now = next.at;
      this.#ran += 1;
      next.run();
      afterEach?.();
    }
    this.#now = Math.max(this.#now, until);
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  /** Takes the first entry out. */
  #sink(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const other = heap[below + 1];
      if (other !== undefined && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}
