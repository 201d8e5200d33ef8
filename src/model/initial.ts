import type { Distribution } from './chain.ts';
import { requireShare } from './check-argument.ts';

/** The distribution of a chain that is in one state for sure. */
export function startIn(size: number, state: number): Float64Array {
  const initial = new Float64Array(size);
  initial[state] = 1;
  return initial;
}

/** States that a chain may start in; checks that they are a distribution. */
export function startStates(initial: Distribution, size: number): readonly number[] {
  if (initial.length !== size) {
    throw new RangeError(
      `the initial distribution has ${initial.length} states, the chain ${size}`,
    );
  }
  let total = 0;
  const states: number[] = [];
  for (let state = 0; state < size; state += 1) {
    requireShare('an initial probability', initial[state]);
    total += initial[state];
    if (initial[state] > 0) states.push(state);
  }
  if (Math.abs(total - 1) > 1e-9) {
    throw new RangeError(`the initial distribution adds up to ${total}; it must add up to 1`);
  }
  return states;
}
