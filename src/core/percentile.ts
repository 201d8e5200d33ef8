import { assert } from './assert.ts';

/** Nearest-rank percentile: the smallest value that at least this share of all values does not exceed. null without values. */
export function percentile(values: readonly number[], share: number): number | null {
  assert(share > 0 && share <= 1, 'a share lies above 0 and is at most 1');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
