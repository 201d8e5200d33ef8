/** A distribution function and its complement at one point; the smaller has full relative precision. */
export type Tails = { readonly lower: number; readonly upper: number };
