import { incompleteBeta } from './beta.ts';
import { requireCount, requirePositive } from './check-argument.ts';
import { incompleteGamma } from './gamma.ts';

// Exact confidence intervals for what was counted. Exact means that they cover at least as often as they say,
// however few the counts are; with few they are wide, which is the honest answer.

export type Interval = { readonly lower: number; readonly upper: number };

/** An interval for a share, and for its complement, so that a coverage of 99.9999% keeps its digits. */
export type ShareInterval = Interval & { readonly complement: Interval };

const MOST_EVENTS = 1e9;

/**
 * Rate of a Poisson process, per unit of `exposure`: χ²(α/2; 2n)/2 to χ²(1 − α/2; 2n + 2)/2, divided by the exposure.
 * Source: Garwood, Fiducial limits for the Poisson distribution, Biometrika 28, 1936.
 */
export function rateInterval(events: number, exposure: number, level: number): Interval {
  requireCount('events', events, 0, MOST_EVENTS);
  requirePositive('exposure', exposure);
  requireLevel(level);
  const tail = (1 - level) / 2;
  const lower = events === 0 ? 0 : solve((u) => incompleteGamma(events, Math.exp(u)).lower - tail);
  const upper = solve((u) => tail - incompleteGamma(events + 1, Math.exp(u)).upper);
  return {
    lower: events === 0 ? 0 : Math.exp(lower) / exposure,
    upper: Math.exp(upper) / exposure,
  };
}

/**
 * Share of successes among independent trials: the α/2 quantile of Beta(s, n − s + 1) to the 1 − α/2 quantile of
 * Beta(s + 1, n − s). Source: Clopper and Pearson, Biometrika 26, 1934.
 */
export function shareInterval(successes: number, trials: number, level: number): ShareInterval {
  requireCount('trials', trials, 1, MOST_EVENTS);
  requireCount('successes', successes, 0, trials);
  requireLevel(level);
  const tail = (1 - level) / 2;
  const failures = trials - successes;
  const low = successes === 0 ? -Infinity : solve((u) => above(successes, failures, u) - tail);
  const high = failures === 0 ? Infinity : solve((u) => tail - below(successes, failures, u));
  return {
    lower: logistic(low),
    upper: logistic(high),
    complement: { lower: logistic(-high), upper: logistic(-low) },
  };
}

/**
 * Mean of independent values of one distribution that is nearly normal, as sums over long spans are: mean ± t·s/√n with n − 1
 * degrees of freedom. Source: Student, The Probable Error of a Mean, Biometrika 6, 1908.
 */
export function meanInterval(values: readonly number[], level: number): Interval {
  requireCount('the number of values', values.length, 2, MOST_EVENTS);
  requireLevel(level);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(square / (values.length - 1) / values.length);
  const width = studentQuantile(values.length - 1, level) * error;
  return { lower: mean - width, upper: mean + width };
}

/** The t that |T| exceeds with probability 1 − level: I_x(ν/2, 1/2) = 1 − level at x = ν/(ν + t²). */
function studentQuantile(degrees: number, level: number): number {
  // u = ln t²: x and 1 − x keep their digits at both ends.
  const u = solve(
    (at) =>
      1 -
      level -
      incompleteBeta(
        degrees / 2,
        0.5,
        degrees / (degrees + Math.exp(at)),
        Math.exp(at) / (degrees + Math.exp(at)),
      ).lower,
  );
  return Math.exp(u / 2);
}

/** P(at least `successes`) at log-odds u. */
function above(successes: number, failures: number, u: number): number {
  return incompleteBeta(successes, failures + 1, logistic(u), logistic(-u)).lower;
}

/** P(at most `successes`) at log-odds u. */
function below(successes: number, failures: number, u: number): number {
  return incompleteBeta(failures, successes + 1, logistic(-u), logistic(u)).lower;
}

/** e^u / (1 + e^u), with full relative precision in both directions. */
function logistic(u: number): number {
  return u < 0 ? Math.exp(u) / (1 + Math.exp(u)) : 1 / (1 + Math.exp(-u));
}

/** The zero of an increasing function on a log scale, to the last bits. */
function solve(excess: (u: number) => number): number {
  let [low, high] = [-700, 700];
  while (high - low > 1e-15 * Math.max(1, Math.abs(low + high))) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (excess(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function requireLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`level is ${level}; it must be a share between 0 and 1, such as 0.95`);
  }
}
