import {
  type Chain,
  type Distribution,
  type SparseRates,
  compress,
  fromRows,
  reachable,
  transpose,
} from './chain.ts';
import { requireNonNegative } from './check-argument.ts';
import { SECOND_OF_STEPS, eliminate, rewardUntilLast } from './elimination.ts';
import { startStates } from './initial.ts';

/**
 * Mean time until the chain first enters one of `targets`, such as the states in which the service is lost: the MTTF.
 * Infinity if it may stay away for ever, or for longer than a number can say (1.8e308). In the unit of time of the rates; relative precision, by elimination
 * without subtraction. Source: Trivedi 2002, 8.5 (absorbing chains); see elimination.ts.
 */
export function meanTimeTo(
  chain: Chain,
  initial: Distribution,
  targets: readonly number[],
): number {
  const reward = new Float64Array(chain.size).fill(1);
  return rewardUntil(chain, initial, targets, reward);
}

/** Expected reward until the chain first enters one of `targets`; state i earns reward[i] ≥ 0 per unit of time. */
export function rewardUntil(
  chain: Chain,
  initial: Distribution,
  targets: readonly number[],
  reward: Distribution,
): number {
  const rates = compress(chain);
  const isTarget = new Uint8Array(chain.size);
  for (const target of targets) isTarget[target] = 1;
  const starts = startStates(initial, chain.size).filter((state) => isTarget[state] === 0);
  if (starts.length === 0) return 0;
  const { states, absorbing } = absorbingPart(rates, starts, isTarget);
  const back = reachable(transpose(absorbing), [states.length]);
  if (back.includes(0)) return Infinity;
  const elimination = eliminate(absorbing, states.length, 60 * SECOND_OF_STEPS);
  if (elimination === null) {
    throw new RangeError(
      `a chain of ${chain.size} states is too entangled to eliminate; merge states that behave alike`,
    );
  }
  const earns = states.map((state) => reward[state]);
  for (const value of earns) requireNonNegative('reward', value);
  const expected = rewardUntilLast(elimination, [...earns, 0]);
  return states.reduce((sum, state, index) => sum + initial[state] * expected[index], 0);
}

/** The states that are visited before a target, and their chain with all targets as one last state. */
function absorbingPart(
  rates: SparseRates,
  starts: readonly number[],
  isTarget: Uint8Array,
): { readonly states: readonly number[]; readonly absorbing: SparseRates } {
  const index = new Map<number, number>();
  const states = [...starts];
  starts.forEach((state, place) => index.set(state, place));
  for (let next = 0; next < states.length; next += 1) {
    const state = states[next];
    for (let place = rates.start[state]; place < rates.start[state + 1]; place += 1) {
      const target = rates.to[place];
      if (isTarget[target] === 1 || index.has(target)) continue;
      index.set(target, states.length);
      states.push(target);
    }
  }
  const rows = states.map((state) => {
    const row = new Map<number, number>();
    for (let place = rates.start[state]; place < rates.start[state + 1]; place += 1) {
      const target = index.get(rates.to[place]) ?? states.length;
      row.set(target, (row.get(target) ?? 0) + rates.rate[place]);
    }
    return row;
  });
  return { states, absorbing: fromRows([...rows, new Map()]) };
}
