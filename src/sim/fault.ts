import type { Random } from './random.ts';

// The faults of a run as data: kind, time, target, duration. They are drawn before the run begins, so they can be printed,
// replayed and removed one by one. faults.ts injects them.

export const MEMBER_VERBS = ['crashMember', 'hangMember', 'slowMember', 'lieMember'] as const;
export const AGENT_VERBS = ['crashAgent', 'pauseAgent'] as const;
/** Harmless by itself, because agents poll the store: drawn separately. */
export const LOSE_WATCH = 'loseWatch' as const;
export const HOST_VERBS = [
  'crashHost',
  'pauseHost',
  'fillDisk',
  'driftClock',
  'stepWallClock',
] as const;
/** Not protected against on several hosts, so only a dedicated swarm draws it. */
export const SUSPEND = 'suspendHost' as const;
export const SUPPORT_VERBS = ['crashPlane', 'silenceStore', 'refuseStore', 'slowStore'] as const;
export const COMMANDS = ['switchover', 'failover', 'failback', 'pauseService'] as const;
export const NETWORK_VERBS = [
  'partition',
  'partitionOneWay',
  'hold',
  'slowLink',
  'swizzle',
] as const;

export type MemberVerb = (typeof MEMBER_VERBS)[number];
export type AgentVerb = (typeof AGENT_VERBS)[number] | typeof LOSE_WATCH;
export type HostVerb = (typeof HOST_VERBS)[number] | typeof SUSPEND;
export type SupportVerb = (typeof SUPPORT_VERBS)[number];
export type CommandVerb = (typeof COMMANDS)[number];
export type NetworkVerb = (typeof NETWORK_VERBS)[number];

export type Verb = MemberVerb | AgentVerb | HostVerb | SupportVerb | CommandVerb | NetworkVerb;

export type Fault = {
  readonly verb: Verb;
  readonly atMs: number;
  /** Duration; for a crash: time until the restart. */
  readonly forMs: number;
  /** Target, modulo the number of targets. */
  readonly target: number;
  /** Depends on the kind: a factor, a rate, the other end of a link. */
  readonly amount: number;
};

/** Kinds for any number of hosts. */
export const ONE_HOST_VERBS: readonly Verb[] = [
  ...MEMBER_VERBS,
  ...AGENT_VERBS,
  ...HOST_VERBS,
  ...SUPPORT_VERBS,
  ...COMMANDS,
];

/** A random mix: some of the applicable kinds; few or many; short or long. */
export function drawFaults(
  random: Random,
  options: { readonly verbs: readonly Verb[]; readonly withinMs: number },
): readonly Fault[] {
  const { verbs, withinMs } = options;
  const mix = random.shuffle(verbs).slice(0, random.integer(1, verbs.length));
  const count = random.integer(1, 24);
  const longestMs = random.pick([300, 2000, 20_000]);
  return Array.from({ length: count }, () => ({
    verb: random.pick(mix),
    atMs: random.integer(0, withinMs),
    forMs: Math.ceil(random.skewed(1, longestMs)),
    target: random.integer(0, 999),
    amount: random.integer(0, 999),
  })).toSorted((a, b) => a.atMs - b.atMs);
}
