import type { CarriedOver } from './carry-over.ts';
import type { EffectId, LeaseRecord } from './effect.ts';
import type { Position } from './position.ts';
import type { Channel, EffectFault, ProbeFault } from './reasons.ts';
import type { DurationMs, Instant } from './time.ts';

// Events: facts, in the past tense. `at` is when the agent learned of the fact, on its own monotonic clock; it never
// decreases from one event to the next. Random numbers, if needed, are part of the event.

export type Event =
  // The agent itself.
  | {
      readonly type: 'agentStarted';
      readonly at: Instant;
      readonly epochs: readonly KnownEpoch[];
      readonly nextIncident: number;
      /** State of services from an earlier agent of this host. */
      readonly carried: readonly CarriedOver[];
    }
  /** An agent recovers the state of one that exited on this host since the last boot. */
  | {
      readonly type: 'agentRecovered';
      readonly at: Instant;
      readonly epochs: readonly KnownEpoch[];
      /** Every member whose main process still runs: same pid and start time. */
      readonly found: readonly FoundMember[];
    }
  /** A deadline named by nextDeadline() was reached. */
  | { readonly type: 'deadlineReached'; readonly at: Instant; readonly dueAt: Instant }
  | ({ readonly type: 'hostSampled'; readonly at: Instant } & HostSample)
  // Observations of members.
  | ({ readonly type: 'probeSucceeded' } & ProbeSucceeded)
  | ({ readonly type: 'probeFailed' } & ProbeFailed)
  | ({ readonly type: 'memberExiting' } & MemberExiting)
  | ({ readonly type: 'memberExited' } & MemberExited)
  | ({ readonly type: 'trafficFailed' } & TrafficFailed)
  | ({ readonly type: 'trafficSampled' } & TrafficSampled)
  | ({ readonly type: 'positionReported' } & PositionReported)
  /** The data plane used an allowed fallback. */
  | {
      readonly type: 'trafficFellBack';
      readonly at: Instant;
      readonly service: string;
      readonly from: string;
      readonly to: string;
    }
  /** The data plane of a service exited or restarted. */
  | { readonly type: 'trafficLost'; readonly at: Instant; readonly service: string }
  | { readonly type: 'trafficRestored'; readonly at: Instant; readonly service: string }
  // The store.
  | {
      readonly type: 'leaseObserved';
      readonly at: Instant;
      readonly service: string;
      readonly record: LeaseRecord | null;
    }
  // Outcomes of effects.
  | {
      readonly type: 'effectSucceeded';
      readonly at: Instant;
      readonly id: EffectId;
      readonly result: EffectResult;
    }
  | {
      readonly type: 'effectFailed';
      readonly at: Instant;
      readonly id: EffectId;
      readonly fault: EffectFault;
      readonly detail: string;
    }
  | { readonly type: 'effectTimedOut'; readonly at: Instant; readonly id: EffectId }
  // The operator.
  | {
      readonly type: 'switchoverRequested';
      readonly at: Instant;
      readonly service: string;
      readonly to: string | null;
    }
  | {
      readonly type: 'failoverRequested';
      readonly at: Instant;
      readonly service: string;
      readonly to: string | null;
    }
  | { readonly type: 'failbackRequested'; readonly at: Instant; readonly service: string }
  | { readonly type: 'pauseRequested'; readonly at: Instant; readonly service: string }
  | { readonly type: 'resumeRequested'; readonly at: Instant; readonly service: string };

export type FoundMember = {
  readonly service: string;
  readonly member: string;
  readonly pid: number;
  /** The incarnation in events about its probes and its exit. */
  readonly incarnation: number;
  readonly frozen: boolean;
};

export type KnownEpoch = { readonly service: string; readonly record: LeaseRecord | null };

/** The observer's condition since the previous sample. */
export type HostSample = {
  /** How late the sampling timer fired. */
  readonly lateMs: DurationMs;
  /** Time this process spent runnable but not running (/proc/self/schedstat). */
  readonly runDelayMs: DurationMs;
  /** Time this process's cgroup was throttled (cpu.stat). */
  readonly throttledMs: DurationMs;
  /** Wall clock minus monotonic clock, change since the previous sample: a step of the clock. */
  readonly wallStepMs: DurationMs;
  /** Boot clock minus monotonic clock, change since the previous sample: a suspend. */
  readonly suspendedMs: DurationMs;
  /** Round trip of the agent's own loopback echo; null: not measured. */
  readonly echoMs: DurationMs | null;
};

/** The response to routine probe `sequence` of this incarnation. */
export type ProbeSucceeded = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly channel: Channel;
  /** Counts the slots of the schedule, so a skipped slot leaves a gap. */
  readonly sequence: number;
  readonly latencyMs: DurationMs;
};

export type ProbeFailed = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly channel: Channel;
  readonly sequence: number;
  readonly fault: ProbeFault;
  readonly detail: string;
};

/**
 * Proof, before its exit, that the member no longer serves: no thread of its main process has an address space, so none
 * executes code. The process still exists: the kernel is freeing its memory and keeps its files and ports open.
 */
export type MemberExiting = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly pid: number;
};

/** Proof: the kernel reported the exit of the member's main process. */
export type MemberExited = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** exited: reported to the parent. vanished: the pid is gone or has another start time. */
  readonly how: 'exited' | 'vanished';
  readonly pid: number;
};

/** Client requests that failed on a member since the last such event. */
export type TrafficFailed = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly fault: ProbeFault;
  readonly count: number;
};

/** What the data plane measured of one member in a window. */
export type TrafficSampled = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly windowMs: DurationMs;
  /** Requests that ended in the window. */
  readonly requests: number;
  /** Of those, with a 5xx status or without a response. */
  readonly errors: number;
  /** 95th percentile of latency; null without requests. */
  readonly p95Ms: DurationMs | null;
  /** Requests waiting on the member now, and the waiting time of the oldest without a first byte. */
  readonly waiting: number;
  readonly oldestWaitMs: DurationMs;
};

/** The position of a member's copy; reported by the active member and by standbys. */
export type PositionReported = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly history: string;
  readonly timeline: number;
  readonly position: Position;
  /** Age of the report when the agent received it. */
  readonly ageMs: DurationMs;
};

export type EffectResult =
  | { readonly type: 'done' }
  | { readonly type: 'started'; readonly pid: number; readonly incarnation: number }
  | { readonly type: 'probed'; readonly channel: Channel; readonly answer: ProbeAnswer }
  | { readonly type: 'drained'; readonly cut: number }
  | { readonly type: 'leased'; readonly record: LeaseRecord };

export type ProbeAnswer =
  | { readonly ok: true; readonly latencyMs: DurationMs }
  | { readonly ok: false; readonly fault: ProbeFault; readonly detail: string };
