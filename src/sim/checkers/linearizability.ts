import type { Operation } from '../history.ts';
import type { MakeChecker } from './contract.ts';

// Whether a history of a register is linearizable: every operation can take effect at one instant between call and end
// (Herlihy and Wing 1990). The search is Wing and Gong's, with Lowe's cache of visited configurations (Concurrency and
// Computation 2017): take any operation that no other must precede, apply it to the register, continue, and backtrack at a
// dead end. An operation of unknown outcome can happen at any time after its call, or never; failed ones are left out.
// Written values are unique. The search is complete within its limit; a history that exceeds it is undecided, which is
// counted and never taken for correct.

type Decision = 'linearizable' | 'not linearizable' | 'undecided';

const NEVER = Number.POSITIVE_INFINITY;
const CONFIGURATIONS_LIMIT = 200_000;

type Call = {
  readonly type: 'read' | 'write';
  readonly value: number;
  readonly from: number;
  readonly to: number;
};

export function decideRegister(operations: readonly Operation[]): Decision {
  const calls = operations
    .filter(({ type, outcome }) => outcome === 'ok' || (outcome === 'unknown' && type === 'write'))
    .map(({ type, value, calledAt, endedAt, outcome }) => ({
      type,
      value,
      from: calledAt,
      to: outcome === 'ok' ? (endedAt ?? NEVER) : NEVER,
    }))
    .filter((call, _index, all) => call.to !== NEVER || isSeen(call, all))
    .toSorted((a, b) => a.from - b.from);
  return search(calls);
}

/** A write of unknown outcome that was never read may never have happened. */
function isSeen(call: Call, all: readonly Call[]): boolean {
  return all.some(({ type, value }) => type === 'read' && value === call.value);
}

type Frame = { readonly index: number; readonly value: number };

/** Depth first; `done`: the applied operations, `path`: their order, for backtracking. */
function search(calls: readonly Call[]): Decision {
  const done = new Uint8Array(calls.length);
  const path: Frame[] = [];
  const tried = new Set<string>();
  let value = 0;
  let applied = 0;
  let index = 0;
  let first = 0;
  for (;;) {
    while (first < calls.length && done[first] === 1) first += 1;
    if (applied === calls.length) return 'linearizable';
    const next = nextCall(calls, done, first, index, value);
    const call = calls[next];
    if (call !== undefined) {
      const after = call.type === 'write' ? call.value : value;
      done[next] = 1;
      const key = keyOf(done, first, after);
      if (!tried.has(key)) {
        if (tried.size >= CONFIGURATIONS_LIMIT) return 'undecided';
        tried.add(key);
        path.push({ index: next, value });
        value = after;
        applied += 1;
        index = 0;
        continue;
      }
      done[next] = 0;
      index = next + 1;
      continue;
    }
    const last = path.pop();
    if (last === undefined) return 'not linearizable';
    done[last.index] = 0;
    applied -= 1;
    ({ value } = last);
    first = Math.min(first, last.index);
    index = last.index + 1;
  }
}

/** From `index` on, the first call that can be next: it began before every open one ended, and matches the register. */
function nextCall(
  calls: readonly Call[],
  done: Uint8Array,
  first: number,
  index: number,
  value: number,
): number {
  let earliestEnd = NEVER;
  for (let at = first; at < calls.length; at += 1) {
    const call = calls[at];
    if (call === undefined || call.from > earliestEnd) break;
    if (done[at] === 0) earliestEnd = Math.min(earliestEnd, call.to);
  }
  for (let at = Math.max(first, index); at < calls.length; at += 1) {
    const call = calls[at];
    if (call === undefined || call.from > earliestEnd) return -1;
    if (done[at] === 0 && (call.type === 'write' || call.value === value)) return at;
  }
  return -1;
}

/** The configuration: the first open call, the ones done after it, and the value of the register. */
function keyOf(done: Uint8Array, first: number, value: number): string {
  let start = first;
  while (done[start] === 1) start += 1;
  let key = `${value}:${start}`;
  for (let at = start; at < done.length; at += 1) if (done[at] === 1) key += `,${at}`;
  return key;
}

export const linearizability: MakeChecker = (world, report) => ({
  rule: 'the register is linearizable',
  ended: () => {
    if (world.options.replication !== 'sync') return;
    for (const { name, exclusive } of world.options.services) {
      if (!exclusive) continue;
      const decision = decideRegister(
        world.history.operations.filter(({ service }) => service === name),
      );
      if (decision === 'undecided') world.undecided += 1;
      if (decision === 'not linearizable')
        report(`${name}: no order of operations explains what clients saw`);
    }
  },
});
