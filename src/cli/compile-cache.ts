import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

// What V8 makes of the program's modules is kept between runs, which saves a third of every command's start, and of
// the time without an agent after a crash. What lies there is run as it is: V8 does not check it
// against the sources. So it lies where no other user may write, never in the shared /tmp that Node takes
// by itself; and where there is no such place, it is done without.

type Environment = Readonly<Record<string, string | undefined>>;

const WRITABLE_BY_OTHERS = 0o022;

/** NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE are Node's own, and are obeyed by it. */
export function keepCompiled(env: Environment): void {
  if (env['NODE_COMPILE_CACHE'] !== undefined) return;
  const directory = openCache(cachePath(env));
  if (directory !== null) enableCompileCache(directory);
}

/** Node does so when a process ends by itself; an agent may be killed, and its successor should be quick. */
export function saveCompiled(): void {
  flushCompileCache();
}

/** From a directory that is there already, that of the unit, else the user's, one step after the other down to the cache. */
function cachePath(env: Environment): readonly string[] {
  const ofUnit = env['CACHE_DIRECTORY']?.split(':')[0] ?? '';
  if (ofUnit !== '') return [ofUnit, 'compiled'];
  const ofUser = env['XDG_CACHE_HOME'] ?? '';
  if (ofUser !== '') return [ofUser, 'hotwarm'];
  return [env['HOME'] ?? homedir(), '.cache', 'hotwarm'];
}

/** The cache; null: another user could write there, or it cannot be made. */
function openCache([base = '', ...steps]: readonly string[]): string | null {
  if (!isAbsolute(base) || !isOursAlone(base)) return null;
  let directory = base;
  for (const step of steps) {
    directory = join(directory, step);
    if (!existsSync(directory)) makeDirectory(directory);
    if (!isOursAlone(directory)) return null;
  }
  return directory;
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // Another process has just made it, or this user may not: the next look tells.
  }
}

function isOursAlone(path: string): boolean {
  try {
    const seen = lstatSync(path);
    const isOurs = seen.isDirectory() && seen.uid === process.getuid?.();
    return isOurs && (seen.mode & WRITABLE_BY_OTHERS) === 0;
  } catch {
    return false; // It is not there, or this user may not see it.
  }
}
