import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { cgroupDirectories, type Cgroup } from './cgroup.ts';
import { readBootId } from '../../os/boot-id.ts';
import { errorCode, type Identity } from '../../os/proc.ts';

// A small file for each member that runs, written before its command begins and removed once it is proven
// dead. After a crash of the agent it tells the next one what may still be running. It needs to survive the
// agent, not the host: a reboot ends every process, and the boot id in it says so. Its room on the disk is taken once
// and kept. A record that is damaged says nothing, which is no reason not to start: then the member's cgroup and the
// mark in its processes' environment tell what is left.

const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
const RECORD_BYTES = 4096;
const WRITABLE_BY_OTHERS = 0o022;

export type RunRecord = {
  readonly main: Identity;
  /** Process 1 of its PID namespace; null: it has none of its own. */
  readonly init: Identity | null;
  readonly cgroup: Cgroup;
  /** In the environment of every process of this start as HOTWARM_RUN: an identity that children inherit. */
  readonly runId: string;
  /** What it was started with, as one word: another one is another member. */
  readonly recipe: string;
  readonly bootId: string;
};

/** A name for files of one member. Different members never share one, whatever characters their names hold. */
export function memberFileName(service: string, member: string): string {
  return `${fileToken(service, /[^A-Za-z0-9_]/g)}-${fileToken(member, /[^A-Za-z0-9_-]/g)}`;
}

/** A name for the member's cgroup, which agents with other state directories on this host do not use. */
export function memberCgroupName(stateDir: string, service: string, member: string): string {
  const place = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 8);
  return `${memberFileName(service, member)}-${place}`;
}

export function recordPath(stateDir: string, service: string, member: string): string {
  return join(stateDir, 'run', `${memberFileName(service, member)}.json`);
}

/** Of the environment variable by which every process of a start is known, whatever became of its record. */
export function runIdPrefix(cgroupName: string): string {
  return `${cgroupName}.`;
}

/**
 * Takes room on the disk for the record of a start to come, so that a member can be started again when the disk is
 * full. Where there is no room now, writing the record will say so.
 */
export function reserveRecord(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    if (fstatSync(fd).size < RECORD_BYTES) {
      const found = readFileSync(fd, 'utf8');
      writeSync(fd, padded(found), 0);
    }
    closeSync(fd);
  } catch {
    // The start that needs it will name the reason.
  }
}

/** Writes over what was reserved: no new room is needed. Throws DriverError. */
export function writeRecord(path: string, record: Omit<RunRecord, 'bootId'>): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    write(path, JSON.stringify({ ...record, bootId: readBootId() }));
  } catch (error) {
    const fault = errorCode(error) === 'ENOSPC' ? 'diskFull' : 'permission';
    throw new DriverError(fault, `${path} cannot be written`, { cause: error });
  }
}

/** Keeps the room for the next one. */
export function removeRecord(path: string): void {
  if (!existsSync(path)) return;
  try {
    write(path, '');
  } catch {
    rmSync(path, { force: true });
  }
}

function write(path: string, text: string): void {
  const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, padded(text), 0);
  } finally {
    closeSync(fd);
  }
}

/** One page: it is written as a whole, and a shorter record leaves nothing of a longer one. */
function padded(text: string): Buffer {
  const bytes = Buffer.alloc(Math.max(RECORD_BYTES, Buffer.byteLength(text)), ' ');
  bytes.write(text);
  return bytes;
}

/**
 * null: nothing is on record, or it is from before the last boot. damaged: it is no record of this member, or others
 * may write to it, so it says nothing. Throws DriverError on a file that cannot be read.
 */
export function readRecord(
  stateDir: string,
  service: string,
  member: string,
): RunRecord | 'damaged' | null {
  const cgroupName = memberCgroupName(stateDir, service, member);
  const found = readOwn(recordPath(stateDir, service, member));
  if (found === null || found === 'damaged') return found;
  if (found.text.trim() === '') return null;
  const record = parseRecord(found.text);
  const named = (directory: string): boolean => basename(directory) === cgroupName;
  // Whatever is in the cgroup will be killed.
  if (record === null || !cgroupDirectories(record.cgroup).every(named)) return 'damaged';
  return record.bootId === readBootId() ? record : null;
}

/** Moves a damaged record aside, so that an operator can find out what happened to it. Returns where it is now. */
export function setRecordAside(path: string): string {
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  return aside;
}

function readOwn(path: string): { readonly text: string } | 'damaged' | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    if (errorCode(error) === 'ELOOP') return 'damaged';
    throw new DriverError('permission', `${path} cannot be read`, { cause: error });
  }
  try {
    const { uid, mode } = fstatSync(fd);
    if (uid !== process.geteuid?.() || (mode & WRITABLE_BY_OTHERS) !== 0) return 'damaged';
    return { text: readFileSync(fd, 'utf8') };
  } finally {
    closeSync(fd);
  }
}

function parseRecord(text: string): RunRecord | null {
  try {
    const parsed: unknown = JSON.parse(text);
    // A release without PID namespaces wrote records without `init`.
    return isRunRecord(parsed) ? { ...parsed, init: parsed.init ?? null } : null;
  } catch {
    return null;
  }
}

function isRunRecord(value: unknown): value is RunRecord {
  if (!isObject(value)) return false;
  const { main, cgroup, runId, recipe, bootId } = value;
  const init = value['init'] ?? null;
  return (
    isIdentity(main) &&
    (init === null || isIdentity(init)) &&
    isCgroup(cgroup) &&
    typeof runId === 'string' &&
    typeof recipe === 'string' &&
    typeof bootId === 'string'
  );
}

function isCgroup(value: unknown): boolean {
  if (!isObject(value) || !isPathOrNull(value['unified']) || !isPathOrNull(value['freezer']))
    return false;
  const { cpu } = value;
  return (
    cpu === null || (isObject(cpu) && isPathOrNull(cpu['directory']) && cpu['directory'] !== null)
  );
}

function isIdentity(value: unknown): boolean {
  return isObject(value) && isCount(value['pid'], 2) && isCount(value['startTicks'], 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown, least: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}

function isPathOrNull(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.startsWith('/'));
}

function fileToken(name: string, escaped: RegExp): string {
  return name.replaceAll(escaped, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase()}`).join(''),
  );
}
