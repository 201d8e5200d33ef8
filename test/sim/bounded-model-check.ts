import type { LeaseRecord } from '../../src/core/effect.ts';
import type { leaseHeld, leaseObserved, mayAcquire } from '../../src/core/lease.ts';
import { NO_LEASE } from '../../src/core/lease.ts';
import type { LeaseState } from '../../src/core/state.ts';

// The lease in the small, exhaustively: two hosts and one store, whole units of time, every order in which they can ask,
// be answered, be told late or not at all, time out, release, die, start again, and drift apart. What a host knows of
// the lease is what the real functions of core/lease.ts make of it; the store compares and swaps by revision.
//
// States that differ only in how long ago everything began, or in things that can never matter again (an expired
// lease's age, a swap against a revision that is gone), are the same state. There are finitely many of those, so the
// search, depth first, ends by itself: what it has not met cannot happen, after however many steps.
// Longer than most files, as it is one kind of state and all steps that lead out of it.

export type LeaseRules = {
  readonly mayAcquire: typeof mayAcquire;
  readonly leaseHeld: typeof leaseHeld;
  readonly leaseObserved: typeof leaseObserved;
  /** Whether the store looks at the revision before it swaps. */
  readonly compares: boolean;
  readonly marginUnits: number;
};

export type Explored = {
  readonly states: number;
  readonly steps: number;
  /** Steps from the beginning to the state that is farthest away on its path. */
  readonly depth: number;
  /** How often each kind of step was taken: one that never was proves nothing. */
  readonly taken: ReadonlyMap<string, number>;
  /** What went wrong, and the steps that lead there; null: nothing can. */
  readonly violation: { readonly rule: string; readonly path: readonly string[] } | null;
};

const HOSTS = ['h1', 'h2'] as const;
export const LEASE_UNITS = 4;
const RENEW_UNITS = 1;
/** The clock of h2 is ahead of that of h1 by 0 or by this. */
const DRIFT_UNITS = 1;

type Swap = {
  readonly issuedAt: number;
  readonly revision: number;
  readonly record: LeaseRecord;
  /** null: on its way to the store. */
  readonly succeeded: boolean | null;
};

type Side = {
  readonly lease: LeaseState;
  /** Of the record that it knows. */
  readonly revision: number;
  readonly swap: Swap | null;
  /** One that it gave up waiting for and that may reach the store yet. */
  readonly stray: Swap | null;
  /** Its data plane, which outlives it, forwards until then; null: it holds. */
  readonly servesUntil: number | null;
};

type State = {
  readonly revision: number;
  readonly record: LeaseRecord | null;
  readonly clocks: readonly [number, number];
  readonly sides: readonly [Side, Side];
};

type Step = { readonly name: string; readonly kind: string; readonly next: State };

const BEGINNING: Side = {
  lease: NO_LEASE,
  revision: 0,
  swap: null,
  stray: null,
  servesUntil: null,
};

export function explore(rules: LeaseRules, statesLimit = 5_000_000): Explored {
  const first: State = {
    revision: 0,
    record: null,
    clocks: [0, 0],
    sides: [BEGINNING, BEGINNING],
  };
  const seen = new Set([keyOf(first)]);
  const taken = new Map<string, number>();
  const stack = [{ state: first, steps: stepsFrom(first, rules), next: 0 }];
  const path: string[] = [];
  let steps = 0;
  let depth = 0;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const step = top.steps[top.next];
    top.next += 1;
    if (step === undefined) {
      stack.pop();
      path.pop();
      continue;
    }
    steps += 1;
    taken.set(step.kind, (taken.get(step.kind) ?? 0) + 1);
    const key = keyOf(step.next);
    if (seen.has(key)) continue;
    const rule = ruleBroken(top.state, step.next);
    if (rule !== null)
      return {
        states: seen.size,
        steps,
        depth,
        taken,
        violation: { rule, path: [...path, step.name] },
      };
    if (seen.size >= statesLimit) throw new RangeError(`more than ${statesLimit} states`);
    seen.add(key);
    path.push(step.name);
    depth = Math.max(depth, path.length);
    stack.push({ state: step.next, steps: stepsFrom(step.next, rules), next: 0 });
  }
  return { states: seen.size, steps, depth, taken, violation: null };
}

function ruleBroken(before: State, { sides, clocks, record, revision }: State): string | null {
  const serving = sides.filter(
    ({ servesUntil }, index) => servesUntil !== null && (clocks[index] ?? 0) < servesUntil,
  );
  if (serving.length > 1) return 'two hosts serve at once';
  if (revision === before.revision || before.record === null || record === null) return null;
  const isSame =
    record.epoch === before.record.epoch && record.holder.host === before.record.holder.host;
  if (isSame && record.renewal > before.record.renewal) return null;
  return record.epoch > before.record.epoch ? null : 'an epoch does not grow';
}

function stepsFrom(state: State, rules: LeaseRules): readonly Step[] {
  const steps: Step[] = [];
  const [h1, h2] = state.clocks;
  const time = (name: string, clocks: readonly [number, number]): void => {
    steps.push({ name, kind: 'time', next: { ...state, clocks } });
  };
  time('time passes', [h1 + 1, h2 + 1]);
  if (h2 - h1 < DRIFT_UNITS) time('time passes for h2', [h1, h2 + 1]);
  if (h2 - h1 > 0) time('time passes for h1', [h1 + 1, h2]);
  for (const index of [0, 1] as const)
    for (const step of stepsOf(state, index, rules))
      steps.push({ ...step, name: `${HOSTS[index]}: ${step.kind}` });
  return steps;
}

type SideStep = Omit<Step, 'name'>;

function stepsOf(state: State, index: 0 | 1, rules: LeaseRules): readonly SideStep[] {
  const side = state.sides[index];
  return [
    ...(side.swap === null ? asking(state, index, rules) : waiting(state, index, rules)),
    ...straying(state, index, rules),
    ...hearing(state, index, rules),
  ];
}

/** What it may ask the store for. */
function asking(state: State, index: 0 | 1, rules: LeaseRules): readonly SideStep[] {
  const side = state.sides[index];
  const host = HOSTS[index];
  const at = state.clocks[index];
  const { record, heldUntil, renewAt } = side.lease;
  const steps: SideStep[] = [];
  const ask = (kind: string, next: LeaseRecord, changed: Side): void => {
    const swap = { issuedAt: at, revision: side.revision, record: next, succeeded: null };
    steps.push({ kind, next: withSide(state, index, { ...changed, swap }) });
  };
  if (rules.mayAcquire(side.lease, host, at)) {
    const epoch = (record?.epoch ?? 0) + 1;
    ask(
      'acquire',
      { holder: { host, member: host }, epoch, durationMs: LEASE_UNITS, renewal: 0 },
      side,
    );
  }
  if (record === null || heldUntil === null || record.holder.host !== host) return steps;
  const again = { ...record, renewal: record.renewal + 1 };
  if (renewAt !== null && at >= renewAt) ask('renew', again, side);
  // It lets go of clients before it lets go of the lease.
  const held = { ...side, servesUntil: null, lease: { ...side.lease, heldUntil: null } };
  ask('release', { ...again, durationMs: 1 }, held);
  return steps;
}

/** What can become of what it asked for. */
function waiting(state: State, index: 0 | 1, rules: LeaseRules): readonly SideStep[] {
  const side = state.sides[index];
  const { swap } = side;
  if (swap === null) return [];
  const steps: SideStep[] = [];
  if (swap.succeeded === null) {
    const { after, succeeded } = swapped(state, swap, rules);
    steps.push({
      kind: 'swap',
      next: withSide(after, index, { ...side, swap: { ...swap, succeeded } }),
    });
    if (side.stray === null || side.stray.revision !== state.revision)
      steps.push({
        kind: 'give up',
        next: withSide(state, index, { ...side, swap: null, stray: swap }),
      });
    return steps;
  }
  steps.push({ kind: 'lose the answer', next: withSide(state, index, { ...side, swap: null }) });
  const at = state.clocks[index];
  const freed = { ...side, swap: null };
  if (!swap.succeeded) {
    steps.push({
      kind: 'conflict',
      next: withSide(state, index, told(freed, state, index, rules)),
    });
    return steps;
  }
  const revision = swap.revision + 1;
  if (revision < side.revision) return steps;
  const isHeld = swap.record.durationMs === LEASE_UNITS;
  const lease = isHeld
    ? rules.leaseHeld(side.lease, swap.record, swap.issuedAt, at, RENEW_UNITS)
    : { ...rules.leaseObserved(side.lease, swap.record, HOSTS[index], at), heldUntil: null };
  const servesUntil =
    isHeld && lease.heldUntil !== null ? lease.heldUntil - rules.marginUnits : side.servesUntil;
  const held = { ...freed, lease, revision, servesUntil };
  steps.push({ kind: 'answer', next: withSide(state, index, held) });
  return steps;
}

function straying(state: State, index: 0 | 1, rules: LeaseRules): readonly SideStep[] {
  const side = state.sides[index];
  if (side.stray === null) return [];
  const { after } = swapped(state, side.stray, rules);
  const lost = { ...side, stray: null };
  return [
    { kind: 'stray swap', next: withSide(after, index, lost) },
    { kind: 'lose the stray', next: withSide(state, index, lost) },
  ];
}

/** The store tells it, or its agent dies and the next one asks; its data plane goes on. */
function hearing(state: State, index: 0 | 1, rules: LeaseRules): readonly SideStep[] {
  const side = state.sides[index];
  const steps: SideStep[] = [];
  if (side.revision < state.revision)
    steps.push({ kind: 'notice', next: withSide(state, index, told(side, state, index, rules)) });
  const stray = side.swap?.succeeded === null ? side.swap : side.stray;
  const born = { ...side, lease: NO_LEASE, revision: 0, swap: null, stray };
  steps.push({
    kind: 'start again',
    next: withSide(state, index, told(born, state, index, rules)),
  });
  return steps;
}

function told(side: Side, state: State, index: 0 | 1, rules: LeaseRules): Side {
  const { record, revision } = state;
  const lease = rules.leaseObserved(side.lease, record, HOSTS[index], state.clocks[index]);
  return { ...side, lease, revision };
}

function swapped(
  state: State,
  { revision, record }: Swap,
  { compares }: LeaseRules,
): { readonly after: State; readonly succeeded: boolean } {
  if (compares && revision !== state.revision) return { after: state, succeeded: false };
  return { after: { ...state, revision: state.revision + 1, record }, succeeded: true };
}

function withSide(state: State, index: 0 | 1, side: Side): State {
  const [one, other] = state.sides;
  return { ...state, sides: index === 0 ? [side, other] : [one, side] };
}

/** What of a state can still matter, as text. */
function keyOf(state: State): string {
  const [h1, h2] = state.clocks;
  const { record } = state;
  const parts = [h2 - h1, record === null ? '-' : `${record.holder.host}${record.durationMs}`];
  for (const index of [0, 1] as const) parts.push(sideKey(state, index));
  return parts.join('|');
}

function sideKey(state: State, index: 0 | 1): string {
  const { lease, revision, swap, stray, servesUntil } = state.sides[index];
  const at = state.clocks[index];
  const { record, seenAt, heldUntil, renewAt } = lease;
  const left = (until: number | null): string =>
    until === null ? '-' : String(Math.max(0, until - at));
  const known =
    record === null
      ? '-'
      : `${record.holder.host}${record.durationMs}${Math.min(at - seenAt, record.durationMs)}`;
  return [
    revision === state.revision ? '=' : revision > state.revision ? '>' : '<',
    known,
    left(heldUntil),
    heldUntil === null ? '' : left(renewAt),
    swapKey(state, swap, at),
    strayKey(state, stray),
    left(servesUntil),
  ].join(',');
}

function swapKey(state: State, swap: Swap | null, at: number): string {
  if (swap === null) return '-';
  const { succeeded, record, revision, issuedAt } = swap;
  // One that fails, or that nobody waits for, is the same however old it is.
  if (succeeded === false) return 'failed';
  if (succeeded === null && revision !== state.revision) return 'late';
  const isNow = succeeded === null || revision + 1 === state.revision;
  const age = Math.min(at - issuedAt, LEASE_UNITS);
  return `${String(succeeded)}${isNow}${age}${record.durationMs}${record.renewal === 0 ? 'a' : 'r'}`;
}

function strayKey(state: State, stray: Swap | null): string {
  if (stray === null || stray.revision !== state.revision) return '-';
  return `${stray.record.durationMs}${stray.record.renewal === 0 ? 'a' : 'r'}`;
}
