import { existsSync, writeFileSync } from 'node:fs';
import { AppError } from '../errors.ts';

export type Written = { readonly file: string; readonly how: 'new' | 'replaced' };

/** Throws AppError refused where a file is there already and `force` is not set. */
export function writeNew(file: string, text: string, force: boolean): Written {
  const isThere = existsSync(file);
  if (isThere && !force) {
    throw new AppError('refused', {
      what: `${file} exists already`,
      why: 'what stands there may be the only copy',
      todo: `name another file, or add --force to overwrite ${file}`,
    });
  }
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    throw new AppError(
      'failed',
      {
        what: `${file} cannot be written`,
        why: error instanceof Error ? error.message : String(error),
        todo: 'name a file in a directory where you may write',
      },
      { cause: error },
    );
  }
  return { file, how: isThere ? 'replaced' : 'new' };
}
