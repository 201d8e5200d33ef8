import { monotonicMs } from '../../../clock.ts';
import { processStillRuns, type Identity } from '../../os/proc.ts';
import type { SpawnExit } from './spawner.ts';

/** The kernel tells only its parent of a process's end; others must look. */
const CHECK_INTERVAL_MS = 20;

/** Calls once when exactly this process is gone; how it ended is unknown. Returns a function that stops looking. */
export function whenGone(main: Identity, tell: (exit: SpawnExit) => void): () => void {
  const timer = setInterval(() => {
    if (processStillRuns(main.pid, main.startTicks)) return;
    clearInterval(timer);
    tell({ exitCode: null, signal: null, at: monotonicMs() });
  }, CHECK_INTERVAL_MS);
  // An agent that has let go of its members ends, though they run on.
  timer.unref();
  return () => clearInterval(timer);
}
