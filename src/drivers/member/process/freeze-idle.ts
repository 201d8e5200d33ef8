import { setTimeout as delay } from 'node:timers/promises';
import { DriverError } from '../../driver-error.ts';
import type { ListenAddress } from '../../listen-address.ts';
import { clientLinks, countOpen } from '../../os/sockets.ts';
import { livePids, freezeAll, thawAll, type ProcessTree } from './process-tree.ts';

/** Time for a member to answer the connections that it had accepted. */
const PAUSE_MS = 10;

/**
 * Freezes a member that may accept clients from sockets that it shares. It accepted until the very moment in
 * which it was frozen, and clients that it had accepted would wait as long, so it is let run until it has none.
 */
export async function freezeIdle(
  tree: ProcessTree,
  shared: readonly ListenAddress[],
  signal: AbortSignal,
): Promise<void> {
  let stranded = 0;
  try {
    for (;;) {
      await freezeAll(tree, signal);
      stranded = countClients(tree, shared);
      if (stranded === 0) return;
      await thawAll(tree, signal);
      signal.throwIfAborted();
      await delay(PAUSE_MS);
    }
  } catch (error) {
    // Whichever step the time ran out in, it runs again; its clients are why.
    if (!signal.aborted || stranded === 0) throw error;
    throw new DriverError('timedOut', `it still serves ${stranded} connections of clients`);
  }
}

/** How many connections that came in at these addresses it has open. */
export function countClients(tree: ProcessTree, addresses: readonly ListenAddress[]): number {
  if (addresses.length === 0) return 0;
  const links = new Set(addresses.flatMap(clientLinks));
  return livePids(tree).reduce((sum, pid) => sum + countOpen(pid, links), 0);
}
