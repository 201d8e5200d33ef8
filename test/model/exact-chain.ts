import { ONE, type Rational, ZERO, add, div, exp, mul, sub } from './rational.ts';

// Markov chains solved in fractions, by the plain textbook methods that floating point could not afford.

export type ExactLink = readonly [from: number, to: number, rate: Rational];

/** π Q = 0, Σπ = 1, by Gauss–Jordan elimination. */
export function exactStationary(size: number, links: readonly ExactLink[]): readonly Rational[] {
  const equations = zeros(size, size + 1);
  for (const [from, to, rate] of links) {
    equations[to]![from] = add(equations[to]![from]!, rate);
    equations[from]![from] = sub(equations[from]![from]!, rate);
  }
  // One balance equation follows from the others; the sum takes its place.
  equations[0] = Array.from({ length: size + 1 }, () => ONE);
  return solve(equations);
}

/** Mean time from each state that is not a target until a target is entered. */
export function exactMeanTimes(
  size: number,
  links: readonly ExactLink[],
  targets: readonly number[],
): readonly Rational[] {
  const equations = zeros(size, size + 1);
  for (let state = 0; state < size; state += 1) {
    const isTarget = targets.includes(state);
    if (isTarget) equations[state]![state] = ONE;
    else equations[state]![size] = ONE;
  }
  for (const [from, to, rate] of links) {
    if (targets.includes(from)) continue;
    equations[from]![from] = add(equations[from]![from]!, rate);
    equations[from]![to] = sub(equations[from]![to]!, rate);
  }
  return solve(equations);
}

/**
 * P(T ≤ t) for a sum of exponential phases of different rates: 1 − Σ_i Π_{j≠i} λ_j/(λ_j − λ_i) e^(−λ_i t). Useless in floating
 * point when rates are close, exact here.
 */
export function hypoexponential(rates: readonly Rational[], time: Rational): Rational {
  return rates.reduce((total, rate, place) => {
    const weight = rates.reduce(
      (product, other, at) => (at === place ? product : mul(product, div(other, sub(other, rate)))),
      ONE,
    );
    return sub(total, mul(weight, exp(mul(sub(ZERO, rate), time))));
  }, ONE);
}

function zeros(rows: number, columns: number): Rational[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => ZERO));
}

function solve(equations: Rational[][]): readonly Rational[] {
  const size = equations.length;
  for (let column = 0; column < size; column += 1) {
    const pivot = equations.findIndex((row, at) => at >= column && row[column]!.top !== 0n);
    [equations[column], equations[pivot]] = [equations[pivot]!, equations[column]!];
    const scale = equations[column]![column]!;
    equations[column] = equations[column]!.map((value) => div(value, scale));
    for (let row = 0; row < size; row += 1) {
      const factor = equations[row]![column]!;
      if (row === column || factor.top === 0n) continue;
      equations[row] = equations[row]!.map((value, at) =>
        sub(value, mul(factor, equations[column]![at]!)),
      );
    }
  }
  return equations.map((row) => row[size]!);
}
