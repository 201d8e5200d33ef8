import { existsSync, writeFileSync } from 'node:fs';
import { AppError, systemReason } from '../errors.ts';

export type Written = { readonly file: string; readonly how: 'new' | 'replaced' };

/** Throws AppError refused where a file is there already and `force` is not set. */
export function writeNew(file: string, text: string, force: boolean): Written {
  const isThere = existsSync(file);
  if (isThere && !force) {
    throw new AppError('refused', {
      message: { en: `${file} already exists`, zh: `${file} 已存在` },
      reason: { en: 'it may be the only copy of that file', zh: '它可能是该文件的唯一副本' },
      hint: {
        en: `use another file name, or add --force to overwrite ${file}`,
        zh: `改用其他文件名，或加 --force 覆盖 ${file}`,
      },
    });
  }
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    throw new AppError(
      'failed',
      {
        message: { en: `cannot write ${file}`, zh: `无法写入 ${file}` },
        reason: systemReason(error),
        hint: { en: 'use a file in a writable directory', zh: '改用可写目录中的文件' },
      },
      { cause: error },
    );
  }
  return { file, how: isThere ? 'replaced' : 'new' };
}
