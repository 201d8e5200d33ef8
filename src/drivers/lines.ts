export const MAX_LINE_BYTES = 1024 * 1024;

/** Puts lines together from what arrives. Throws on a line that is too long. */
export class LineReader {
  #partial = '';

  /** The lines that are complete now. */
  take(data: string): readonly string[] {
    const lines = (this.#partial + data).split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#partial.length > MAX_LINE_BYTES) throw new RangeError('a control line is too long');
    return lines;
  }
}
