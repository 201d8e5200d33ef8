import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, type ErrorText } from '../../errors.ts';

// What SQLite and the file system say when the state directory fails them, in the operator's words.

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = { busy: 5, ioError: 10, corrupt: 11, full: 13, readOnly: 8, notADatabase: 26 };

export function unusable(text: ErrorText, cause?: unknown): AppError {
  return new AppError('stateUnusable', text, { cause });
}

export function sqliteFault(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  if (isDiskFull(error, path)) {
    const text = {
      what: `cannot write ${path}: the disk is full`,
      why: detail,
      todo: 'free space on that file system; it is used again at once, without a restart',
    };
    return new AppError('diskFull', text, { cause: error });
  }
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) {
    return unusable(
      {
        what: `${path} is damaged`,
        why: `SQLite says: ${detail}`,
        todo: 'restore the file from a backup, or move it away; nothing in it has been changed',
      },
      error,
    );
  }
  const action = code === SQLITE.busy ? 'end the program that holds it' : 'mend its permissions';
  return unusable(
    {
      what: `cannot use ${path}`,
      why: detail,
      todo: `${action}, or choose another directory with agent.state`,
    },
    error,
  );
}

function isDiskFull(error: unknown, path: string): boolean {
  if (systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT') return true;
  const code = resultCode(error);
  if (code === SQLITE.full) return true;
  // Growing the shared index of the write-ahead log on a full disk is reported as an I/O error.
  return code === SQLITE.ioError && freeBlocks(path) === 0;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE.busy;
}

/** The primary code: the low byte of the extended one. */
function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

function freeBlocks(path: string): number | null {
  try {
    return statfsSync(dirname(path)).bavail;
  } catch {
    return null;
  }
}
