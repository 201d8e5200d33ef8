// Exact fractions of whole numbers of any size: where the tests get the truth from, without rounding.

export type Rational = { readonly top: bigint; readonly bottom: bigint };

/** From a decimal in a string, such as '0.999' or '1e-12', or a whole number. */
export function rational(value: string | number): Rational {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof text === 'number') throw new Error(`${text} is not exact; give a string`);
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text);
  if (match === null) throw new Error(`${text} is no decimal`);
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = match;
  const scale = Number(exponent) - fraction.length;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return scale >= 0
    ? { top: digits * 10n ** BigInt(scale), bottom: 1n }
    : reduced(digits, 10n ** BigInt(-scale));
}

/** The exact value of a floating-point number. */
export function exactly(value: number): Rational {
  let [scaled, bottom] = [value, 1n];
  while (!Number.isInteger(scaled)) [scaled, bottom] = [scaled * 2, bottom * 2n];
  return reduced(BigInt(scaled), bottom);
}

export const ZERO = rational(0);
export const ONE = rational(1);

export function add(...terms: readonly Rational[]): Rational {
  return terms.reduce((a, b) => reduced(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom));
}

export function sub(a: Rational, b: Rational): Rational {
  return add(a, { top: -b.top, bottom: b.bottom });
}

export function mul(...factors: readonly Rational[]): Rational {
  return factors.reduce((a, b) => reduced(a.top * b.top, a.bottom * b.bottom));
}

export function div(a: Rational, b: Rational): Rational {
  return reduced(a.top * b.bottom, a.bottom * b.top);
}

export function power(base: Rational, exponent: number): Rational {
  return { top: base.top ** BigInt(exponent), bottom: base.bottom ** BigInt(exponent) };
}

export function choose(n: number, k: number): Rational {
  let result = 1n;
  for (let i = 0; i < k; i += 1) result = (result * BigInt(n - i)) / BigInt(i + 1);
  return { top: result, bottom: 1n };
}

export function sum(count: number, term: (index: number) => Rational): Rational {
  return Array.from({ length: count }, (_value, index) => term(index)).reduce(
    (total, next) => add(total, next),
    ZERO,
  );
}

/** Digits behind the point that `exp` keeps. */
const DIGITS = 400n;
const SCALE = 10n ** DIGITS;

/** e^x to about 380 digits, by Taylor's series after halving. */
export function exp(x: Rational): Rational {
  let halvings = 0;
  let value = (x.top * SCALE) / x.bottom;
  while (value > SCALE || value < -SCALE) [value, halvings] = [value / 2n, halvings + 1];
  let [term, total] = [SCALE, SCALE];
  for (let n = 1n; term !== 0n; n += 1n) {
    term = (term * value) / (SCALE * n);
    total += term;
  }
  for (; halvings > 0; halvings -= 1) total = (total * total) / SCALE;
  return { top: total, bottom: SCALE };
}

/** The nearest floating-point number, or its neighbour. */
export function toNumber({ top, bottom }: Rational): number {
  if (top === 0n) return 0;
  const shift = bitsOf(bottom) - bitsOf(top) + 64;
  const quotient = shift >= 0 ? (top << BigInt(shift)) / bottom : top / (bottom << BigInt(-shift));
  const half = Math.floor(shift / 2);
  return Number(quotient) * 2 ** -half * 2 ** (half - shift);
}

function bitsOf(value: bigint): number {
  return (value < 0n ? -value : value).toString(2).length;
}

function reduced(top: bigint, bottom: bigint): Rational {
  let [a, b] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom];
  while (b !== 0n) [a, b] = [b, a % b];
  const sign = bottom < 0n ? -1n : 1n;
  return a === 0n
    ? { top: 0n, bottom: 1n }
    : { top: (sign * top) / a, bottom: (sign * bottom) / a };
}
