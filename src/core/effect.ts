import type { Channel } from './reasons.ts';
import type { DurationMs, Instant } from './time.ts';

// Effects: commands to the drivers, in the imperative. An effect runs after every effect in `after` has succeeded; if one
// of them fails, it fails with `dependencyFailed`. Every effect has exactly one result with its ID: effectSucceeded,
// effectFailed or effectTimedOut.
// The runner must make the journal durable up to the event that caused an effect BEFORE it runs the effect.

export type EffectId = number;

export type Effect = EffectOrder & {
  readonly id: EffectId;
  readonly service: string;
  /** IDs of effects that must succeed first. */
  readonly after: readonly EffectId[];
  readonly issuedAt: Instant;
  /** Time limit from its begin, which is when all its dependencies have succeeded. */
  readonly withinMs: DurationMs;
  /** The effect ends by then in any case. */
  readonly deadline: Instant;
};

/** The lease as stored. No timestamps: observers measure expiry on their own clock. */
export type LeaseRecord = {
  readonly holder: { readonly host: string; readonly member: string };
  readonly epoch: number;
  readonly durationMs: DurationMs;
  /** Incremented by each renewal: shows observers that the record changed. */
  readonly renewal: number;
};

/** The route of requests. The data plane applies it as a whole or not at all. */
export type Route = {
  /** Fencing token. MUST be durable in the store before a route carries it. The data plane ignores lower ones. */
  readonly epoch: number;
  /** Target of new requests; null: hold them. */
  readonly active: string | null;
  /** Members that may serve at once, in this order, if the active member fails. Empty if exclusive. */
  readonly fallbacks: readonly string[];
  /**
   * Suspected members: safe requests that wait on them are hedged to a fallback. Requests that cannot be retried are held
   * back from them until the verdict.
   */
  readonly suspects: readonly string[];
  /**
   * Members that provably no longer serve although their connections are still open: they get no requests, and requests
   * that wait on them are treated as if the connections were closed.
   */
  readonly dead: readonly string[];
  /** The data plane forwards nothing after this instant. null: no limit, because two active members are harmless. */
  readonly leaseUntil: Instant | null;
};

export type EffectOrder =
  // Lifecycle of a member on this host.
  | { readonly type: 'startMember'; readonly member: string; readonly capacity: 'full' | 'reduced' }
  | { readonly type: 'stopMember'; readonly member: string; readonly graceMs: DurationMs }
  | { readonly type: 'freezeMember'; readonly member: string }
  | { readonly type: 'thawMember'; readonly member: string }
  | { readonly type: 'setCapacity'; readonly member: string; readonly capacity: 'full' | 'reduced' }
  /** Succeeds when the member is ready; fails with notReady at the deadline. */
  | { readonly type: 'awaitReady'; readonly member: string }
  /** Sends warm-up requests. Succeeds at the deadline, however many were sent. */
  | { readonly type: 'primeMember'; readonly member: string }
  // Role of a member. In an exclusive service this MUST come after the fence of the old active member.
  /** No effect on a member that is already primary. */
  | { readonly type: 'promoteMember'; readonly member: string; readonly epoch: number }
  | { readonly type: 'demoteMember'; readonly member: string }
  | { readonly type: 'rejoinMember'; readonly member: string; readonly active: string }
  /** Ensures that the member can neither serve nor write. Succeeds only on proof. */
  | { readonly type: 'fenceMember'; readonly member: string }
  // Observation.
  | { readonly type: 'watchMember'; readonly member: string; readonly incarnation: number }
  | { readonly type: 'unwatchMember'; readonly member: string }
  /** One probe now, on a new connection. Its observation is the result. */
  | {
      readonly type: 'probeMember';
      readonly member: string;
      readonly channel: 'direct' | Channel;
      readonly timeoutMs: DurationMs;
    }
  /** Reads all pending input first: succeeds after one poll phase. */
  | { readonly type: 'drainInput' }
  /** Effects that have not begun never run and fail with `cancelled`; running ones continue. */
  | { readonly type: 'cancelEffects'; readonly ids: readonly EffectId[] }
  // The lease. One compare-and-swap each; a conflict fails with `conflict`.
  | { readonly type: 'acquireLease'; readonly member: string; readonly expectedEpoch: number }
  | {
      readonly type: 'renewLease';
      readonly member: string;
      readonly epoch: number;
      readonly renewal: number;
    }
  | { readonly type: 'releaseLease'; readonly epoch: number }
  // Traffic.
  | { readonly type: 'switchTraffic'; readonly route: Route }
  /** Waits until the member has no request in flight; at the deadline the remaining ones are cut. */
  | { readonly type: 'drainTraffic'; readonly member: string; readonly timeoutMs: DurationMs }
  // Record keeping.
  | { readonly type: 'recordIncident'; readonly incident: number };
