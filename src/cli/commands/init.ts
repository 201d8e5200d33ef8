import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { AppError } from '../../errors.ts';

export const TEMPLATES = ['node', 'flask', 'static', 'command'] as const;
export type Template = (typeof TEMPLATES)[number];

export type InitOptions = {
  readonly template: Template;
  readonly dir: string;
  readonly force: boolean;
  readonly out: NodeJS.WritableStream;
};

/** The templates are the examples, which are run by tests. */
const EXAMPLES: Readonly<Record<Template, string>> = {
  node: 'web',
  flask: 'flask',
  static: 'static-site',
  command: 'command',
};

/** What a run leaves behind is no part of an example. */
const LEFTOVERS = ['.hotwarm', '.nginx', '__pycache__', 'node_modules'];

/**
 * Writes a configuration and a small service that it runs. Returns the exit code. Throws AppError refused
 * where a file is there already and `force` is not set: then nothing is written at all.
 */
export async function runInit({ template, dir, force, out }: InitOptions): Promise<number> {
  const source = join(examplesDirectory(), EXAMPLES[template]);
  const files = listFiles(source);
  const existing = files.filter((file) => existsSync(join(dir, file)));
  if (existing.length > 0 && !force) {
    throw new AppError('refused', {
      what: `${existing.join(', ')} would be overwritten in ${resolve(dir)}`,
      why: 'what stands there may be the only copy',
      todo: 'choose an empty directory, or add --force to overwrite',
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
        what: `the example cannot be written to ${resolve(dir)}`,
        why: error instanceof Error ? error.message : String(error),
        todo: 'choose a directory that you may write to',
      },
      { cause: error },
    );
  }
  out.write(nextSteps(dir, files));
  return 0;
}

function nextSteps(dir: string, files: readonly string[]): string {
  const shown = relative('.', dir) || '.';
  const enter = shown === '.' ? [] : [`  cd ${shown}`];
  return [
    `wrote ${files.map((file) => join(shown, file)).join(', ')}`,
    'next:',
    ...enter,
    '  hotwarm check     what is missing, and what the timings imply',
    '  hotwarm up        start it; then open http://127.0.0.1:8080/',
    '',
  ].join('\n');
}

/** Paths of the files below, without what a run leaves behind. */
function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((file) => !file.split('/').some((part) => LEFTOVERS.includes(part)))
    .toSorted();
}

/** In a checkout and in the published package the examples lie beside package.json, at different depths. */
function examplesDirectory(): string {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    const examples = join(at, 'examples');
    if (existsSync(join(at, 'package.json')) && existsSync(examples)) return examples;
  }
  throw new AppError('internal', {
    what: 'the examples are missing from this installation',
    why: `none lie beside a package.json above ${import.meta.dirname}`,
    todo: 'install hotwarm again',
  });
}
