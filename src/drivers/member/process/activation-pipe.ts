import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { errorCode } from '../../os/proc.ts';
import { memberFileName } from './run-record.ts';

// The signal to a running standby to begin to accept: a line in a named pipe that it holds. What was
// written stays in the pipe until it is read, so it does not matter whether the member looks for it already, and the
// name lets the next agent say it, too. It is said with every route, because the sender cannot tell whether it was read.

const WORD = 'go\n';

export function activationPipePath(stateDir: string, service: string, member: string): string {
  return join(stateDir, 'run', `${memberFileName(service, member)}.go`);
}

/** New for each start, so that nothing that was said to an earlier one is in it. Throws DriverError. */
export function makeActivationPipe(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const { status, stderr, error } = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8' });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim();
  throw new DriverError('driverFailed', `the named pipe cannot be made: ${reason}`);
}

/** Says it, and to which pipe. Throws DriverError where there is none. */
export function activate(path: string): string {
  const pipe = identifyPipe(path);
  if (pipe === null) throw new DriverError('notFound', `there is no pipe ${path}`);
  write(path);
  return pipe;
}

/** Tells the pipe of one start from that of the next; null: there is none. */
export function identifyPipe(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.birthtimeNs}`;
}

function write(path: string): void {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, WORD);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = errorCode(error);
    // It has read its line and closed the pipe; or the pipe is full of lines that it need not read.
    if (code === 'ENXIO' || code === 'EPIPE' || code === 'EAGAIN') return;
    throw new DriverError('driverFailed', `${path} cannot be written`, { cause: error });
  }
}
