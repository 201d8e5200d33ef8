import { requireNonNegative, requirePositive } from './check-argument.ts';
import { deviance, stirlingError } from './gamma.ts';
import type { Tails } from './tails.ts';

const MOST_TERMS = 2_000_000;
const TINY = 1e-300;

/**
 * Γ(a+b+1) / (Γ(a+1) Γ(b+1)) · x^a y^b with y = 1 − x: the binomial probability of a among a + b, in Loader's
 * saddle-point form. `x` and `y` are both given, so that neither loses digits near 1.
 */
function binomialDensity(a: number, b: number, x: number, y: number): number {
  if (x === 0 || y === 0) return 0;
  const n = a + b;
  const exponent =
    stirlingError(n) -
    stirlingError(a) -
    stirlingError(b) -
    deviance(a, n * x) -
    deviance(b, n * y);
  return Math.exp(exponent) * Math.sqrt(n / (2 * Math.PI * a * b));
}

/**
 * The regularised incomplete beta function I_x(a, b) and its complement, a, b > 0, y = 1 − x, by the continued
 * fraction of Abramowitz and Stegun 26.5.8 on the side where it converges fast (modified Lentz).
 */
export function incompleteBeta(a: number, b: number, x: number, y: number): Tails {
  requirePositive('a', a);
  requirePositive('b', b);
  requireNonNegative('x', x);
  requireNonNegative('y', y);
  const density = binomialDensity(a, b, x, y);
  if (x < (a + 1) / (a + b + 2)) {
    const lower = density * (b / (a + b)) * fraction(a, b, x);
    return { lower, upper: 1 - lower };
  }
  const upper = density * (a / (a + b)) * fraction(b, a, y);
  return { lower: 1 - upper, upper };
}

function fraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 2e-16) return value;
  }
  throw new RangeError(`the incomplete beta function of a = ${a}, b = ${b} needs too many terms`);
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
