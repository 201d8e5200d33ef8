import {
  type Cell,
  type Terminal,
  cell,
  displayWidth,
  formatTable,
  paint,
  wrapText,
} from '../terminal.ts';

// Blocks of a report: a heading with a table or a list below it, no wider than the terminal.

const INDENT = 2;
const GAP = 2;
/** The last column is not made narrower than this: then the terminal breaks the lines. */
const LEAST_COLUMN = 16;

/** One paragraph, between words. */
export function paragraph(terminal: Terminal, text: string, tone: Cell['tone']): string {
  const lines = terminal.columns === null ? [text] : wrapText(text, terminal.columns);
  return lines.map((line) => `${paint(terminal, cell(line, tone))}\n`).join('');
}

/** Empty where there is no row. */
export function tableBlock(
  terminal: Terminal,
  title: string,
  rows: readonly (readonly Cell[])[],
): string {
  return rows.length === 0 ? '' : `${paragraph(terminal, title, 'strong')}${table(terminal, rows)}`;
}

/** Indented; the last column is wrapped where it does not fit. */
export function table(terminal: Terminal, rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  return formatTable(terminal, fitted(terminal, rows)).replaceAll(/^(?=.)/gm, ' '.repeat(INDENT));
}

/** Empty where there is no line. */
export function listBlock(terminal: Terminal, title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const width = terminal.columns === null ? Infinity : terminal.columns - 2 * INDENT;
  const items = lines.flatMap((line) =>
    wrapText(line, width).map((part, index) => `  ${index === 0 ? '-' : ' '} ${part}\n`),
  );
  return `${paragraph(terminal, title, 'strong')}${items.join('')}`;
}

function fitted(
  terminal: Terminal,
  rows: readonly (readonly Cell[])[],
): readonly (readonly Cell[])[] {
  if (terminal.columns === null) return rows;
  const columns = Math.max(...rows.map((row) => row.length));
  const before = Array.from({ length: columns - 1 }, (_value, column) =>
    Math.max(0, ...rows.map((row) => displayWidth(row[column]?.text ?? ''))),
  ).reduce((sum, width) => sum + width + GAP, INDENT);
  const width = Math.max(LEAST_COLUMN, terminal.columns - before);
  return rows.flatMap((row) => {
    const last = row[columns - 1];
    if (last === undefined) return [row];
    return wrapText(last.text, width).map((text, index) => {
      const others = row.slice(0, -1).map((one) => (index === 0 ? one : cell('')));
      return [...others, { ...last, text }];
    });
  });
}
