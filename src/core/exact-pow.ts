import { assert } from './assert.ts';

// Powers of two made of halving, doubling and square roots, each of which IEEE 754 rounds exactly. `**` and Math.exp may
// differ in the last bit from one engine to the next, so a journal could replay otherwise on another version of Node.

/** 2^(-1/2), 2^(-1/4), …: enough of them to tell apart a millionth of a half-life. */
const ROOTS: readonly number[] = rootsOfHalf(20);
/** Less than any positive number. */
const HALVINGS_MAX = 1100;

function rootsOfHalf(count: number): readonly number[] {
  const roots: number[] = [];
  for (let root = Math.sqrt(0.5); roots.length < count; root = Math.sqrt(root)) roots.push(root);
  return roots;
}

/** What is left of a whole after so many half-lives, which need not be whole. */
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

/** The pause before a further attempt: `base` after the first one, then twice as long each time, at most `max`. */
export function backoff(attempts: number, base: number, max: number): number {
  assert(base > 0 && base <= max, 'a pause lies between its bounds');
  let pause = base;
  for (let count = 1; count < attempts && pause < max; count += 1) pause *= 2;
  return Math.min(pause, max);
}
