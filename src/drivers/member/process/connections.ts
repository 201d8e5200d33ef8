import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Connections of clients that processes hold, by the kernel's tables: /proc/net/tcp names the inode of each socket,
// and the descriptors of a process are links to inodes. See proc_net(5), proc_pid_fd(5).

const ESTABLISHED = '01';

/** How many established connections on this local port any of the processes has. */
export function countConnections(pids: readonly number[], port: number): number {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => establishedInodes(read(file), port)),
  );
  if (inodes.size === 0) return 0;
  return pids.reduce((sum, pid) => sum + held(pid, inodes), 0);
}

/** table: text of /proc/net/tcp. */
export function establishedInodes(table: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const isWanted = state === ESTABLISHED && local?.endsWith(wanted) === true;
    return isWanted && inode !== undefined ? [inode] : [];
  });
}

function held(pid: number, inodes: ReadonlySet<string>): number {
  return list(`/proc/${pid}/fd`).filter((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  }).length;
}

// A process may end, and a descriptor be closed, between two looks: then there is nothing to see.

function read(file: string): string {
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
