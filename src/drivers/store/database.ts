import { mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { assert } from '../../core/assert.ts';
import type { Text } from '../../core/describe/language.ts';
import { AppError } from '../../errors.ts';
import { holdStateDir } from './state-lock.ts';
import { RESTORE, sqliteFault, unusable } from './sqlite-fault.ts';

// The state directory of one agent: two SQLite files in WAL mode and the hold that keeps a second
// agent out.
//
//   hotwarm.db  leases and epochs, synchronous=FULL: a commit has reached the disk when it returns, so
//               that an epoch is never handed out twice, not even after a power failure.
//   journal.db  events and incidents, synchronous=NORMAL: a commit survives the death of the process,
//               and the newest ones may be lost with the power. Whatever they made the agent do ended
//               with the same power failure.
//
// Two files rather than two connections to one: in one file the flush of an epoch would have to carry
// the journal's pages to the disk with it, and a journal that is damaged or full would take the epochs
// along. Nothing is ever repaired or created over what is there: a directory that is not sound
// stops the start with an error that says what was found. A write-ahead log that ends in the middle of
// a frame is no damage; SQLite drops that unfinished commit, which was never reported as successful.
//
// Not guaranteed: a disk that lies about its flushes, and file systems without POSIX locks.

export type StateDir = {
  readonly path: string;
  readonly leases: DatabaseSync;
  readonly journal: DatabaseSync;
  close(): void;
};

const SCHEMA_VERSION = 1;
const WRITABLE_BY_OTHERS = 0o022;
export const LEASES_FILE = 'hotwarm.db';
const JOURNAL_FILE = 'journal.db';
/** How long a write waits for a checkpoint that a reading command has started. */
const BUSY_TIMEOUT_MS = 250;

const LEASES_SCHEMA = `
  CREATE TABLE lease (
    key TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`;

const JOURNAL_SCHEMA = `
  CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    started_wall_ms REAL NOT NULL,
    boot_id TEXT NOT NULL,
    config TEXT NOT NULL,
    state TEXT NOT NULL,
    first_seq INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    started_wall_ms REAL NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX incident_by_service ON incident (service, id);`;

/** Opens the directory for the one agent that runs on it; creates it where there is none. */
export function openStateDir(options: { readonly path: string; readonly host: string }): StateDir {
  const { path } = options;
  makeDir(path);
  const hold = holdStateDir({ path, host: options.host });
  const opened: DatabaseSync[] = [];
  try {
    refuseLostLeases(path);
    const leases = openFile({ dir: path, file: LEASES_FILE, synchronous: 'FULL' });
    opened.push(leases);
    const journal = openFile({ dir: path, file: JOURNAL_FILE, synchronous: 'NORMAL' });
    opened.push(journal);
    return { path, leases, journal, close: () => closeAll([...opened, hold]) };
  } catch (error) {
    closeAll([...opened, hold]);
    throw error;
  }
}

/** Opens the journal beside a running agent, or after one, for commands that only read. */
export function openJournalFile(path: string): DatabaseSync {
  const file = join(path, JOURNAL_FILE);
  if (sizeOf(file) === null) {
    throw unusable({
      message: { en: `no journal in ${path}`, zh: `${path} 中没有事件日志` },
      reason: { en: `${file} does not exist`, zh: `${file} 不存在` },
      hint: {
        en: 'set agent.stateDir to the directory of an agent that has run, or start one with: hotwarm up',
        zh: '把 agent.stateDir 设为运行过的 agent 的目录，或启动 agent：hotwarm up',
      },
    });
  }
  try {
    return new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw sqliteFault(error, file);
  }
}

function makeDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw new Error('it is not a directory');
    // Asked of the system by doing it: permission bits do not tell of a mount that is read-only.
    rmdirSync(mkdtempSync(join(path, 'probe-')));
    refuseUntrusted(path);
  } catch (error) {
    throw sqliteFault(error, path);
  }
}

/** Why the owner or the mode of the directory does not allow hotwarm to trust its content; null: they do. */
export function whyUntrusted(path: string): Text | null {
  const { uid, mode } = statSync(path);
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) {
    return {
      en: `user ${uid} owns the directory, but hotwarm runs as user ${own}`,
      zh: `目录属于用户 ${uid}，而 hotwarm 以用户 ${own} 运行`,
    };
  }
  if ((mode & WRITABLE_BY_OTHERS) === 0) return null;
  const octal = (mode & 0o7777).toString(8);
  return { en: `other users can write to it (mode ${octal})`, zh: `其他用户可写（权限 ${octal}）` };
}

/** Records in this directory tell an agent which processes to kill and where to write. */
function refuseUntrusted(path: string): void {
  const reason = whyUntrusted(path);
  if (reason === null) return;
  const commands = `chown ${process.geteuid?.() ?? 0} ${path}; chmod go-w ${path}`;
  throw unusable({
    message: { en: `${path} is not trustworthy`, zh: `${path} 不可信` },
    reason,
    hint: {
      en: `check that no file in it was changed, then run: ${commands}`,
      zh: `确认其中的文件未被改动，再运行：${commands}`,
    },
  });
}

/** Epochs that start again from one would let a fenced member back in, so a lost file is no fresh start. */
function refuseLostLeases(path: string): void {
  const leasesBytes = sizeOf(join(path, LEASES_FILE)) ?? 0;
  const journalBytes = sizeOf(join(path, JOURNAL_FILE)) ?? 0;
  if (leasesBytes > 0 || journalBytes === 0) return;
  throw unusable({
    message: { en: `the epochs in ${path} are lost`, zh: `${path} 中的纪元已丢失` },
    reason: {
      en: `${JOURNAL_FILE} exists but ${LEASES_FILE} is missing or empty, so the epochs already used are unknown`,
      zh: `${JOURNAL_FILE} 存在，而 ${LEASES_FILE} 缺失或为空，因此不知道哪些纪元已用过`,
    },
    hint: {
      en: `restore ${LEASES_FILE} from a backup; or stop all members of these services, move ${path} away and start again`,
      zh: `从备份恢复 ${LEASES_FILE}；或停止这些服务的所有成员，移走 ${path} 后重新启动`,
    },
  });
}

function openFile(options: {
  readonly dir: string;
  readonly file: typeof LEASES_FILE | typeof JOURNAL_FILE;
  readonly synchronous: 'FULL' | 'NORMAL';
}): DatabaseSync {
  const path = join(options.dir, options.file);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    checkIntegrity(database, path);
    // Before the first table exists, or it has no effect; later it would only write to the file.
    if (sizeOf(path) === 0) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${options.synchronous};`);
    createSchema(database, path, options.file === LEASES_FILE ? LEASES_SCHEMA : JOURNAL_SCHEMA);
    // Every page is in the file now, so that later checkpoints overwrite instead of asking for room.
    database.exec('PRAGMA wal_checkpoint(RESTART)');
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof AppError ? error : sqliteFault(error, path);
  }
}

function checkIntegrity(database: DatabaseSync, path: string): void {
  const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (found === 'ok') return;
  throw unusable({
    message: { en: `${path} is damaged`, zh: `${path} 已损坏` },
    reason: {
      en: `SQLite's check found: ${String(found)}`,
      zh: `SQLite 检查结果：${String(found)}`,
    },
    hint: RESTORE,
  });
}

function createSchema(database: DatabaseSync, path: string, schema: string): void {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  assert(typeof version === 'number', 'SQLite answers user_version with a number');
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw unusable({
      message: {
        en: `${path} was written by a newer version of hotwarm`,
        zh: `${path} 由更新版本的 hotwarm 写入`,
      },
      reason: {
        en: `its format is ${version}; this version supports up to ${SCHEMA_VERSION}`,
        zh: `其格式为 ${version}，本版本最高支持 ${SCHEMA_VERSION}`,
      },
      hint: {
        en: 'run the newer version, or set agent.stateDir to another directory',
        zh: '运行更新的版本，或为 agent.stateDir 设置其他目录',
      },
    });
  }
  database.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}

function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null;
}

function closeAll(resources: readonly { close(): void }[]): void {
  for (const resource of resources) resource.close();
}
