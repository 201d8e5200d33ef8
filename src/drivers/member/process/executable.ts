import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { DriverError } from '../../driver-error.ts';
import { errorCode } from '../../os/proc.ts';

// Finds a command before it is started: the error then names the missing path instead of a failed start.

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
  throw new DriverError('notFound', {
    en: `${command} is not in PATH (${searchPath})`,
    zh: `${command} 不在 PATH（${searchPath}）中`,
  });
}

/** Throws DriverError notFound where it is no directory. */
export function assertDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new DriverError('notFound', {
    en: `the working directory ${path} does not exist`,
    zh: `工作目录 ${path} 不存在`,
  });
}

function assertExecutable(path: string): void {
  try {
    if (!statSync(path).isFile())
      throw new DriverError('permission', { en: `${path} is not a file`, zh: `${path} 不是文件` });
    accessSync(path, constants.X_OK);
  } catch (error) {
    if (error instanceof DriverError) throw error;
    const missing = errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
    const [fault, text] = missing
      ? (['notFound', { en: `${path} does not exist`, zh: `${path} 不存在` }] as const)
      : (['permission', { en: `${path} is not executable`, zh: `${path} 不可执行` }] as const);
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
