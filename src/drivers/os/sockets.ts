import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isUnix, type ListenAddress } from '../listen-address.ts';

// Which sockets there are, and who has them open: /proc/net/tcp names the inode of each, and the descriptors of a
// process are links to inodes. See proc_net(5) and proc_pid_fd(5). A process may end, or belong to another user,
// between two looks: then there is nothing to see.

export const SOCKET_STATE = { established: '01', listening: '0A' } as const;

export const UNIX_STATE = { unconnected: '01', connected: '03' } as const;

type UnixState = (typeof UNIX_STATE)[keyof typeof UNIX_STATE];
type SocketState = (typeof SOCKET_STATE)[keyof typeof SOCKET_STATE];

/**
 * As descriptors name them, `socket:[INODE]`, with their ports: the TCP sockets of this state on local ports, of both
 * versions of IP. The tables are read once for all, as the kernel takes milliseconds to write one.
 */
export function socketLinks(
  ports: readonly number[],
  state: SocketState,
): ReadonlyMap<string, number> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(readText);
  const links = ports.flatMap((port) =>
    tables
      .flatMap((table) => socketInodes(table, port, state))
      .map((inode) => [linkOf(inode), port] as const),
  );
  return new Map(links);
}

function linkOf(inode: string): string {
  return `socket:[${inode}]`;
}

/** As descriptors name them: accepted connections of the processes that listen, or listened, there. */
export function clientLinks(address: ListenAddress): readonly string[] {
  if (isUnix(address)) return unixLinks(address.path, UNIX_STATE.connected);
  return [...socketLinks([address.port], SOCKET_STATE.established).keys()];
}

/** As descriptors name them: the Unix sockets of this state at a path. */
export function unixLinks(path: string, state: UnixState): readonly string[] {
  return unixInodes(readText('/proc/net/unix'), path, state).map(linkOf);
}

/** table: text of /proc/net/unix. An accepted socket bears the path of the listening one. */
export function unixInodes(table: string, path: string, wanted: UnixState): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [, state, inode, its] = /^\S+ \S+ \S+ \S+ \S+ (\S+) +(\d+) (.*)$/.exec(line.trim()) ?? [];
    return state === wanted && inode !== undefined && its === path ? [inode] : [];
  });
}

/** table: text of /proc/net/tcp. */
export function socketInodes(table: string, port: number, state: SocketState): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local, , its, , , , , , inode] = line.trim().split(/\s+/);
    const isWanted = its === state && local?.endsWith(wanted) === true;
    return isWanted && inode !== undefined ? [inode] : [];
  });
}

/** How many descriptors of the process lead to one of the links. */
export function countOpen(pid: number, links: { has(link: string): boolean }): number {
  return openLinks(pid).filter((target) => links.has(target)).length;
}

/** What its descriptors lead to. */
export function openLinks(pid: number): readonly string[] {
  return list(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`));
}

export function listPids(): readonly number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
