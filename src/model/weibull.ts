import { requireNonNegative, requirePositive, requireShare } from './check-argument.ts';
import { logGamma } from './gamma.ts';
import type { Reliability } from './reliability.ts';

// Life that is not exponential: a shape below 1 fails early, above 1 wears out, 1 is the exponential life.
// Source of all: Weibull, J. Appl. Mech. 18, 1951; IEC 61649:2008.

export type Weibull = {
  /** β > 0. */
  readonly shape: number;
  /** η > 0, in any unit of time: 63.2% have failed by then. */
  readonly scale: number;
};

/** R(t) = e^(−(t/η)^β). */
export function weibullReliability({ shape, scale }: Weibull, time: number): Reliability {
  requireWeibull({ shape, scale });
  requireNonNegative('time', time);
  const hazard = (time / scale) ** shape;
  return { reliability: Math.exp(-hazard), unreliability: -Math.expm1(-hazard) };
}

/** MTTF = η Γ(1 + 1/β), in the unit of the scale. */
export function weibullMean({ shape, scale }: Weibull): number {
  requireWeibull({ shape, scale });
  return scale * Math.exp(logGamma(1 + 1 / shape));
}

/** The hazard rate (β/η) (t/η)^(β−1), per unit of the scale. */
export function weibullHazard({ shape, scale }: Weibull, time: number): number {
  requireWeibull({ shape, scale });
  requireNonNegative('time', time);
  return (shape / scale) * (time / scale) ** (shape - 1);
}

/** The life that a share `unreliability` in (0, 1) has not exceeded: η (−ln(1 − p))^(1/β). */
export function weibullQuantile({ shape, scale }: Weibull, unreliability: number): number {
  requireShare('unreliability', unreliability);
  return scale * (-Math.log1p(-unreliability)) ** (1 / shape);
}

/** The scale that gives a shape this mean: to compare with an exponential life of the same MTTF. */
export function weibullWithMean(shape: number, mean: number): Weibull {
  requirePositive('shape', shape);
  requirePositive('mean', mean);
  return { shape, scale: mean / Math.exp(logGamma(1 + 1 / shape)) };
}

export function requireWeibull({ shape, scale }: Weibull): void {
  requirePositive('shape', shape);
  requirePositive('scale', scale);
}
