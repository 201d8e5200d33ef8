import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { AppError } from '../errors.ts';
import { compileConfig } from './compile.ts';
import { type ConfigFault, formatFaults } from './faults.ts';
import { parseConfig } from './parse.ts';
import type { ResolvedConfig } from './resolved.ts';

// Reads hotwarm.yaml. It is read once, before anything is started, and found wholly sound or refused with
// all of its faults: no part of a faulty configuration is ever acted on.

export type ReadOutcome =
  | { readonly ok: true; readonly config: ResolvedConfig }
  | { readonly ok: false; readonly source: string; readonly faults: readonly ConfigFault[] };

/** Throws AppError configMissing where the file cannot be read; faults in it are an answer. */
export function readConfig(file: string): ReadOutcome {
  const absolute = resolve(file);
  const source = readSource(absolute, file);
  const host = hostname();
  const outcome = parseConfig(source, host);
  if (!outcome.ok) return { ok: false, source, faults: outcome.faults };
  const options = { file: absolute, baseDir: dirname(absolute), hostname: host };
  return { ok: true, config: compileConfig(outcome.parsed, options) };
}

/** Throws AppError configMissing or configInvalid; the latter lists every fault with its line. */
export function loadConfig(file: string): ResolvedConfig {
  const outcome = readConfig(file);
  if (outcome.ok) return outcome.config;
  const count = outcome.faults.length;
  throw new AppError('configInvalid', {
    what: `${file} has ${count === 1 ? 'one fault' : `${count} faults`}:\n${formatFaults(file, outcome.source, outcome.faults)}`,
    why: 'a service that is half configured would fail when it is needed, so nothing was started',
    todo: `mend the lines above, then run: hotwarm check -c ${file}`,
  });
}

function readSource(absolute: string, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(absolute));
  } catch (error) {
    throw new AppError(
      'configMissing',
      {
        what: `${shown} cannot be read`,
        why: error instanceof Error ? error.message : String(error),
        todo: 'run `hotwarm init` to write an example, or name the file with -c FILE',
      },
      { cause: error },
    );
  }
}
