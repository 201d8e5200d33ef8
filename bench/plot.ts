import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// A strip plot as SVG: one row for each contender, one dot for each trial, milliseconds on a logarithmic axis.

export type Strip = {
  readonly label: string;
  readonly valuesMs: readonly number[];
  /** Values from here on are "at least": drawn hollow. */
  readonly openFromMs: number;
};

const LABEL_WIDTH = 300;
const PLOT_WIDTH = 560;
const ROW_HEIGHT = 24;
const TOP = 34;
const FROM_MS = 1;
const TO_MS = 40_000;
const TICKS_MS = [1, 10, 100, 1000, 10_000];

export function writePlot(name: string, title: string, strips: readonly Strip[]): void {
  const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.svg`, drawPlot(title, strips));
}

function drawPlot(title: string, strips: readonly Strip[]): string {
  const width = LABEL_WIDTH + PLOT_WIDTH + 20;
  const bottom = TOP + strips.length * ROW_HEIGHT;
  const ticks = TICKS_MS.map((ms) => {
    const x = xOf(ms);
    const label = ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
    return `<line x1="${x}" y1="${TOP}" x2="${x}" y2="${bottom}" stroke="#ddd"/><text x="${x}" y="${bottom + 16}" text-anchor="middle">${label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${bottom + 26}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" font-weight="bold">${escapeText(title)}</text>
${[...ticks, ...strips.map(drawStrip)].join('\n')}
</svg>
`;
}

function drawStrip(strip: Strip, row: number): string {
  const y = TOP + (row + 0.5) * ROW_HEIGHT;
  const dots = strip.valuesMs.map((ms) => {
    const fill = ms >= strip.openFromMs ? '#fff' : '#1f6feb';
    return `<circle cx="${xOf(ms)}" cy="${y}" r="4" fill="${fill}" fill-opacity="0.5" stroke="#1f6feb"/>`;
  });
  const label = `<text x="${LABEL_WIDTH - 12}" y="${y + 4}" text-anchor="end">${escapeText(strip.label)}</text>`;
  return label + dots.join('');
}

function xOf(ms: number): number {
  const share = Math.log(Math.max(ms, FROM_MS) / FROM_MS) / Math.log(TO_MS / FROM_MS);
  return Math.round((LABEL_WIDTH + Math.min(1, share) * PLOT_WIDTH) * 10) / 10;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
