import stringWidth from 'string-width';
import type { Locale, Text } from '../core/describe/language.ts';
import type { FaultCode } from './fault-codes.ts';

export type ConfigPath = readonly (string | number)[];

/** One error in the file. Lines and columns count from 1. */
export type ConfigFault = {
  readonly code: FaultCode;
  /** Keys from the top, joined by dots; empty: the whole file. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly text: FaultText;
};

/** An error before its position in the file is known. */
export type PlacelessFault = {
  readonly code: FaultCode;
  readonly path: ConfigPath;
  readonly text: FaultText;
};

/** As of every error; reason null: the message says it all. */
export type FaultText = {
  readonly message: Text;
  readonly reason: Text | null;
  readonly hint: Text;
};

/** All errors, each with the line of the file that it points at. */
export function formatFaults(file: string, source: string, faults: readonly ConfigFault[]): Text {
  const lines = source.split(/\r?\n/);
  const inLanguage = (locale: Locale): string =>
    faults.map((fault) => formatFault(file, lines, fault, locale)).join('\n');
  return { en: inLanguage('en'), zh: inLanguage('zh') };
}

/** An error without a position, as of a flag. at: the key or the flag. */
export function formatPlaceless(
  at: string,
  { code, text }: Pick<PlacelessFault, 'code' | 'text'>,
): Text {
  const inLanguage = (locale: Locale): string =>
    [`${at}: ${text.message[locale]} [${code}]`, ...explanation(text, locale)].join('\n');
  return { en: inLanguage('en'), zh: inLanguage('zh') };
}

/** For programs: the code, the position, and the texts as of every error. */
export function faultDocument({ text, ...fault }: ConfigFault): unknown {
  const { message, reason, hint } = text;
  const zh = { message: message.zh, reason: reason?.zh ?? null, hint: hint.zh };
  return { ...fault, message: message.en, reason: reason?.en ?? null, hint: hint.en, zh };
}

function formatFault(
  file: string,
  lines: readonly string[],
  fault: ConfigFault,
  locale: Locale,
): string {
  const where = fault.path === '' ? '' : ` ${fault.path}:`;
  const message = fault.text.message[locale];
  const shown = [`${file}:${fault.line}:${fault.column}:${where} ${message} [${fault.code}]`];
  const text = lines[fault.line - 1];
  if (text !== undefined && text.trim() !== '') shown.push(...quoteLine(text, fault));
  return [...shown, ...explanation(fault.text, locale)].join('\n');
}

function explanation({ reason, hint }: FaultText, locale: Locale): readonly string[] {
  const [why, fix] = locale === 'zh' ? ['原因：', '处理：'] : ['why: ', 'fix: '];
  return [...(reason === null ? [] : [`  ${why}${reason[locale]}`]), `  ${fix}${hint[locale]}`];
}

/** The line with a caret below the column; long lines are cut around it. */
function quoteLine(text: string, fault: ConfigFault): string[] {
  const widthMax = 100;
  const start = Math.max(0, Math.min(fault.column - 1 - widthMax / 2, text.length - widthMax));
  // Control characters would move the caret or the terminal's cursor.
  const shown = text.slice(start, start + widthMax).replaceAll(/\p{Cc}/gu, ' ');
  const gutter = `  ${fault.line} | `;
  const before = shown.slice(0, fault.column - 1 - start);
  return [gutter + shown, `${' '.repeat(gutter.length)}${blank(before)}^`];
}

/** Spaces as wide as the text: East Asian characters take two columns of a terminal. */
function blank(text: string): string {
  return ' '.repeat(stringWidth(text));
}
