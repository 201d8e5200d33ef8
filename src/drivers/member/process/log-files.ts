import { closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { open, rename, rm, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { errorCode } from '../../os/proc.ts';

// A member writes its stdout and stderr straight into files, by descriptor: no byte of it passes through the
// agent, so a noisy member cannot slow a decision, and the agent's death breaks no pipe of the member.
// The price is that the member keeps its descriptor, so a file cannot simply be renamed away. Rotation
// copies the end of the file aside and truncates it in place; as the file was opened for appending, the
// member then writes on from the start. It is done at every start; how soon the next look comes follows from how fast the
// file grows. Bound on the disk, a stream: files × bytes, and what the member writes in a tenth of a second.
// Not guaranteed: lines written between the copy and the truncation, some microseconds, are lost.

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

export type LogLimits = {
  /** A file of more bytes than this is rotated. */
  readonly bytes: number;
  /** Files kept of each stream, the current one included. At least one. */
  readonly files: number;
};

export type LogPaths = { readonly output: string; readonly errors: string };

/** In quiet; a check is one stat(2). */
const CHECK_INTERVAL_MS = 100;
/** While it may be over its limit within CHECK_INTERVAL_MS. */
const FAST_CHECK_INTERVAL_MS = 10;
/** Never through a symbolic link: an agent of root would write where others may not. */
const APPEND = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;
const CHUNK_BYTES = 256 * 1024;

export function logPaths(stateDir: string, fileName: string): LogPaths {
  const base = join(stateDir, 'logs', fileName);
  return { output: `${base}.out.log`, errors: `${base}.err.log` };
}

/** Opens both for appending; the caller closes them once the member has them. Throws DriverError. */
export function openLogs(paths: LogPaths): { output: number; errors: number; close: () => void } {
  try {
    mkdirSync(join(paths.output, '..'), { recursive: true, mode: 0o750 });
    const output = openSync(paths.output, APPEND, 0o640);
    const errors = openSync(paths.errors, APPEND, 0o640);
    return { output, errors, close: () => [output, errors].forEach((fd) => closeSync(fd)) };
  } catch (error) {
    const fault = errorCode(error) === 'ENOSPC' ? 'diskFull' : 'permission';
    throw new DriverError(fault, `the log ${paths.output} cannot be opened`, { cause: error });
  }
}

/** Keeps both files within the limits until the returned function is called. */
export function watchLogs(paths: LogPaths, limits: LogLimits): () => void {
  const streams = [paths.output, paths.errors].map((path) => ({ path, size: sizeOf(path) }));
  let timer: NodeJS.Timeout | null = null;
  let isOver = false;
  const look = async (): Promise<void> => {
    let nextMs = CHECK_INTERVAL_MS;
    for (const stream of streams) {
      const size = sizeOf(stream.path);
      const grown = size - stream.size;
      if (size > limits.bytes) await rotateIfLarger(stream.path, limits);
      stream.size = Math.min(size, sizeOf(stream.path));
      if (stream.size + grown > limits.bytes) nextMs = FAST_CHECK_INTERVAL_MS;
    }
    if (!isOver) arm(nextMs);
  };
  const arm = (afterMs: number): void => {
    timer = setTimeout(() => void look(), afterMs).unref();
  };
  arm(CHECK_INTERVAL_MS);
  return () => {
    isOver = true;
    if (timer !== null) clearTimeout(timer);
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Never rejects: a member must not be harmed because its log cannot be rotated. */
export async function rotateLogs(paths: LogPaths, limits: LogLimits): Promise<void> {
  for (const path of [paths.output, paths.errors]) await rotateIfLarger(path, limits);
}

async function rotateIfLarger(path: string, limits: LogLimits): Promise<void> {
  const size = sizeOf(path);
  if (size <= limits.bytes) return;
  try {
    if (limits.files > 1) await setAside(path, size, limits);
  } catch {
    // Most likely a full disk. The old lines are given up, as keeping them would fill it further.
    await rm(`${path}.1`, { force: true }).catch(() => undefined);
  }
  await truncate(path, 0).catch(() => undefined);
}

async function setAside(path: string, size: number, limits: LogLimits): Promise<void> {
  for (let number = limits.files - 2; number >= 1; number -= 1) {
    await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing);
  }
  const source = await open(path, 'r');
  try {
    const target = await open(`${path}.1`, 'w', 0o640);
    try {
      await copyFrom(source, target, Math.max(0, size - limits.bytes), limits.bytes);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Copies at most `bytes` from `start`, in pieces, so that a huge log costs no memory. */
async function copyFrom(
  source: FileHandle,
  target: FileHandle,
  start: number,
  bytes: number,
): Promise<void> {
  const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, bytes));
  for (let done = 0; done < bytes;) {
    const wanted = Math.min(buffer.length, bytes - done);
    const { bytesRead } = await source.read(buffer, 0, wanted, start + done);
    if (bytesRead === 0) return;
    await target.write(buffer, 0, bytesRead);
    done += bytesRead;
  }
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}
