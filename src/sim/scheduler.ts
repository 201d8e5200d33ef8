// Virtual time: a binary heap of actions, ordered by (at, sequence): actions due at the same instant run in the order of
// their scheduling. `now` is set to each entry's due time before it runs. Instants are whole microseconds since the start of
// the run: true time, which no host can read; each reads its own clock (clock.ts). Idle time costs nothing, because the
// clock jumps from entry to entry.

/** Whole microseconds of true time. */
export type TrueTime = number;

type Entry = { readonly at: TrueTime; readonly sequence: number; readonly run: () => void };

/** More waiting entries are a simulator bug, not load. */
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

  /** When the next entry is due; null: none. */
  get nextAt(): TrueTime | null {
    return this.#heap[0]?.at ?? null;
  }

  /** Runs all entries that are due up to `until`. */
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

  /** Removes the first entry. */
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
