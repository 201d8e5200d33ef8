export type Difference = {
  /** Keys from the top, joined by dots; empty: the whole. */
  readonly path: string;
  readonly recorded: string;
  readonly replayed: string;
};

const SHOWN = 80;

/** Where two values written as JSON differ first, in the order of the recorded one; null: nowhere. */
export function firstDifference(recorded: unknown, replayed: unknown): Difference | null {
  if (JSON.stringify(recorded) === JSON.stringify(replayed)) return null;
  return find(recorded, replayed, []);
}

function find(recorded: unknown, replayed: unknown, path: readonly string[]): Difference {
  if (isObject(recorded) && isObject(replayed)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
    const key = keys.find((one) => !isSame(recorded[one], replayed[one]));
    if (key !== undefined) return find(recorded[key], replayed[key], [...path, key]);
  }
  return { path: path.join('.'), recorded: show(recorded), replayed: show(replayed) };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  const text = value === undefined ? '-' : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text;
}
