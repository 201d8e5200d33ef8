import { type SparseRates, transpose } from './chain.ts';
import { eliminationOrder } from './ordering.ts';

// State elimination without subtraction (Grassmann, Taksar and Heyman, Operations Research 33, 1985). Eliminating a
// state redirects each transition into it to where it leaves: a_ij += a_ip · a_pj / Σ_k a_pk. The sum replaces the
// diagonal, so nothing is ever subtracted, and each result has a relative error of the order of n rounding errors,
// whatever the rates are (O'Cinneide, Numer. Math. 65, 1993): 12 decades of rates and nine nines do no harm.
//
// Sparse: which transitions arise is found first, from the pattern alone; then each state gathers its row and its
// column from those eliminated before it. What it will cost is known before any of it is spent.

/** Multiplications that take about a second. */
export const SECOND_OF_STEPS = 1e9;

type Elimination = {
  readonly size: number;
  /** States by rank, first eliminated first. The last one is never eliminated. */
  readonly order: Int32Array;
  readonly start: Float64Array;
  /** Ranks, greater than the own one, that were linked when the state was eliminated, ascending. */
  readonly later: Int32Array;
  /** Rate to them at that moment. */
  readonly onward: Float64Array;
  /** Rate from them at that moment, divided by `sum`. */
  readonly inward: Float64Array;
  /** Rate at which the state was left to any of them. */
  readonly sum: Float64Array;
};

/** Eliminates all states but `last`. null: it would take more than `mostSteps` multiplications. */
export function eliminate(rates: SparseRates, last: number, mostSteps: number): Elimination | null {
  const order = eliminationOrder(rates, last);
  const rank = new Int32Array(rates.size);
  order.forEach((state, index) => {
    rank[state] = index;
  });
  const back = transpose(rates);
  const pattern = fillPattern(rates, back, order, rank, mostSteps);
  return pattern === null ? null : eliminateNumbers(rates, back, order, rank, pattern);
}

type Pattern = { readonly start: Float64Array; readonly later: Int32Array };

/** Links of each state when its turn comes: its own to later states, and what its children leave to it. */
function fillPattern(
  rates: SparseRates,
  back: SparseRates,
  order: Int32Array,
  rank: Int32Array,
  mostSteps: number,
): Pattern | null {
  const { size } = rates;
  const start = new Float64Array(size + 1);
  const lists: Int32Array[] = [];
  const children: number[][] = Array.from({ length: size }, () => []);
  const seenBy = new Int32Array(size).fill(-1);
  let steps = 0;
  for (let own = 0; own < size; own += 1) {
    const list: number[] = [];
    const add = (other: number): void => {
      if (other <= own || seenBy[other] === own) return;
      seenBy[other] = own;
      list.push(other);
    };
    const state = order[own];
    for (const half of [rates, back]) {
      for (let place = half.start[state]; place < half.start[state + 1]; place += 1) {
        add(rank[half.to[place]]);
      }
    }
    for (const child of children[own]) for (const other of lists[child]) add(other);
    const later = Int32Array.from(list).toSorted();
    lists.push(later);
    start[own + 1] = start[own] + later.length;
    steps += later.length * later.length;
    if (steps > mostSteps) return null;
    if (later.length > 0) children[later[0]].push(own);
  }
  const later = new Int32Array(start[size]);
  lists.forEach((list, own) => later.set(list, start[own]));
  return { start, later };
}

function eliminateNumbers(
  rates: SparseRates,
  back: SparseRates,
  order: Int32Array,
  rank: Int32Array,
  { start, later }: Pattern,
): Elimination {
  const { size } = rates;
  const onward = new Float64Array(later.length);
  const inward = new Float64Array(later.length);
  const sum = new Float64Array(size);
  const row = new Float64Array(size);
  const column = new Float64Array(size);
  // Eliminated states wait in the list of the next rank that they are linked to; `from` is where that is.
  const waiting = new Int32Array(size).fill(-1);
  const behind = new Int32Array(size).fill(-1);
  const from = start.slice();
  for (let own = 0; own < size; own += 1) {
    scatter(rates, order[own], rank, row);
    scatter(back, order[own], rank, column);
    for (let earlier = waiting[own]; earlier >= 0;) {
      const begin = from[earlier];
      const end = start[earlier + 1];
      const [into, out] = [inward[begin], onward[begin]];
      for (let place = begin + 1; place < end; place += 1) {
        row[later[place]] += into * onward[place];
        column[later[place]] += out * inward[place];
      }
      const next = behind[earlier];
      from[earlier] = begin + 1;
      if (begin + 1 < end) enqueue(waiting, behind, later[begin + 1], earlier);
      earlier = next;
    }
    let total = 0;
    for (let place = start[own]; place < start[own + 1]; place += 1) total += row[later[place]];
    sum[own] = total;
    for (let place = start[own]; place < start[own + 1]; place += 1) {
      const other = later[place];
      onward[place] = row[other];
      inward[place] = total > 0 ? column[other] / total : 0;
      row[other] = 0;
      column[other] = 0;
    }
    if (start[own] < start[own + 1]) enqueue(waiting, behind, later[start[own]], own);
  }
  return { size, order, start, later, onward, inward, sum };
}

/** The original transitions of a state, by rank. Those to earlier ranks are in those ranks' lists already. */
function scatter(half: SparseRates, state: number, rank: Int32Array, into: Float64Array): void {
  const own = rank[state];
  for (let place = half.start[state]; place < half.start[state + 1]; place += 1) {
    const other = rank[half.to[place]];
    if (other > own) into[other] += half.rate[place];
  }
}

function enqueue(waiting: Int32Array, behind: Int32Array, rank: number, state: number): void {
  behind[state] = waiting[rank];
  waiting[rank] = state;
}

/**
 * Stationary weights of an irreducible chain, up to a common factor: π_p = Σ_j π_j a_jp / Σ_k a_pk over later j.
 * Weights below 1e-300 of the largest may come out as 0.
 */
export function stationaryWeights(elimination: Elimination): Float64Array {
  const { size, order, start, later, inward } = elimination;
  const byRank = new Float64Array(size);
  byRank[size - 1] = 1;
  for (let own = size - 2; own >= 0; own -= 1) {
    let weight = 0;
    for (let place = start[own]; place < start[own + 1]; place += 1) {
      weight += byRank[later[place]] * inward[place];
    }
    byRank[own] = weight;
    // A last state that is rare would let the others overflow.
    if (weight > 1e250) for (let other = own; other < size; other += 1) byRank[other] *= 1e-250;
  }
  const weights = new Float64Array(size);
  order.forEach((state, own) => {
    weights[state] = byRank[own];
  });
  return weights;
}

/**
 * Expected reward that is collected until the last state is reached, by start state, when state i earns reward[i] ≥ 0
 * per unit of time: with a reward of 1, the mean time. Rewards move along with the redirected transitions.
 */
export function rewardUntilLast(elimination: Elimination, reward: ArrayLike<number>): Float64Array {
  const { size, order, start, later, onward, inward, sum } = elimination;
  const earned = Float64Array.from(order, (state) => reward[state]);
  for (let own = 0; own < size - 1; own += 1) {
    for (let place = start[own]; place < start[own + 1]; place += 1) {
      earned[later[place]] += inward[place] * earned[own];
    }
  }
  const byRank = new Float64Array(size);
  for (let own = size - 2; own >= 0; own -= 1) {
    let total = earned[own];
    for (let place = start[own]; place < start[own + 1]; place += 1) {
      total += onward[place] * byRank[later[place]];
    }
    byRank[own] = total / sum[own];
  }
  const expected = new Float64Array(size);
  order.forEach((state, own) => {
    expected[state] = byRank[own];
  });
  return expected;
}
