import { readdirSync, statSync, type Stats } from 'node:fs';
import { readText } from '../os/sockets.ts';

/**
 * Whether this process holds a write lock on the file: it has the file open and, where the kernel lists POSIX locks, owns
 * one on it. A number in a file proves nothing, because the kernel gives the number of a process to another one later.
 */
export function holdsWriteLock(pid: number, file: string): boolean {
  const locked = statSync(file, { throwIfNoEntry: false });
  if (locked === undefined || !hasOpen(pid, locked)) return false;
  const owners = writeLockOwners(readText('/proc/locks'), locked.ino);
  return owners === null || owners.includes(pid);
}

/** table: text of /proc/locks, see proc_locks(5). The device in it differs from stat's on some file systems. null: no table. */
export function writeLockOwners(table: string, inode: number): readonly number[] | null {
  if (table === '') return null;
  return table.split('\n').flatMap((line) => {
    const [, pid, its] = /^\d+: POSIX +\S+ +WRITE +(\d+) [^:]+:[^:]+:(\d+) /.exec(line) ?? [];
    return pid !== undefined && Number(its) === inode ? [Number(pid)] : [];
  });
}

function hasOpen(pid: number, { dev, ino }: Stats): boolean {
  return descriptors(pid).some((fd) => {
    const open = statOrNull(`/proc/${pid}/fd/${fd}`);
    return open !== null && open.ino === ino && open.dev === dev;
  });
}

function descriptors(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return []; // It is gone, or another user's.
  }
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // It was closed meanwhile.
  }
}
