import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Text } from '../../core/describe/language.ts';
import { AppError, type ErrorText, systemReason } from '../../errors.ts';

// What SQLite and the file system say when the state directory fails them, in the operator's words.

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const SQLITE = { busy: 5, ioError: 10, corrupt: 11, full: 13, readOnly: 8, notADatabase: 26 };

/** Of a file that is damaged. */
export const RESTORE: Text = {
  en: 'restore the file from a backup, or move it away; hotwarm has not changed it',
  zh: '从备份恢复该文件，或将其移走；hotwarm 未改动其内容',
};

export function unusable(text: ErrorText, cause?: unknown): AppError {
  return new AppError('stateUnusable', text, { cause });
}

export function sqliteFault(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const code = resultCode(error);
  if (isDiskFull(error, path)) {
    const text = {
      message: {
        en: `cannot write ${path}: the disk is full`,
        zh: `无法写入 ${path}：磁盘已满`,
      },
      reason: systemReason(error),
      hint: {
        en: 'free space on that file system; no restart is needed',
        zh: '在该文件系统上腾出空间，无须重启',
      },
    };
    return new AppError('diskFull', text, { cause: error });
  }
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) {
    return unusable(
      {
        message: { en: `${path} is damaged`, zh: `${path} 已损坏` },
        reason: { en: `SQLite reports: ${detail}`, zh: `SQLite 报告：${detail}` },
        hint: RESTORE,
      },
      error,
    );
  }
  const isLocked = code === SQLITE.busy;
  return unusable(
    {
      message: { en: `cannot use ${path}`, zh: `无法使用 ${path}` },
      reason: systemReason(error),
      hint: {
        en: `${isLocked ? 'stop the program that locks it' : 'fix its permissions'}, or set agent.stateDir to another directory`,
        zh: `${isLocked ? '停止锁定它的程序' : '修正其权限'}，或为 agent.stateDir 设置其他目录`,
      },
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
