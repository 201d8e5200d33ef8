import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { errorCode } from '../../os/proc.ts';

// Finds a command before anything is started for it, so that the operator reads which path is missing and
// not that some start failed.

/** The path as execvp(3) would find it. Throws DriverError notFound or permission, with the path. */
export function findExecutable(command: string, cwd: string, searchPath: string): string {
  if (command.includes('/')) {
    assertExecutable(resolve(cwd, command));
    return command;
  }
  for (const directory of searchPath.split(delimiter)) {
    const path = join(resolve(cwd, directory), command);
    if (isExecutable(path)) return path;
  }
  throw new DriverError('notFound', `${command} is not in PATH (${searchPath})`);
}

/** Throws DriverError notFound where it is no directory. */
export function assertDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new DriverError('notFound', `the working directory ${path} does not exist`);
}

function assertExecutable(path: string): void {
  try {
    if (!statSync(path).isFile()) throw new DriverError('permission', `${path} is no file`);
    accessSync(path, constants.X_OK);
  } catch (error) {
    if (error instanceof DriverError) throw error;
    const missing = errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
    const [fault, text] = missing
      ? (['notFound', `${path} does not exist`] as const)
      : (['permission', `${path} may not be executed`] as const);
    throw new DriverError(fault, text, { cause: error });
  }
}

function isExecutable(path: string): boolean {
  try {
    assertExecutable(path);
    return true;
  } catch {
    return false;
  }
}
