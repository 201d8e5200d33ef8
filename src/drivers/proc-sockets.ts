import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isUnix, type ListenAddress } from './listen-address.ts';

// Which sockets there are, and who has them open: /proc/net/tcp names the inode of each, and the descriptors of a
// process are links to inodes. See proc_net(5) and proc_pid_fd(5). A process may end, or belong to another user,
// between two looks: then there is nothing to see.

export const SOCKET_STATE = { established: '01', listening: '0A' } as const;

export const UNIX_STATE = { unconnected: '01', connected: '03' } as const;

type UnixState = (typeof UNIX_STATE)[keyof typeof UNIX_STATE];
type SocketState = (typeof SOCKET_STATE)[keyof typeof SOCKET_STATE];

/** As descriptors name them, `socket:[INODE]`: the TCP sockets of this state on a local port, of both versions of IP. */
export function socketLinks(port: number, state: SocketState): ReadonlySet<string> {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    socketInodes(readText(file), port, state),
  );
  return new Set(inodes.map(linkOf));
}

function linkOf(inode: string): string {
  return `socket:[${inode}]`;
}

/** As descriptors name them: accepted connections of whoever listens, or listened, there. */
export function clientLinks(address: ListenAddress): ReadonlySet<string> {
  if (!isUnix(address)) return socketLinks(address.port, SOCKET_STATE.established);
  return unixLinks(address.path, UNIX_STATE.connected);
}

/** The Unix sockets of this state at a path. */
export function unixLinks(path: string, state: UnixState): ReadonlySet<string> {
  return new Set(unixInodes(readText('/proc/net/unix'), path, state).map(linkOf));
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
export function countOpen(pid: number, links: ReadonlySet<string>): number {
  return list(`/proc/${pid}/fd`).filter((fd) => links.has(link(`/proc/${pid}/fd/${fd}`))).length;
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
