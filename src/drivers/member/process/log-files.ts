import { closeSync, mkdirSync, openSync } from 'node:fs';
import { open, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { errorCode } from '../../os/proc.ts';

// A member writes its stdout and stderr straight into files, by descriptor: no byte of it passes through the
// agent, so a noisy member cannot slow a decision, and the agent's death breaks no pipe of the member.
// The price is that the member keeps its descriptor, so a file cannot simply be renamed away. Rotation
// copies the end of the file aside and truncates it in place; as the file was opened for appending, the
// member then writes on from the start. It is done at every start and looked at every few seconds.
// Bound on the disk, a stream: files × bytes, and what the member writes between two looks.
// Not guaranteed: lines written between the copy and the truncation, some microseconds, are lost.

export type LogLimits = {
  /** A file of more bytes than this is rotated. */
  readonly bytes: number;
  /** Files kept of each stream, the current one included. At least one. */
  readonly files: number;
};

export type LogPaths = { readonly output: string; readonly errors: string };

const LOOK_MS = 2000;
const CHUNK_BYTES = 256 * 1024;

export function logPaths(stateDir: string, fileName: string): LogPaths {
  const base = join(stateDir, 'logs', fileName);
  return { output: `${base}.out.log`, errors: `${base}.err.log` };
}

/** Opens both for appending; the caller closes them once the member has them. Throws DriverError. */
export function openLogs(paths: LogPaths): { output: number; errors: number; close: () => void } {
  try {
    mkdirSync(join(paths.output, '..'), { recursive: true });
    const output = openSync(paths.output, 'a', 0o640);
    const errors = openSync(paths.errors, 'a', 0o640);
    return { output, errors, close: () => [output, errors].forEach((fd) => closeSync(fd)) };
  } catch (error) {
    const fault = errorCode(error) === 'ENOSPC' ? 'diskFull' : 'permission';
    throw new DriverError(fault, `the log ${paths.output} cannot be opened`, { cause: error });
  }
}

/** Keeps both files within the limits until the returned function is called. */
export function watchLogs(paths: LogPaths, limits: LogLimits): () => void {
  let busy = false;
  const look = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    await rotateLogs(paths, limits);
    busy = false;
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Never rejects: a member must not be harmed because its log cannot be rotated. */
export async function rotateLogs(paths: LogPaths, limits: LogLimits): Promise<void> {
  for (const path of [paths.output, paths.errors]) await rotateIfLarger(path, limits);
}

async function rotateIfLarger(path: string, limits: LogLimits): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
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
