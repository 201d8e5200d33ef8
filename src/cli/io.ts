import type { Locale } from '../core/describe/language.ts';
import type { Command } from 'commander';
import { localeOf } from '../terminal.ts';

// The process environment of the command line, and the flags of every command.

export type Io = {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For commands that run until interrupted; for all others an interrupt ends the process as usual. */
  readonly stopSignal: () => AbortSignal;
};

export type Handler = (exitCode: Promise<number>) => Promise<void>;

/** What the definition of a command needs. */
export type Cli = {
  readonly program: Command;
  readonly io: Io;
  readonly locale: Locale;
  readonly handle: Handler;
  /** The text in the language of the user. */
  readonly t: (en: string, zh: string) => string;
};

export type GlobalFlags = {
  readonly config: string;
  readonly api?: string;
  readonly lang?: string;
};

/** The language, before the command line is parsed: for the help and for usage errors. */
export function chosenLocale(args: readonly string[], env: Io['env']): Locale {
  const at = args.findLastIndex((arg) => arg === '--lang' || arg.startsWith('--lang='));
  const lang =
    args[at]?.startsWith('--lang=') === true ? args[at].slice('--lang='.length) : args[at + 1];
  return localeOf(env, at === -1 ? undefined : lang);
}
