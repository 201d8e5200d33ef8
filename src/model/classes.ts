import type { SparseRates } from './chain.ts';

/**
 * The closed communicating classes: sets of states that reach each other and nothing else, each ascending.
 * Tarjan's algorithm with a stack of its own, since a chain may be longer than the call stack.
 * Source: Tarjan, Depth-first search and linear graph algorithms, SIAM J. Computing 1, 1972.
 */
export function closedClasses({ size, start, to }: SparseRates): readonly (readonly number[])[] {
  const classOf = stronglyConnected(size, start, to);
  const isOpen = new Set<number>();
  for (let state = 0; state < size; state += 1) {
    for (let place = start[state]; place < start[state + 1]; place += 1) {
      if (classOf[to[place]] !== classOf[state]) isOpen.add(classOf[state]);
    }
  }
  const closed = new Map<number, number[]>();
  classOf.forEach((id, state) => {
    if (isOpen.has(id)) return;
    const members = closed.get(id);
    if (members === undefined) closed.set(id, [state]);
    else members.push(state);
  });
  return [...closed.values()];
}

function stronglyConnected(size: number, start: Int32Array, to: Int32Array): Int32Array {
  const classOf = new Int32Array(size).fill(-1);
  const found = new Int32Array(size);
  const low = new Int32Array(size);
  const next = start.slice();
  const stack: number[] = [];
  const path: number[] = [];
  let clock = 0;
  let classes = 0;
  const visit = (state: number): void => {
    found[state] = low[state] = ++clock;
    stack.push(state);
    path.push(state);
  };
  const leave = (state: number): void => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) low[parent] = Math.min(low[parent], low[state]);
    if (low[state] !== found[state]) return;
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      classOf[member] = classes;
      if (member === state) break;
    }
    classes += 1;
  };
  for (let root = 0; root < size; root += 1) {
    if (found[root] === 0) visit(root);
    for (let state = path.at(-1); state !== undefined; state = path.at(-1)) {
      if (next[state] === start[state + 1]) {
        leave(state);
        continue;
      }
      const target = to[next[state]++];
      if (found[target] === 0) visit(target);
      else if (classOf[target] < 0) low[state] = Math.min(low[state], found[target]);
    }
  }
  return classOf;
}
