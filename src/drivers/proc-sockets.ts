import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Which sockets there are, and who has them open: /proc/net/tcp names the inode of each, and the descriptors of a
// process are links to inodes. See proc_net(5) and proc_pid_fd(5). A process may end, or belong to another user,
// between two looks: then there is nothing to see.

export const SOCKET_STATE = { established: '01', listening: '0A' } as const;

type SocketState = (typeof SOCKET_STATE)[keyof typeof SOCKET_STATE];

/** As descriptors name them, `socket:[INODE]`: the TCP sockets of this state on a local port, of both versions of IP. */
export function socketLinks(port: number, state: SocketState): ReadonlySet<string> {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    socketInodes(readText(file), port, state),
  );
  return new Set(inodes.map((inode) => `socket:[${inode}]`));
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
