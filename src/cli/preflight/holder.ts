import {
  listPids,
  openLinks,
  readText,
  SOCKET_STATE,
  socketLinks,
} from '../../drivers/proc-sockets.ts';

// Which processes hold ports, as far as this user may look.

export type Holder = { readonly pid: number; readonly command: string };

/**
 * By port; a port that nobody listens on, or a process of another user, has none. All are found in one pass over the
 * processes, the newest first: on a busy host a pass takes long, and what a former agent left is newer than most.
 */
export function findPortHolders(ports: readonly number[]): ReadonlyMap<number, Holder> {
  const portOf = socketLinks(ports, SOCKET_STATE.listening);
  const missing = new Set(portOf.values());
  const holders = new Map<number, Holder>();
  for (const pid of listPids().toReversed()) {
    if (missing.size === 0) break;
    for (const link of openLinks(pid)) {
      const port = portOf.get(link);
      if (port !== undefined && missing.delete(port))
        holders.set(port, { pid, command: commandOf(pid) });
    }
  }
  return holders;
}

function commandOf(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '');
  return words
    .join(' ')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 80);
}
