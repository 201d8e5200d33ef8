import {
  countOpen,
  listPids,
  readText,
  SOCKET_STATE,
  socketLinks,
  UNIX_STATE,
  unixLinks,
} from '../../drivers/proc-sockets.ts';

// Which process holds a port or a file, as far as this user may look.

export type Holder = { readonly pid: number; readonly command: string };

/** null: nobody, or a process of another user. */
export function findPortHolder(port: number): Holder | null {
  return findHolder(socketLinks(port, SOCKET_STATE.listening));
}

/** Who listens there; null: nobody, or a process of another user. */
export function findPathHolder(path: string): Holder | null {
  return findHolder(unixLinks(path, UNIX_STATE.unconnected));
}

/** Who has the file open; null: nobody, or a process of another user. */
export function findFileHolder(path: string): Holder | null {
  return findHolder(new Set([path]));
}

function findHolder(links: ReadonlySet<string>): Holder | null {
  if (links.size === 0) return null;
  const pid = listPids().find((candidate) => countOpen(candidate, links) > 0);
  return pid === undefined ? null : { pid, command: commandOf(pid) };
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
