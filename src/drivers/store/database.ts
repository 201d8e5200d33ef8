import { mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { assert } from '../../core/assert.ts';
import { AppError } from '../../errors.ts';
import { holdStateDir } from './hold.ts';
import { sqliteFault, unusable } from './sqlite-fault.ts';

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
      what: `there is no journal in ${path}`,
      why: `${file} does not exist`,
      todo: 'name the state directory of an agent that has run, or start one with: hotwarm up',
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

/** Why what is in the directory may not be believed, by whom it belongs to; null: it may. */
export function whyUntrusted(path: string): string | null {
  const { uid, mode } = statSync(path);
  const own = process.geteuid?.() ?? uid;
  if (uid !== own) return `it belongs to user ${uid}, and hotwarm runs as user ${own}`;
  if ((mode & WRITABLE_BY_OTHERS) === 0) return null;
  return `others may write to it (mode ${(mode & 0o7777).toString(8)})`;
}

/** What is written there tells an agent what to kill and where to write. */
function refuseUntrusted(path: string): void {
  const why = whyUntrusted(path);
  if (why === null) return;
  throw unusable({
    what: `${path} cannot be trusted`,
    why,
    todo: `make sure that nobody has changed anything in it, then run: chown ${process.geteuid?.() ?? 0} ${path}; chmod go-w ${path}`,
  });
}

/** Epochs that start again from one would let a fenced member back in, so a lost file is no fresh start. */
function refuseLostLeases(path: string): void {
  const leasesBytes = sizeOf(join(path, LEASES_FILE)) ?? 0;
  const journalBytes = sizeOf(join(path, JOURNAL_FILE)) ?? 0;
  if (leasesBytes > 0 || journalBytes === 0) return;
  throw unusable({
    what: `the epochs in ${path} are lost`,
    why: `${JOURNAL_FILE} is there but ${LEASES_FILE} is missing or empty, so the epochs already given out are not known`,
    todo: `restore ${LEASES_FILE} from a backup, or stop every member of these services and move ${path} away to start anew`,
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
    what: `${path} is damaged`,
    why: `SQLite's check found: ${String(found)}`,
    todo: `restore the file from a backup, or move it away; nothing in it has been changed`,
  });
}

function createSchema(database: DatabaseSync, path: string, schema: string): void {
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  assert(typeof version === 'number', 'SQLite answers user_version with a number');
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw unusable({
      what: `${path} was written by a newer hotwarm`,
      why: `its format is ${version} and this one knows up to ${SCHEMA_VERSION}`,
      todo: 'run the newer hotwarm, or choose another directory with agent.state',
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
