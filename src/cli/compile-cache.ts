import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

// Keeps V8's compiled code of the program between runs: this saves a third of every command's startup time, and of the time
// without an agent after a crash. V8 runs the cached code without comparing it with the sources. So the cache must be where
// no other user can write, never in the shared /tmp that is Node's default; without such a directory there is no cache.

type Environment = Readonly<Record<string, string | undefined>>;

const WRITABLE_BY_OTHERS = 0o022;

/** Node itself handles NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE. */
export function keepCompiled(env: Environment): void {
  if (env['NODE_COMPILE_CACHE'] !== undefined) return;
  const directory = openCache(cachePath(env));
  if (directory !== null) enableCompileCache(directory);
}

/** Node saves the cache only when a process exits by itself; an agent can be killed, and its successor must start fast. */
export function saveCompiled(): void {
  flushCompileCache();
}

/** The path in steps, from an existing directory (of the unit, otherwise of the user) down to the cache. */
function cachePath(env: Environment): readonly string[] {
  const ofUnit = env['CACHE_DIRECTORY']?.split(':')[0] ?? '';
  if (ofUnit !== '') return [ofUnit, 'compiled'];
  const ofUser = env['XDG_CACHE_HOME'] ?? '';
  if (ofUser !== '') return [ofUser, 'hotwarm'];
  return [env['HOME'] ?? homedir(), '.cache', 'hotwarm'];
}

/** The cache; null: another user could write there, or it cannot be created. */
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
    // Another process created it, or this user is not permitted: the check below decides.
  }
}

function isOursAlone(path: string): boolean {
  try {
    const seen = lstatSync(path);
    const isOurs = seen.isDirectory() && seen.uid === process.getuid?.();
    return isOurs && (seen.mode & WRITABLE_BY_OTHERS) === 0;
  } catch {
    return false; // It does not exist, or this user cannot read it.
  }
}
