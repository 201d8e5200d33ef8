import { requireShare } from './check-argument.ts';

/**
 * The probability that something works, and that it does not. Both are carried, each with its own relative
 * precision: 1 − 1e-20 is 1 in floating point, and so nine nines would be lost in one number.
 */
export type Reliability = {
  readonly reliability: number;
  readonly unreliability: number;
};

/** From the probability of working, as measured or given; exact to the rounding of `reliability` itself. */
export function fromReliability(reliability: number): Reliability {
  requireShare('reliability', reliability);
  return { reliability, unreliability: 1 - reliability };
}

/** From the probability of failing: keeps every digit of a small one. */
export function fromUnreliability(unreliability: number): Reliability {
  requireShare('unreliability', unreliability);
  return { reliability: 1 - unreliability, unreliability };
}

/** Exponential life: R(t) = e^(−λt). `rate` is per the unit of time that `time` counts. */
export function exponentialReliability(rate: number, time: number): Reliability {
  return { reliability: Math.exp(-rate * time), unreliability: -Math.expm1(-rate * time) };
}
