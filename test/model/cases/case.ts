/** One known result: where it is from, what it is, and what the model says. */
export type Case = {
  readonly name: string;
  /** Where it is published, or what it follows from. */
  readonly source: string;
  readonly ours: number;
  readonly theirs: number;
  /** Relative error that the source leaves room for; 1e-6 at most where it is exact. */
  readonly tolerance: number;
};

/** Results in fractions, or in closed form: what is left is rounding. */
export const EXACT = 1e-12;

export function relativeError({ ours, theirs }: Pick<Case, 'ours' | 'theirs'>): number {
  return ours === theirs ? 0 : Math.abs(ours - theirs) / Math.abs(theirs);
}
