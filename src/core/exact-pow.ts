import { assert } from './assert.ts';

// Powers of two from halving, doubling and square roots, which IEEE 754 rounds exactly. `**` and Math.exp can differ in the
// last bit between engines: a journal could then replay differently on another version of Node.

/** 2^(-1/2), 2^(-1/4), …: a resolution of a millionth of a half-life. */
const ROOTS: readonly number[] = rootsOfHalf(20);
/** More halvings give zero. */
const HALVINGS_MAX = 1100;

function rootsOfHalf(count: number): readonly number[] {
  const roots: number[] = [];
  for (let root = Math.sqrt(0.5); roots.length < count; root = Math.sqrt(root)) roots.push(root);
  return roots;
}

/** The remaining share after a number of half-lives, which can be fractional. */
export function leftAfter(halfLives: number): number {
  assert(halfLives >= 0, 'a half-life ahead has not passed');
  if (halfLives >= HALVINGS_MAX) return 0;
  let left = 1;
  let rest = halfLives;
  for (; rest >= 1; rest -= 1) left /= 2;
  for (const root of ROOTS) {
    rest *= 2;
    if (rest < 1) continue;
    left *= root;
    rest -= 1;
  }
  return left;
}

/** The delay before the next attempt: `base` after the first one, then doubled each time up to `max`. */
export function backoff(attempts: number, base: number, max: number): number {
  assert(base > 0 && base <= max, 'a pause lies between its bounds');
  let pause = base;
  for (let count = 1; count < attempts && pause < max; count += 1) pause *= 2;
  return Math.min(pause, max);
}
