// What a member's connection is read into: the same memory again and again (net's `onread`), in place of a new buffer of
// 64 KiB for each read, which the runtime would allocate, account for and collect: at high rates that is most of the
// garbage of a proxy, and its pauses are most of what clients notice. Bytes that have not yet left for the client are
// not overwritten: the reader that still needs them keeps the memory, and the next read gets another.

/** A common size of answers and their heads in one read; smaller than what the allocator asks the kernel for. */
const READ_BYTES = (64 + 16) * 1024;

export class ReadBuffer {
  #memory: Buffer | null = null;

  /** For the next read. */
  readonly memory = (): Buffer => {
    this.#memory ??= Buffer.allocUnsafeSlow(READ_BYTES);
    return this.#memory;
  };

  /** What was read last is still needed. */
  keep(): void {
    this.#memory = null;
  }
}
