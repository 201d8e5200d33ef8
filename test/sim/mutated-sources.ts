import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutants.ts';

// A copy of the core, the model, the runtime and the simulator in a folder of its own, changed. They import nothing but each other.

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

export class MutatedSources {
  readonly folder = mkdtempSync(join(tmpdir(), 'hotwarm-mutant-'));

  constructor(mutations: readonly Mutation[]) {
    for (const part of ['core', 'model', 'runtime', 'sim'])
      cpSync(join(SOURCES, part), join(this.folder, part), { recursive: true });
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}\n');
    for (const mutation of mutations) this.#apply(mutation);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #apply({ file, from, to }: Mutation): void {
    const path = join(this.folder, file);
    const pieces = readFileSync(path, 'utf8').split(from);
    if (pieces.length !== 2)
      throw new Error(`${file} has ${pieces.length - 1} times, not once, the text: ${from}`);
    writeFileSync(path, pieces.join(to));
  }
}
