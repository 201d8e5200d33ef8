// What the formulas accept. A value outside is the caller's mistake and named with what is wanted instead:
// a number that went on as NaN would come out as a plausible zero.

/** A probability or share in [0, 1]. */
export function requireShare(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) fail(name, value, 'a share between 0 and 1');
}

/** A finite number > 0: a rate, a duration, a size. */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) fail(name, value, 'a finite number greater than 0');
}

/** A finite number ≥ 0. */
export function requireNonNegative(name: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) fail(name, value, 'a finite number of at least 0');
}

/** A whole number from `least` to `most`. */
export function requireCount(name: string, value: number, least: number, most: number): void {
  if (!(Number.isSafeInteger(value) && value >= least && value <= most)) {
    fail(name, value, `a whole number from ${least} to ${most}`);
  }
}

function fail(name: string, value: number, wanted: string): never {
  throw new RangeError(`${name} is ${value}; it must be ${wanted}`);
}
