import stringWidth from 'string-width';
import type { Locale } from './core/describe/language.ts';

// How the commands write: aligned tables, colors only where a person looks, Chinese characters counted
// as the two columns that they take.

export type Terminal = {
  readonly out: NodeJS.WritableStream;
  /** A person looks at it: progress and colors make sense. */
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  /** Width in which longer texts are wrapped; null: no terminal, so lines stay whole. */
  readonly columns: number | null;
  readonly locale: Locale;
};

export type Tone = 'plain' | 'good' | 'bad' | 'doubtful' | 'quiet' | 'strong';

export type Cell = { readonly text: string; readonly tone: Tone };

const CODES: Readonly<Record<Tone, string>> = {
  plain: '0',
  good: '32',
  bad: '31',
  doubtful: '33',
  quiet: '2',
  strong: '1',
};

const GAP = '  ';

export function openTerminal(options: {
  readonly out: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly lang: string | undefined;
}): Terminal {
  const { out, env } = options;
  const isInteractive = 'isTTY' in out && out.isTTY === true;
  const hasColor = isInteractive && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    out,
    isInteractive,
    hasColor,
    columns: columnsOf(out),
    locale: localeOf(env, options.lang),
  };
}

/** As POSIX has it: the first variable that is not empty decides. lang: what `--lang` says, before all of them. */
export function localeOf(
  env: Readonly<Record<string, string | undefined>>,
  lang: string | undefined,
): Locale {
  const variables = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']];
  const chosen = lang ?? variables.find((value) => value !== undefined && value !== '');
  return chosen?.startsWith('zh') === true ? 'zh' : 'en';
}

/** Below this width a text is easier to read in lines that the terminal breaks. */
const MIN_COLUMNS = 50;

function columnsOf(out: NodeJS.WritableStream): number | null {
  if (!('columns' in out) || typeof out.columns !== 'number') return null;
  return out.columns < MIN_COLUMNS ? null : out.columns;
}

export function cell(text: string, tone: Tone = 'plain'): Cell {
  return { text, tone };
}

export function paint(terminal: Terminal, { text, tone }: Cell): string {
  if (!terminal.hasColor || tone === 'plain') return text;
  return `\u001B[${CODES[tone]}m${text}\u001B[0m`;
}

/** One line a row, columns as wide as their widest cell, nothing trailing. */
export function formatTable(terminal: Terminal, rows: readonly (readonly Cell[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[column]?.text ?? ''))),
  );
  const lines = rows.map((row) =>
    row
      .map((one, column) => {
        const isLast = column === row.length - 1;
        const missing = isLast ? 0 : (widths[column] ?? 0) - displayWidth(one.text);
        return paint(terminal, one) + ' '.repeat(missing);
      })
      .join(GAP)
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

export function writeJson(terminal: Terminal, value: unknown): void {
  terminal.out.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Local time to the second. */
export function formatWall(wallMs: number): string {
  const date = new Date(wallMs);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Columns that the text takes: East Asian characters and emoji two, combining characters and escape sequences none. */
export function displayWidth(text: string): number {
  return stringWidth(text);
}

/** Han characters and full-width punctuation: what a line of our Chinese texts may be broken at. */
const WIDE_CLASS = String.raw`\p{Script=Han}\u3000-\u303f\uff00-\uff60`;
/** A word or a Han character, with the spaces before it and the full-width punctuation around it. */
const PIECE = new RegExp(
  ` *[（“《]*(?:[${WIDE_CLASS}]|[^ ${WIDE_CLASS}]+)[，。；：、！？）”》]*`,
  'gu',
);
/** A figure and its unit stay together. */
const BEFORE_UNIT = /(?<=\d) (?=(?:ms|s|min|h|%|B|[KMG]iB)(?!\w))/g;
const NO_BREAK = '\u00a0';

/** Breaks a text into lines of at most so many columns, between words, or between Han characters. */
export function wrapText(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const piece of text.replaceAll(BEFORE_UNIT, NO_BREAK).match(PIECE) ?? []) {
    if (current !== '' && displayWidth(current + piece) > columns) {
      lines.push(current);
      current = piece.trimStart();
    } else {
      current += piece;
    }
  }
  return [...lines, current].map((line) => line.replaceAll(NO_BREAK, ' '));
}
