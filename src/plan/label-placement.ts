// Where the labels of a chart go so that none covers another: each beside its dot, or as near as there is room.

type Anchor = { readonly x: number; readonly y: number; readonly text: string };
export type Frame = {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
};
export type Label = {
  readonly text: string;
  /** Baseline of its first letter. */
  readonly x: number;
  readonly y: number;
  readonly x0: number;
  readonly y0: number;
  /** End of a line to its dot; null: it stands right beside it. */
  readonly leader: readonly [number, number] | null;
};

const LINE = 18;
const GAP = 12;
const MOST_SHIFTS = 24;
const ABOVE = 9;
const BELOW = 20;

type Box = { readonly x: number; readonly y: number; readonly width: number };

/** In the order given, the first ones first; one that finds no room is left out. */
export function placeLabels(anchors: readonly Anchor[], frame: Frame): readonly Label[] {
  const boxes: Box[] = [];
  return anchors.flatMap((anchor) => {
    const width = widthOf(anchor.text) + 4;
    // To the right of its dot, as far as there is room.
    const x = Math.max(frame.left + 4, Math.min(anchor.x + GAP, frame.right - width));
    const box = candidates(anchor, { x, width })
      .filter(({ y }) => y > frame.top + LINE && y < frame.bottom - 4)
      .find((one) => boxes.every((other) => !overlaps(one, other)));
    if (box === undefined) return [];
    boxes.push(box);
    const isBeside = Math.abs(box.y - 4 - anchor.y) < LINE;
    const end: readonly [number, number] = [
      Math.max(box.x, Math.min(anchor.x, box.x + width)),
      box.y,
    ];
    return [
      {
        text: anchor.text,
        x: box.x,
        y: box.y,
        x0: anchor.x,
        y0: anchor.y,
        leader: isBeside ? null : end,
      },
    ];
  });
}

/** Just above it, as a line continues to its right, then ever further above and below. */
function candidates({ y }: Anchor, at: Omit<Box, 'y'>): readonly Box[] {
  return Array.from({ length: MOST_SHIFTS }, (_value, index) => {
    const shift = Math.floor(index / 2) * LINE;
    return { ...at, y: index % 2 === 0 ? y - ABOVE - shift : y + BELOW + shift };
  });
}

function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < LINE;
}

/** About: letters differ. Han characters are as wide as they are high. */
export function widthOf(content: string): number {
  let width = 0;
  for (const character of content) width += /[\u2e80-\uffef]/.test(character) ? 14 : 7.8;
  return width;
}
