import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import { isBusy, sqliteFault } from './sqlite-fault.ts';

// Keeps a second agent out of a state directory. The hold is an open write transaction on a file of its
// own, which is a POSIX lock underneath: the kernel drops it with the process, however that ends, so
// there is no stale lock to judge and no pid to verify. Nothing is written through the lock, so there
// is nothing to recover either. Who holds it is noted beside it, for messages only.

export const LOCK_FILE = 'agent.lock';
const HOLDER_FILE = 'agent.json';

/** Which agent holds the directory; null: none. Throws AppError where that cannot be determined. */
export function holderOf(path: string): { readonly pid: number | null } | null {
  const file = join(path, LOCK_FILE);
  if (!existsSync(file)) return null;
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('BEGIN IMMEDIATE');
    return null;
  } catch (error) {
    if (!isBusy(error)) throw sqliteFault(error, file);
    return { pid: readHolder(path)?.pid ?? null };
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
export function readHolder(path: string): { readonly pid: number; readonly host: string } | null {
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
