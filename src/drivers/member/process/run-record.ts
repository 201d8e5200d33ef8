import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { cgroupDirectories, type Cgroup } from './cgroup.ts';
import { readBootId } from '../../os/boot-id.ts';
import { errorCode, type Identity } from '../../os/proc.ts';

// A small file for each member that runs, written before its command begins and removed once it is proven
// dead. After a crash of the agent it tells the next one what may still be running. It needs to survive the
// agent, not the host: a reboot ends every process, and the boot id in it says so.

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

/** Whole or not at all. Throws DriverError. */
export function writeRecord(path: string, record: Omit<RunRecord, 'bootId'>): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, JSON.stringify({ ...record, bootId: readBootId() }));
    renameSync(`${path}.new`, path);
  } catch (error) {
    const fault = errorCode(error) === 'ENOSPC' ? 'diskFull' : 'permission';
    throw new DriverError(fault, `${path} cannot be written`, { cause: error });
  }
}

export function removeRecord(path: string): void {
  rmSync(path, { force: true });
}

/**
 * null: nothing is on record, or it is from before the last boot. Throws DriverError on a file that cannot be
 * read or names another cgroup than `cgroupName`, since whatever is in the cgroup will be killed.
 */
export function readRecord(path: string, cgroupName: string): RunRecord | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new DriverError('permission', `${path} cannot be read`, { cause: error });
  }
  const record = parseRecord(text);
  const named = (directory: string): boolean => basename(directory) === cgroupName;
  if (record === null || !cgroupDirectories(record.cgroup).every(named))
    throw new DriverError('driverFailed', `${path} is no record of a member`);
  return record.bootId === readBootId() ? record : null;
}

function parseRecord(text: string): RunRecord | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRunRecord(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isRunRecord(value: unknown): value is RunRecord {
  if (!isObject(value) || !isObject(value['main']) || !isObject(value['cgroup'])) return false;
  const { main, init, cgroup, runId, recipe, bootId } = value;
  const { cpu } = cgroup;
  return (
    isIdentity(main) &&
    (init === null || isIdentity(init)) &&
    isPathOrNull(cgroup['unified']) &&
    isPathOrNull(cgroup['freezer']) &&
    (cpu === null ||
      (isObject(cpu) && isPathOrNull(cpu['directory']) && cpu['directory'] !== null)) &&
    typeof runId === 'string' &&
    typeof recipe === 'string' &&
    typeof bootId === 'string'
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
