import { closeSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { AppError } from '../errors.ts';
import { compileConfig } from './compile.ts';
import { type ConfigFault, formatFaults } from './faults.ts';
import { parseConfig, SOURCE_BYTES_MAX } from './parse.ts';
import type { ResolvedConfig } from './resolved.ts';
import type { ParsedConfig } from './schema.ts';

// Reads hotwarm.yaml. It is read once, before anything is started, and found wholly sound or refused with
// all of its faults: no part of a faulty configuration is ever acted on.

export type ReadOutcome =
  | { readonly ok: true; readonly config: ResolvedConfig }
  | { readonly ok: false; readonly source: string; readonly faults: readonly ConfigFault[] };

/** Throws AppError configMissing where the file cannot be read; faults in it are an answer. */
export function readConfig(file: string): ReadOutcome {
  return compileSource(file, readSource(resolve(file), file));
}

/** The file as if it had these values too; its faults are judged like those of a file. Throws as readConfig does. */
export function readConfigWith(file: string, settings: readonly Setting[]): ReadOutcome {
  const document = parseDocument(readSource(resolve(file), file));
  for (const { path, value } of settings) document.setIn(path, parse(value));
  return compileSource(file, String(document));
}

/** A value as it would be written in the file, at the keys from the top. */
export type Setting = { readonly path: readonly string[]; readonly value: string };

function compileSource(file: string, source: string): ReadOutcome {
  const absolute = resolve(file);
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
  throw invalid(file, outcome);
}

/** The file as it is written, for a command that must know what it says and what it leaves open. Throws as loadConfig does. */
export function loadStated(file: string): {
  readonly source: string;
  readonly stated: ParsedConfig;
} {
  const source = readSource(resolve(file), file);
  const outcome = parseConfig(source, hostname());
  if (outcome.ok) return { source, stated: outcome.parsed };
  throw invalid(file, { source, faults: outcome.faults });
}

function invalid(
  file: string,
  outcome: { readonly source: string; readonly faults: readonly ConfigFault[] },
): AppError {
  const count = outcome.faults.length;
  return new AppError('configInvalid', {
    what: `${file} has ${count === 1 ? 'one fault' : `${count} faults`}:\n${formatFaults(file, outcome.source, outcome.faults)}`,
    why: 'a service that is half configured would fail when it is needed, so nothing was started',
    todo: `mend the lines above, then run: hotwarm check -c ${file}`,
  });
}

function readSource(absolute: string, shown: string): string {
  const bytes = readBytes(absolute, shown);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    // Of a file that is too large a character may have been cut; what is wrong with it is its size.
    if (bytes.length > SOURCE_BYTES_MAX) return bytes.toString('latin1');
    throw new AppError(
      'configMissing',
      {
        what: `${shown} is not text in UTF-8`,
        why: 'it holds bytes that are no characters of this encoding',
        todo: 'check that this is the right file, and save it as UTF-8',
      },
      { cause: error },
    );
  }
}

/** No more than shows that the file is too large: it may be a device without an end. */
function readBytes(absolute: string, shown: string): Buffer {
  const buffer = Buffer.alloc(SOURCE_BYTES_MAX + 1);
  let length = 0;
  try {
    const file = openSync(absolute, 'r');
    try {
      for (let count = -1; count !== 0 && length < buffer.length; length += count)
        count = readSync(file, buffer, length, buffer.length - length, null);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(shown, error);
  }
  return buffer.subarray(0, length);
}

function unreadable(shown: string, error: unknown): AppError {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const text = READ_FAULTS[String(code)] ?? {
    why: error instanceof Error ? error.message : String(error),
    todo: 'name another file with -c FILE',
  };
  return new AppError(
    'configMissing',
    { what: `${shown} cannot be read`, ...text },
    { cause: error },
  );
}

const READ_FAULTS: Readonly<Record<string, { readonly why: string; readonly todo: string }>> = {
  ENOENT: {
    why: 'there is no such file',
    todo: 'run `hotwarm init` to write an example, or name the file with -c FILE',
  },
  EISDIR: { why: 'it is a directory', todo: 'name the file in it with -c FILE' },
  EACCES: {
    why: 'this user may not read it',
    todo: 'change its mode or owner, or run hotwarm as the user that owns it',
  },
};
