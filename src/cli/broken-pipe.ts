import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

// Handles a closed output pipe, as in `hotwarm status --watch | head`. The command continues to its end: an agent must not
// crash because of a closed pipe, nor leave a takeover half done. Endless commands stop.

type Outlet = {
  /** Aborted when the reader closes the pipe or writing fails. */
  readonly gone: AbortSignal;
  /** After all writes: why output was lost; null: none was, or the reader closed the pipe. */
  loss(): Promise<string | null>;
};

/** Output streams whose errors do not end the process. */
export function watchOutlets(streams: readonly Writable[]): Outlet {
  const gone = new AbortController();
  let loss: string | null = null;
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') loss ??= error.message;
      gone.abort();
    });
  }
  const settled = async (): Promise<string | null> => {
    await Promise.all(streams.map(flush));
    // A stream emits its error after its callback.
    await setImmediate();
    return loss;
  };
  return { gone: gone.signal, loss: settled };
}

/** Resolves when all writes so far have finished or failed. */
async function flush(stream: Writable): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
