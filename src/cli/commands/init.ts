import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Locale, speaker } from '../../core/describe/language.ts';
import { AppError, systemReason } from '../../errors.ts';

export const TEMPLATES = ['node', 'flask', 'static', 'command'] as const;
export type Template = (typeof TEMPLATES)[number];

type InitOptions = {
  readonly locale: Locale;
  readonly template: Template;
  readonly dir: string;
  readonly force: boolean;
  readonly out: NodeJS.WritableStream;
};

/** Templates are the examples, which tests run. */
const EXAMPLES: Readonly<Record<Template, string>> = {
  node: 'web',
  flask: 'flask',
  static: 'static-site',
  command: 'command',
};

/** Files of a run; not part of an example. */
const LEFTOVERS = ['.hotwarm', '.nginx', '__pycache__', 'node_modules'];

/**
 * Creates an example configuration and service. Returns the exit code. Throws AppError refused, and writes nothing, if a
 * file exists and `force` is not set.
 */
export async function runInit({ template, dir, force, locale, out }: InitOptions): Promise<number> {
  const source = join(examplesDirectory(), EXAMPLES[template]);
  const files = listFiles(source);
  const existing = files.filter((file) => existsSync(join(dir, file)));
  if (existing.length > 0 && !force) {
    throw new AppError('refused', {
      message: {
        en: `${existing.join(', ')} already exists in ${resolve(dir)}`,
        zh: `${resolve(dir)} 中已有 ${existing.join('、')}`,
      },
      reason: { en: 'it may be the only copy of that file', zh: '它可能是该文件的唯一副本' },
      hint: {
        en: 'use an empty directory, or add --force to overwrite',
        zh: '改用空目录，或加 --force 覆盖',
      },
    });
  }
  try {
    for (const file of files) {
      mkdirSync(dirname(join(dir, file)), { recursive: true });
      copyFileSync(join(source, file), join(dir, file));
    }
  } catch (error) {
    throw new AppError(
      'failed',
      {
        message: {
          en: `cannot write the example to ${resolve(dir)}`,
          zh: `无法把示例写入 ${resolve(dir)}`,
        },
        reason: systemReason(error),
        hint: { en: 'use a writable directory', zh: '改用可写的目录' },
      },
      { cause: error },
    );
  }
  out.write(nextSteps(dir, files, locale));
  return 0;
}

function nextSteps(dir: string, files: readonly string[], locale: Locale): string {
  const t = speaker(locale);
  const shown = relative('.', dir) || '.';
  const paths = files.map((file) => join(shown, file));
  const enter = shown === '.' ? [] : [`  cd ${shown}`];
  return [
    t(`created ${paths.join(', ')}`, `已生成 ${paths.join('、')}`),
    t('next:', '下一步：'),
    ...enter,
    t(
      '  hotwarm check     validate it and predict takeover times',
      '  hotwarm check     检查配置并预测接管耗时',
    ),
    t(
      '  hotwarm up        start it, then open http://127.0.0.1:8080/',
      '  hotwarm up        启动，然后打开 http://127.0.0.1:8080/',
    ),
    '',
  ].join('\n');
}

/** Paths of the files below, without the files of a run. */
function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((file) => !file.split('/').some((part) => LEFTOVERS.includes(part)))
    .toSorted();
}

/** The examples are next to package.json: at different depths in a checkout and in the package. */
function examplesDirectory(): string {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    const examples = join(at, 'examples');
    if (existsSync(join(at, 'package.json')) && existsSync(examples)) return examples;
  }
  throw new AppError('internal', {
    message: {
      en: 'the examples are missing from this installation',
      zh: '本安装缺少示例',
    },
    reason: {
      en: `no directory above ${import.meta.dirname} has package.json and examples`,
      zh: `${import.meta.dirname} 之上没有同时含 package.json 和 examples 的目录`,
    },
    hint: { en: 'reinstall hotwarm', zh: '重新安装 hotwarm' },
  });
}
