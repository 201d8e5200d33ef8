// Draws from one seed (sfc32), so that a trace is the same on every machine.

export type Random = () => number;

export function seeded(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 20; i += 1) next();
  return next;
}

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Gamma of shape 2: the sum of two exponentials, a usual shape of queueing delay. */
export function gamma2(random: Random, mean: number): number {
  return exponential(random, mean / 2) + exponential(random, mean / 2);
}

export function pareto(random: Random, scale: number, shape: number): number {
  return scale * (1 - random()) ** (-1 / shape);
}

export function lognormal(random: Random, median: number, sigma: number): number {
  const u = Math.sqrt(-2 * Math.log(1 - random()));
  return median * Math.exp(sigma * u * Math.cos(2 * Math.PI * random()));
}
