import { requireCount } from './check-argument.ts';

// Continuous-time Markov chains as plain data, and in the compressed form in which the solvers walk them.

export type Transition = {
  readonly from: number;
  readonly to: number;
  /** Per unit of time; 0 stands for no transition. Several of one pair of states add up. */
  readonly rate: number;
};

/** States are 0 … size − 1. What leaves a state is the sum of its transitions: no diagonal is given. */
export type Chain = {
  readonly size: number;
  readonly transitions: readonly Transition[];
};

/** A distribution over the states of a chain, by state. */
export type Distribution = ArrayLike<number>;

/** The transitions of state i are at places start[i] to start[i + 1] − 1, ordered by `to`, without duplicates. */
export type SparseRates = {
  readonly size: number;
  readonly start: Int32Array;
  readonly to: Int32Array;
  readonly rate: Float64Array;
};

const MOST_STATES = 2_000_000;

/** Checks a chain and compresses it: sorted, duplicates added, zeros dropped. */
export function compress({ size, transitions }: Chain): SparseRates {
  requireCount('size', size, 1, MOST_STATES);
  const rows = Array.from({ length: size }, () => new Map<number, number>());
  for (const { from, to, rate } of transitions) {
    requireCount('a source state', from, 0, size - 1);
    requireCount('a target state', to, 0, size - 1);
    if (!(rate >= 0 && rate < Infinity)) {
      throw new RangeError(`the rate from ${from} to ${to} is ${rate}; it must be at least 0`);
    }
    if (from === to && rate > 0) {
      throw new RangeError(
        `state ${from} leads to itself, which has no meaning in continuous time`,
      );
    }
    if (rate > 0) rows[from].set(to, (rows[from].get(to) ?? 0) + rate);
  }
  return fromRows(rows);
}

/** Of one map for each state: to → rate. */
export function fromRows(rows: readonly ReadonlyMap<number, number>[]): SparseRates {
  const start = new Int32Array(rows.length + 1);
  rows.forEach((row, state) => {
    start[state + 1] = start[state] + row.size;
  });
  const to = new Int32Array(start[rows.length]);
  const rate = new Float64Array(start[rows.length]);
  rows.forEach((row, state) => {
    to.set(Int32Array.from(row.keys()).toSorted(), start[state]);
    for (let place = start[state]; place < start[state + 1]; place += 1) {
      rate[place] = row.get(to[place]) ?? 0;
    }
  });
  return { size: rows.length, start, to, rate };
}

/** The rate at which each state is left. */
export function exitRates({ size, start, rate }: SparseRates): Float64Array {
  const exits = new Float64Array(size);
  for (let state = 0; state < size; state += 1) {
    for (let place = start[state]; place < start[state + 1]; place += 1) {
      exits[state] += rate[place];
    }
  }
  return exits;
}

/** The same transitions backwards. */
export function transpose({ size, start, to, rate }: SparseRates): SparseRates {
  const backStart = new Int32Array(size + 1);
  for (const state of to) backStart[state + 1] += 1;
  for (let state = 0; state < size; state += 1) backStart[state + 1] += backStart[state];
  const next = backStart.slice();
  const backTo = new Int32Array(to.length);
  const backRate = new Float64Array(to.length);
  for (let state = 0; state < size; state += 1) {
    for (let place = start[state]; place < start[state + 1]; place += 1) {
      const target = next[to[place]]++;
      backTo[target] = state;
      backRate[target] = rate[place];
    }
  }
  return { size, start: backStart, to: backTo, rate: backRate };
}

/** Which states can be reached from those in `from`, themselves included. */
export function reachable(rates: SparseRates, from: readonly number[]): Uint8Array {
  const seen = new Uint8Array(rates.size);
  const open = [...from];
  for (const state of open) seen[state] = 1;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (let place = rates.start[state]; place < rates.start[state + 1]; place += 1) {
      const target = rates.to[place];
      if (seen[target] === 0) {
        seen[target] = 1;
        open.push(target);
      }
    }
  }
  return seen;
}

/** The chain on some of its states, in their order; transitions to others are left out. */
export function restrict(rates: SparseRates, states: readonly number[]): SparseRates {
  const newIndex = new Map(states.map((state, index) => [state, index]));
  return fromRows(
    states.map((state) => {
      const row = new Map<number, number>();
      for (let place = rates.start[state]; place < rates.start[state + 1]; place += 1) {
        const target = newIndex.get(rates.to[place]);
        if (target !== undefined) row.set(target, rates.rate[place]);
      }
      return row;
    }),
  );
}
