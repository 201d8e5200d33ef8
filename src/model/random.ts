/** The next number in [0, 1) of a reproducible sequence. */
export type Random = () => number;

/**
 * sfc32, seeded with one 32-bit number: the same sequence on every machine, for simulations that can be repeated.
 * Not for secrets. Source: Doty-Humphrey, PractRand (small fast counting generator), period of at least 2^32, passes
 * its tests; 53 bits are taken from two steps.
 */
export function seededRandom(seed: number): Random {
  const state = Uint32Array.of(0, seed >>> 0, 0x9e3779b9, 1);
  const step = (): number => {
    const [a, b, c, counter] = state;
    const sum = (a + b + counter) >>> 0;
    state[3] = counter + 1;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum;
  };
  for (let warm = 0; warm < 15; warm += 1) step();
  return () => ((step() >>> 5) * 67_108_864 + (step() >>> 6)) / 9_007_199_254_740_992;
}
