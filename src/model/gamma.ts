import { requireNonNegative, requirePositive } from './check-argument.ts';
import type { Tails } from './tails.ts';

// The gamma function and its incomplete integrals to nearly full precision, in both tails.

const LOG_SQRT_TWO_PI = 0.9189385332046728;
/** From here on eight terms of Stirling's series leave less than 1e-17. */
const STIRLING_FROM = 15;
/** Bernoulli numbers B_2k / (2k (2k − 1)). Source: Abramowitz and Stegun 6.1.40. */
const STIRLING = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360_360,
  1 / 156,
  -3617 / 122_400,
];
/** Terms of a series or continued fraction; about √a are needed, so this reaches a of 1e10. */
const MOST_TERMS = 2_000_000;
const EPSILON = 1e-17;

/** ln Γ(x), x > 0: Stirling's series, after raising a small x by the recurrence Γ(x + 1) = x Γ(x). */
export function logGamma(x: number): number {
  let raised = x;
  let product = 1;
  while (raised < STIRLING_FROM) product *= raised++;
  const body = (raised - 0.5) * Math.log(raised) - raised + LOG_SQRT_TWO_PI;
  return body + stirlingTail(raised) - Math.log(product);
}

function stirlingTail(x: number): number {
  const square = 1 / (x * x);
  return STIRLING.reduceRight((sum, term) => sum * square + term, 0) / x;
}

/** ln Γ(x + 1) − (x + ½) ln x + x − ln √2π: what Stirling's formula leaves. Source: Loader 2000. */
export function stirlingError(x: number): number {
  if (x >= STIRLING_FROM) return stirlingTail(x);
  return logGamma(x + 1) - (x + 0.5) * Math.log(x) + x - LOG_SQRT_TWO_PI;
}

/**
 * x ln(x/m) + m − x without cancellation near x = m.
 * Source: Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.
 */
export function deviance(x: number, mean: number): number {
  const difference = x - mean;
  if (Math.abs(difference) >= 0.1 * (x + mean)) return x * Math.log(x / mean) + mean - x;
  const ratio = difference / (x + mean);
  let sum = difference * ratio;
  let power = 2 * x * ratio;
  for (let odd = 3; odd < 60; odd += 2) {
    power *= ratio * ratio;
    const next = sum + power / odd;
    if (next === sum) return sum;
    sum = next;
  }
  return sum;
}

/** x^a e^(−x) / Γ(a + 1): the Poisson probability of a whole number a, in Loader's saddle-point form. */
export function poissonDensity(a: number, x: number): number {
  if (x === 0) return a === 0 ? 1 : 0;
  if (a < STIRLING_FROM) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  return Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
}

/**
 * The regularised incomplete gamma functions P(a, x) and Q(a, x): P by its series of positive terms below a + 1,
 * Q by its continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31; modified Lentz).
 */
export function incompleteGamma(a: number, x: number): Tails {
  requirePositive('a', a);
  requireNonNegative('x', x);
  const density = poissonDensity(a, x);
  if (x < a + 1) {
    const lower = density * lowerSeries(a, x);
    return { lower, upper: 1 - lower };
  }
  const upper = density * a * upperFraction(a, x);
  return { lower: 1 - upper, upper };
}

function lowerSeries(a: number, x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; n < MOST_TERMS; n += 1) {
    term *= x / (a + n);
    sum += term;
    if (term < EPSILON * sum) return sum;
  }
  throw new RangeError(`the incomplete gamma function of a = ${a} needs too many terms`);
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < MOST_TERMS; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const factor = d * c;
    value *= factor;
    if (Math.abs(factor - 1) < 2e-16) return value;
  }
  throw new RangeError(`the incomplete gamma function of a = ${a} needs too many terms`);
}
