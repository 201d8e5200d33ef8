import { type SparseRates, transpose } from './chain.ts';

// In which order a chain's states are eliminated. Any order gives the same result to the same precision, as no
// pivoting is needed; the order decides how many new transitions arise on the way, and so the time. Nested
// dissection: a few states that separate the rest in two halves come last, and each half is treated likewise.
// It is exact for chains, good for trees, and within a constant of the best for grids, which is what the products
// of counters look like that availability models are made of. States that are linked to very many others, such as
// "all failed by a common cause", belong to every half and are set aside first, to be eliminated at the very end.
// Source: George, Nested dissection of a regular finite element mesh, SIAM J. Numer. Anal. 10, 1973; the levels
// of a breadth-first search as separators: Lipton, Rose and Tarjan, ibid. 16, 1979.

/** Regions up to this size are not divided further. */
const SMALL_REGION = 12;

type Graph = { readonly start: Int32Array; readonly to: Int32Array };

/** All states, first eliminated first, `last` at the end. */
export function eliminationOrder(rates: SparseRates, last: number): Int32Array {
  const graph = neighbors(rates);
  const { size } = rates;
  const hubDegree = Math.max(24, 8 * Math.sqrt(size));
  const hubs: number[] = [];
  const rest: number[] = [];
  for (let state = 0; state < size; state += 1) {
    if (state === last) continue;
    const degree = graph.start[state + 1] - graph.start[state];
    (degree > hubDegree ? hubs : rest).push(state);
  }
  return Int32Array.from([...dissect(graph, size, rest), ...hubs, last]);
}

/** Both directions of every transition. */
function neighbors(rates: SparseRates): Graph {
  const back = transpose(rates);
  const start = new Int32Array(rates.size + 1);
  const to = new Int32Array(2 * rates.to.length);
  let count = 0;
  const seenBy = new Int32Array(rates.size).fill(-1);
  for (let state = 0; state < rates.size; state += 1) {
    for (const half of [rates, back]) {
      for (let place = half.start[state]; place < half.start[state + 1]; place += 1) {
        const other = half.to[place];
        if (seenBy[other] === state) continue;
        seenBy[other] = state;
        to[count++] = other;
      }
    }
    start[state + 1] = count;
  }
  return { start, to: to.slice(0, count) };
}

/** The order is built from its end: the separator of a region is put behind both of its halves. */
function dissect(graph: Graph, size: number, states: readonly number[]): readonly number[] {
  const region = new Int32Array(size).fill(-1);
  const backwards: number[] = [];
  const open: (readonly number[])[] = [states];
  let regions = 0;
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.length <= SMALL_REGION) {
      backwards.push(...part.toReversed());
      continue;
    }
    const id = regions++;
    for (const state of part) region[state] = id;
    const levels = farLevels(graph, region, id, part[0]);
    const reached = levels.flat();
    if (reached.length < part.length) {
      const inReach = new Set(reached);
      open.push(
        reached,
        part.filter((state) => !inReach.has(state)),
      );
      continue;
    }
    if (levels.length < 3) {
      for (const state of part) backwards.push(state);
      continue;
    }
    const cut = smallestCut(levels, part.length);
    for (const state of levels[cut]) backwards.push(state);
    open.push(levels.slice(0, cut).flat(), levels.slice(cut + 1).flat());
  }
  return backwards.toReversed();
}

/** Breadth-first levels of a region from a state that is far from `from`. */
function farLevels(
  graph: Graph,
  region: Int32Array,
  id: number,
  from: number,
): readonly (readonly number[])[] {
  const first = levelsFrom(graph, region, id, from);
  const farthest = first.at(-1)?.[0] ?? from;
  return levelsFrom(graph, region, id, farthest);
}

function levelsFrom(
  graph: Graph,
  region: Int32Array,
  id: number,
  from: number,
): readonly (readonly number[])[] {
  const levels: number[][] = [];
  // Seen states leave the region for the time of the search.
  region[from] = -2;
  for (let level = [from]; level.length > 0;) {
    levels.push(level);
    const next: number[] = [];
    for (const state of level) {
      for (let place = graph.start[state]; place < graph.start[state + 1]; place += 1) {
        const other = graph.to[place];
        if (region[other] !== id) continue;
        region[other] = -2;
        next.push(other);
      }
    }
    level = next;
  }
  for (const level of levels) for (const state of level) region[state] = id;
  return levels;
}

/** The smallest level that leaves at least a quarter on either side, or the middle one. */
function smallestCut(levels: readonly (readonly number[])[], size: number): number {
  let best = -1;
  let before = 0;
  for (let index = 0; index < levels.length; index += 1) {
    const { length } = levels[index];
    const isBalanced = before >= size / 4 && size - before - length >= size / 4;
    if (isBalanced && (best < 0 || length < levels[best].length)) best = index;
    before += length;
  }
  return best < 0 ? middleLevel(levels, size) : best;
}

function middleLevel(levels: readonly (readonly number[])[], size: number): number {
  let before = 0;
  const index = levels.findIndex(({ length }) => {
    before += length;
    return before >= size / 2;
  });
  return Math.min(Math.max(index, 1), levels.length - 2);
}
