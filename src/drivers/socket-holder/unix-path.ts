import { chmodSync, chownSync, lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { unreachable } from '../../core/assert.ts';
import { DriverError } from '../driver-error.ts';
import type { UnixAccess } from '../listen-address.ts';
import { errorCode } from '../os/proc.ts';

// The path of a Unix socket outlives the process that listened there, and no process can listen at a path that exists. So what is
// left is removed, but only on proof that it is a socket without a listener: the kernel refuses a connection to it.

const ANSWER_WITHIN_MS = 1000;

type PathState = 'free' | 'left' | 'inUse' | 'noSocket' | 'unknown';

/** left: a socket without a listener. */
export async function checkPath(path: string): Promise<PathState> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return 'free';
  if (!there.isSocket()) return 'noSocket';
  const answer = await tryConnecting(path);
  if (answer === 'ENOENT') return 'free';
  if (answer === 'ECONNREFUSED') return 'left';
  return answer === null || answer === 'EAGAIN' || answer === 'ETIMEDOUT' ? 'inUse' : 'unknown';
}

/** Throws DriverError unless the path is free, or can be made so. */
export async function clearPath(path: string): Promise<void> {
  const state = await checkPath(path);
  switch (state) {
    case 'free':
      return;
    case 'left':
      return rmSync(path, { force: true });
    case 'inUse':
      throw new DriverError('portTaken', `another process listens on ${path}`);
    case 'noSocket':
      throw new DriverError('portTaken', `${path} exists and is no socket`);
    case 'unknown':
      throw new DriverError('permission', `this user cannot tell whether ${path} is in use`);
    default:
      return unreachable(state);
  }
}

/** Throws DriverError permission. */
export function grantAccess(path: string, { mode, owner }: UnixAccess): void {
  try {
    if (owner !== null) chownSync(path, owner.uid, owner.gid);
    chmodSync(path, mode);
  } catch (error) {
    const reason = errorCode(error) ?? String(error);
    throw new DriverError('permission', `mode and owner of ${path} cannot be set: ${reason}`);
  }
}

/** The code of the refusal; null: a process accepts, or would. */
function tryConnecting(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (answer: string | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => settle('ETIMEDOUT'));
    socket.once('connect', () => settle(null));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
