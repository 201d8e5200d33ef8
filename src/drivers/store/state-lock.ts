import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import { holdsWriteLock } from './lock-owner.ts';
import { isBusy, sqliteFault } from './sqlite-fault.ts';

// Keeps a second agent out of a state directory. The hold is an open write transaction on a file of its
// own, which is a POSIX lock underneath: the kernel drops it with the process, however that ends, so
// there is no stale lock to judge and no pid to verify. Nothing is written through the lock, so there
// is nothing to recover either. Who holds it is noted beside it, for messages only.

const LOCK_FILE = 'agent.lock';
const HOLDER_FILE = 'agent.json';

/** The agent that holds the directory and has noted its pid there; null: none is proved to. */
export function provenHolder(path: string): number | null {
  const pid = readHolder(path)?.pid ?? null;
  return pid !== null && holdsWriteLock(pid, join(path, LOCK_FILE)) ? pid : null;
}

/** Whether a process holds the directory. Throws AppError where that cannot be determined. */
export function isHeld(path: string): boolean {
  const file = join(path, LOCK_FILE);
  if (!existsSync(file)) return false;
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN IMMEDIATE');
    return false;
  } catch (error) {
    if (!isBusy(error)) throw sqliteFault(error, file);
    return true;
  } finally {
    lock.close();
  }
}

export function holdStateDir(options: { readonly path: string; readonly host: string }): {
  close(): void;
} {
  const file = join(options.path, LOCK_FILE);
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(file, { timeout: 0 });
    lock.exec('BEGIN IMMEDIATE');
    const holder = { pid: process.pid, host: options.host };
    writeFileSync(join(options.path, HOLDER_FILE), `${JSON.stringify(holder)}\n`);
    return lock;
  } catch (error) {
    lock?.close();
    if (!isBusy(error)) throw sqliteFault(error, file);
    throw held(options.path, error);
  }
}

function held(path: string, cause: unknown): AppError {
  const holder = readHolder(path);
  const text = {
    message: { en: `another agent uses ${path}`, zh: `另一个 agent 正在使用 ${path}` },
    reason:
      holder === null
        ? { en: 'the directory is locked', zh: '目录已被锁定' }
        : {
            en: `pid ${holder.pid} on host ${holder.host} holds the lock`,
            zh: `主机 ${holder.host} 上的 pid ${holder.pid} 持有锁`,
          },
    hint: {
      en: 'stop that agent, or set agent.stateDir to another directory',
      zh: '停止该 agent，或为 agent.stateDir 设置其他目录',
    },
  };
  return new AppError('stateLocked', text, { cause });
}

/** Who took the lock last, whether or not it lives; null while it has not written it yet. */
function readHolder(path: string): { readonly pid: number; readonly host: string } | null {
  try {
    const holder: unknown = JSON.parse(readFileSync(join(path, HOLDER_FILE), 'utf8'));
    if (typeof holder !== 'object' || holder === null) return null;
    if (!('pid' in holder) || !('host' in holder)) return null;
    if (typeof holder.pid !== 'number' || typeof holder.host !== 'string') return null;
    return { pid: holder.pid, host: holder.host };
  } catch {
    return null;
  }
}
