import type { Socket } from 'node:net';

const MAX_LINE_BYTES = 1024 * 1024;

/** Puts lines together from what arrives. Throws on a line that is too long. */
class LineReader {
  #partial = '';

  /** The lines that are complete now. */
  take(data: string): readonly string[] {
    const lines = (this.#partial + data).split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#partial.length > MAX_LINE_BYTES) throw new RangeError('a control line is too long');
    return lines;
  }
}

/** Gives each line that the partner sends to `hear`. A partner whose line is too long, or makes it throw, is cut off. */
export function hearLines(socket: Socket, hear: (line: string) => void): void {
  const reader = new LineReader();
  socket.setEncoding('utf8');
  socket.on('data', (data: string) => {
    try {
      for (const line of reader.take(data)) hear(line);
    } catch {
      socket.destroy();
    }
  });
  // The close that follows tells.
  socket.on('error', () => {});
}
