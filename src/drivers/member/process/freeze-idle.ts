import { setTimeout as delay } from 'node:timers/promises';
import { DriverError } from '../../driver-error.ts';
import { countOpen, SOCKET_STATE, socketLinks } from '../../proc-sockets.ts';
import { containedPids, freezeAll, thawAll, type Containment } from './containment.ts';

/** Time for a member to answer those whom it had accepted. */
const PAUSE_MS = 10;

/**
 * Freezes a member that accepts clients on this port from a socket that it shares. It accepted until the very moment in
 * which it was frozen, and whoever it had accepted would wait for as long, so it is let run until it has none.
 */
export async function freezeIdle(
  containment: Containment,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await freezeAll(containment, signal);
    const clients = socketLinks([port], SOCKET_STATE.established);
    const stranded = containedPids(containment).reduce(
      (sum, pid) => sum + countOpen(pid, clients),
      0,
    );
    if (stranded === 0) return;
    await thawAll(containment, signal);
    if (signal.aborted)
      throw new DriverError('timedOut', `it still serves ${stranded} connections of clients`);
    await delay(PAUSE_MS);
  }
}
