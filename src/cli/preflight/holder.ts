import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

// Which process holds a port or a file, as far as this user may look. A port's inode is in the kernel's socket
// tables; the descriptors of every process are links in /proc.

export type Holder = { readonly pid: number; readonly command: string };

const LISTEN = '0A';

/** null: nobody, or a process of another user. */
export function findPortHolder(port: number): Holder | null {
  const targets = ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => listeningInodes(read(file), port))
    .map((inode) => `socket:[${inode}]`);
  return findHolder(new Set(targets));
}

/** Who has the file open; null: nobody, or a process of another user. */
export function findFileHolder(path: string): Holder | null {
  return findHolder(new Set([path]));
}

function findHolder(targets: ReadonlySet<string>): Holder | null {
  if (targets.size === 0) return null;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    const holds = list(`/proc/${pid}/fd`).some((fd) => targets.has(link(`/proc/${pid}/fd/${fd}`)));
    if (holds) return { pid: Number(pid), command: commandOf(pid) };
  }
  return null;
}

/** Inodes of the sockets that listen on the port; table: text of /proc/net/tcp, see proc_net(5). */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    const isWanted = state === LISTEN && local?.endsWith(`:${wanted}`) === true;
    return isWanted && inode !== undefined ? [inode] : [];
  });
}

function commandOf(pid: string): string {
  const words = read(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '');
  return words
    .join(' ')
    .replaceAll(/\p{Cc}/gu, ' ')
    .slice(0, 80);
}

// A process may end, or belong to another user, between two looks: then there is nothing to see.

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(directory: string): string[] {
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
