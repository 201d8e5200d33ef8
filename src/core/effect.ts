import type { Channel } from './reasons.ts';
import type { DurationMs, Instant } from './time.ts';

// Orders to the drivers, imperative. An effect runs once every effect in `after` has succeeded; if one
// of those fails, it fails too with `dependencyFailed`. Its outcome comes back as exactly one of
// effectSucceeded, effectFailed, effectTimedOut with its id: an effect never just vanishes.
// The runner must have made the journal durable up to the event that caused an effect BEFORE it runs it.

export type EffectId = number;

export type Effect = EffectOrder & {
  readonly id: EffectId;
  readonly service: string;
  /** Ids of effects that must have succeeded first. */
  readonly after: readonly EffectId[];
  readonly issuedAt: Instant;
  /** Longest it may take from when it begins, which is once all it waits for has succeeded. */
  readonly withinMs: DurationMs;
  /** The effect ends by then, whatever happens. */
  readonly deadline: Instant;
};

/** The right to be active as written to the store. No timestamps: observers judge expiry by their own clock. */
export type LeaseRecord = {
  readonly holder: { readonly host: string; readonly member: string };
  readonly epoch: number;
  readonly durationMs: DurationMs;
  /** Grows with each renewal, so that observers see that the record changed. */
  readonly renewal: number;
};

/** Where requests go. Becomes true in the data plane as a whole or not at all. */
export type Route = {
  /** Fencing token. MUST be durable in the store before a route carries it. The data plane ignores lower ones. */
  readonly epoch: number;
  /** Target of new requests; null: hold them. */
  readonly active: string | null;
  /** Members that may serve at once, in this order, when the active one dies. Empty where exclusive. */
  readonly fallbacks: readonly string[];
  /**
   * Members under suspicion: safe requests that wait on them are hedged to a fallback. Requests that could not be
   * repeated are kept from them for as long as a verdict takes.
   */
  readonly suspects: readonly string[];
  /**
   * Members proved to serve no more although their connections still stand: nothing is sent to them, and
   * requests that wait on them fare as if those had been closed.
   */
  readonly dead: readonly string[];
  /** Past this instant nothing is forwarded. null: no limit, as two actives do no harm. */
  readonly leaseUntil: Instant | null;
};

export type EffectOrder =
  // Lifecycle of a member on this host.
  | { readonly type: 'startMember'; readonly member: string; readonly capacity: 'full' | 'reduced' }
  | { readonly type: 'stopMember'; readonly member: string; readonly graceMs: DurationMs }
  | { readonly type: 'freezeMember'; readonly member: string }
  | { readonly type: 'thawMember'; readonly member: string }
  | { readonly type: 'setCapacity'; readonly member: string; readonly capacity: 'full' | 'reduced' }
  /** Succeeds once the member answers; fails with notReady at the deadline. */
  | { readonly type: 'awaitReady'; readonly member: string }
  /** Asks it for what clients ask, so that it has served before clients come. Succeeds however far it got in time. */
  | { readonly type: 'primeMember'; readonly member: string }
  // Role of a member. MUST come after the fence of the old active where the service is exclusive.
  /** Does nothing to one that is primary already. */
  | { readonly type: 'promoteMember'; readonly member: string; readonly epoch: number }
  | { readonly type: 'demoteMember'; readonly member: string }
  | { readonly type: 'rejoinMember'; readonly member: string; readonly active: string }
  /** Makes sure that the member can neither serve nor write. Succeeds only on proof that it is so. */
  | { readonly type: 'fenceMember'; readonly member: string }
  // Observation.
  | { readonly type: 'watchMember'; readonly member: string; readonly incarnation: number }
  | { readonly type: 'unwatchMember'; readonly member: string }
  /** One probe now, on a connection of its own. Its observation is the outcome. */
  | {
      readonly type: 'probeMember';
      readonly member: string;
      readonly channel: 'direct' | Channel;
      readonly timeoutMs: DurationMs;
    }
  /** Lets everything that already arrived be read first: succeeds after one poll phase. */
  | { readonly type: 'drainInput' }
  /** Those that still wait for others never run and fail with `cancelled`; those that run already go on. */
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
  /** Waits until the member has no request in flight, at most until the deadline; then those left are cut. */
  | { readonly type: 'drainTraffic'; readonly member: string; readonly timeoutMs: DurationMs }
  // Record keeping.
  | { readonly type: 'recordIncident'; readonly incident: number };
