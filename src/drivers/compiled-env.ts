import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/** For a process of hotwarm's own: where this one keeps what V8 made of its modules, so that it too starts sooner. */
export function compiledEnv(): Readonly<Record<string, string>> {
  const directory = getCompileCacheDir();
  // The one that is told is of this version of Node, inside the one that was asked for.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) };
}
