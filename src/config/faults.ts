import type { FaultCode } from './fault-codes.ts';

export type ConfigPath = readonly (string | number)[];

/** One thing wrong with the file. Lines and columns count from 1. */
export type ConfigFault = {
  readonly code: FaultCode;
  /** Keys from the top, joined by dots; empty: the whole file. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly why: string | null;
  readonly todo: string;
};

/** A fault before it is known where in the file it stands. */
export type PlacelessFault = {
  readonly code: FaultCode;
  readonly path: ConfigPath;
  readonly what: string;
  readonly why: string | null;
  readonly todo: string;
};

/** Faults one below the other, each with the line of the file it points at. */
export function formatFaults(file: string, source: string, faults: readonly ConfigFault[]): string {
  const lines = source.split(/\r?\n/);
  return faults.map((fault) => formatFault(file, lines, fault)).join('\n');
}

function formatFault(file: string, lines: readonly string[], fault: ConfigFault): string {
  const where = fault.path === '' ? '' : ` ${fault.path}:`;
  const shown = [`${file}:${fault.line}:${fault.column}:${where} ${fault.what} [${fault.code}]`];
  const text = lines[fault.line - 1];
  if (text !== undefined && text.trim() !== '') shown.push(...quoteLine(text, fault));
  if (fault.why !== null) shown.push(`  why: ${fault.why}`);
  shown.push(`  fix: ${fault.todo}`);
  return shown.join('\n');
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
  return Array.from(text, (character) => (WIDE.test(character) ? '  ' : ' ')).join('');
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]/u;
