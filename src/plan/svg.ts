// The few shapes that a chart is made of, as SVG.

type Style = {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly fill?: string;
  readonly size?: number;
  readonly weight?: number;
  /** White around the letters, so that they can be read on lines and dots. */
  readonly halo?: boolean;
};

export function text(x: number, y: number, content: string, style: Style = {}): string {
  const { anchor = 'start', fill = '#111', size = 13, weight = 400, halo = false } = style;
  const around = halo ? ' stroke="#fff" stroke-width="3" paint-order="stroke"' : '';
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}" font-weight="${weight}"${around}>${escape(content)}</text>`;
}

export function rotated(x: number, y: number, content: string): string {
  return `<text transform="translate(${x} ${round(y)}) rotate(-90)" text-anchor="middle" font-weight="600" fill="#111">${escape(content)}</text>`;
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  dashes = '',
): string {
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`;
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}"${dashed}/>`;
}

export function round(value: number): number {
  return Number(value.toFixed(1));
}

export function escape(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
