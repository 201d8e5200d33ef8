import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { AppError, type ErrorText, systemReason } from '../errors.ts';
import { compileConfig } from './compile.ts';
import { type ConfigFault, formatFaults } from './faults.ts';
import { parseConfig } from './parse.ts';
import { SOURCE_BYTES_MAX, sourceFault } from './source-limits.ts';
import type { ResolvedConfig } from './resolved.ts';
import type { ParsedConfig } from './schema.ts';

// Reads hotwarm.yaml: once, before anything is started. It is either completely valid or rejected with all errors: hotwarm
// never uses a part of an invalid configuration.

type ReadOutcome =
  | { readonly ok: true; readonly config: ResolvedConfig }
  | { readonly ok: false; readonly source: string; readonly faults: readonly ConfigFault[] };

/** Throws AppError configMissing if the file cannot be read; returns errors in it. */
export function readConfig(file: string): ReadOutcome {
  return compileSource(file, readSource(resolve(file), file));
}

/** The file with these additional values, checked like any file. Throws as readConfig does. */
export function readConfigWith(file: string, settings: readonly Setting[]): ReadOutcome {
  const source = readSource(resolve(file), file);
  if (sourceFault(source) !== null) return compileSource(file, source);
  const document = parseDocument(source);
  for (const { path, value } of settings) document.setIn(path, parse(value));
  return compileSource(file, String(document));
}

/** A value in the notation of the file, and its keys from the top. */
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

/** The file as written, for a command that must know which keys are set. Throws as loadConfig does. */
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
  const listed = formatFaults(file, outcome.source, outcome.faults);
  return new AppError('configInvalid', {
    message: {
      en: `${count === 1 ? 'one error' : `${count} errors`} in ${file}:\n${listed.en}`,
      zh: `${file} 中有 ${count} 处错误：\n${listed.zh}`,
    },
    reason: {
      en: 'hotwarm starts nothing with an invalid configuration',
      zh: '配置无效时，hotwarm 不启动任何进程',
    },
    hint: {
      en: `correct the lines above, then run: hotwarm check -c ${file}`,
      zh: `修改以上各行，再运行：hotwarm check -c ${file}`,
    },
  });
}

function readSource(absolute: string, shown: string): string {
  const bytes = readBytes(absolute, shown);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    // The cut end of a too large file may be an invalid character; its error is the size.
    if (bytes.length > SOURCE_BYTES_MAX) return bytes.toString('latin1');
    throw new AppError(
      'configMissing',
      {
        message: { en: `${shown} is not UTF-8 text`, zh: `${shown} 不是 UTF-8 文本` },
        reason: {
          en: 'the file contains bytes that are not valid UTF-8',
          zh: '文件中有不符合 UTF-8 编码的字节',
        },
        hint: {
          en: 'check that this is the right file, and save it as UTF-8',
          zh: '确认文件无误，并保存为 UTF-8',
        },
      },
      { cause: error },
    );
  }
}

/** Reads at most one byte more than allowed: the file may be an endless device. */
function readBytes(absolute: string, shown: string): Buffer {
  const buffer = Buffer.alloc(SOURCE_BYTES_MAX + 1);
  let length = 0;
  try {
    // Opening a pipe without a writer would block forever.
    const file = openSync(absolute, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const isPipe = fstatSync(file).isFIFO();
      const deadlineMs = performance.now() + PIPE_TIMEOUT_MS;
      for (let count = -1; count !== 0 && length < buffer.length; length += count) {
        const isAwaited = isPipe && length === 0;
        count = readSome(file, buffer.subarray(length), isAwaited, deadlineMs);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(shown, error);
  }
  return buffer.subarray(0, length);
}

/** isAwaited: the end of the file means that the pipe has no writer yet. */
function readSome(file: number, buffer: Buffer, isAwaited: boolean, deadlineMs: number): number {
  for (;;) {
    const count = readNow(file, buffer);
    if (count !== null && (count > 0 || !isAwaited)) return count;
    if (performance.now() > deadlineMs) throw new SilentPipe();
    Atomics.wait(PAUSE, 0, 0, PIPE_POLL_MS);
  }
}

/** null: the pipe has a writer, but nothing is in it. */
function readNow(file: number, buffer: Buffer): number | null {
  try {
    return readSync(file, buffer);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return null;
    throw error;
  }
}

const PIPE_TIMEOUT_MS = 5000;
const PIPE_POLL_MS = 10;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

class SilentPipe extends Error {
  readonly code = 'SILENT_PIPE';
}

function unreadable(shown: string, error: unknown): AppError {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const text = READ_FAULTS[String(code)] ?? {
    reason: systemReason(error),
    hint: { en: 'use another file: -c FILE', zh: '改用其他文件：-c FILE' },
  };
  return new AppError(
    'configMissing',
    { message: { en: `cannot read ${shown}`, zh: `无法读取 ${shown}` }, ...text },
    { cause: error },
  );
}

const READ_FAULTS: Readonly<Record<string, Omit<ErrorText, 'message'>>> = {
  ENOENT: {
    reason: { en: 'no such file', zh: '文件不存在' },
    hint: {
      en: 'run `hotwarm init` to create an example, or give the file with -c FILE',
      zh: '运行 `hotwarm init` 生成示例，或用 -c FILE 指定文件',
    },
  },
  SILENT_PIPE: {
    reason: { en: 'it is a pipe, and no process writes to it', zh: '它是管道，但没有进程写入' },
    hint: { en: 'give a file with -c FILE', zh: '用 -c FILE 指定文件' },
  },
  EISDIR: {
    reason: { en: 'this path is a directory', zh: '该路径是目录' },
    hint: { en: 'give the file in it with -c FILE', zh: '用 -c FILE 指定其中的文件' },
  },
  EACCES: {
    reason: { en: 'permission denied', zh: '权限不足' },
    hint: {
      en: 'change the mode or owner of the file, or run hotwarm as its owner',
      zh: '修改文件的权限或属主，或以其属主身份运行 hotwarm',
    },
  },
};
