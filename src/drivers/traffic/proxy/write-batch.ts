// What is written in one turn of the event loop is written together at its end. A write wakes the reader at the
// other side, and on a busy core the kernel then runs the reader in place of the proxy: written between the reads of
// other connections, every second request cost the proxy its core (docs/benchmarks.md).

export interface Writer {
  /** The time to write has come. */
  writeNow(): void;
}

/** As many events as one turn has. */
export const MAX_TOGETHER = 1024;

export class WriteBatch {
  #waiting: Writer[] = [];
  #scheduled = false;

  add(writing: Writer): void {
    this.#waiting.push(writing);
    if (this.#waiting.length >= MAX_TOGETHER) this.#writeNow();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#scheduled = false;
    this.#writeNow();
  };

  #writeNow(): void {
    const writing = this.#waiting;
    this.#waiting = [];
    for (const one of writing) one.writeNow();
  }
}
