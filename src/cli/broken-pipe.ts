import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

// What becomes of a command whose output is not read any more, as in `hotwarm status --watch | head`. What was
// asked for continues to its end: an agent must not crash when the output pipe is closed, nor leave a service half moved.
// What would watch for ever is stopped.

type Outlet = {
  /** Aborted once the reader has gone or nothing more can be written. */
  readonly gone: AbortSignal;
  /** Once all is written, why some was lost; null: it was not, or its reader did not want more. */
  loss(): Promise<string | null>;
};

/** Output streams whose failures end no process. */
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
    // A stream tells of its failure after it has called back.
    await setImmediate();
    return loss;
  };
  return { gone: gone.signal, loss: settled };
}

/** Resolves when what was written so far has left or failed. */
async function flush(stream: Writable): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}
