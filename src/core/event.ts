import type { CarriedOver } from './carry-over.ts';
import type { EffectId, LeaseRecord } from './effect.ts';
import type { Position } from './position.ts';
import type { Channel, EffectFault, ProbeFault } from './reasons.ts';
import type { DurationMs, Instant } from './time.ts';

// Facts, past tense. `at` is when the agent learned of it, on its own monotonic clock, and never
// decreases from one event to the next. Draws of chance, where one is needed, come with the event.

export type Event =
  // The agent itself.
  | {
      readonly type: 'agentStarted';
      readonly at: Instant;
      readonly epochs: readonly KnownEpoch[];
      readonly nextIncident: number;
      /** Of the services that an earlier agent of this host knew. */
      readonly carried: readonly CarriedOver[];
    }
  /** An agent goes on from the state of one that died on this host since its last boot. */
  | {
      readonly type: 'agentRecovered';
      readonly at: Instant;
      readonly epochs: readonly KnownEpoch[];
      /** Every member whose main process lives: the same by pid and start time. */
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
  /** The data plane used a fallback it was authorised to use. */
  | {
      readonly type: 'trafficFellBack';
      readonly at: Instant;
      readonly service: string;
      readonly from: string;
      readonly to: string;
    }
  /** The data plane process of a service ended or came back. */
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
  /** Under which its probes and its exit will be told. */
  readonly incarnation: number;
  readonly frozen: boolean;
};

export type KnownEpoch = { readonly service: string; readonly record: LeaseRecord | null };

/** The observer's own condition since the previous sample. */
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

/** A fresh sign of life: the answer to routine probe number `sequence` of this incarnation. */
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
 * Proof that the member serves no more, ahead of its exit: no thread of its main process has an address space, so none
 * executes anything. It is not gone: the kernel still frees its memory, and holds its files and ports meanwhile.
 */
export type MemberExiting = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly pid: number;
};

/** Proof of death: the kernel reported the exit of the member's main process. */
export type MemberExited = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** exited: the kernel told the parent. vanished: the pid is gone or has another start time. */
  readonly how: 'exited' | 'vanished';
  readonly pid: number;
};

/** Requests of real clients that failed on a member since the last such event. */
export type TrafficFailed = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly fault: ProbeFault;
  readonly count: number;
};

/** What the data plane saw of one member in a window. */
export type TrafficSampled = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly windowMs: DurationMs;
  /** Requests that ended in the window. */
  readonly requests: number;
  /** Of those, answered with 5xx or not at all. */
  readonly errors: number;
  /** 95th percentile of latency; null without requests. */
  readonly p95Ms: DurationMs | null;
  /** Requests that wait on the member now, and how long the oldest has waited without a first byte. */
  readonly waiting: number;
  readonly oldestWaitMs: DurationMs;
};

/** How far the copy of a member has come: of the active as of standbys. */
export type PositionReported = {
  readonly at: Instant;
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
  readonly history: string;
  readonly timeline: number;
  readonly position: Position;
  /** How old the report was when the agent learned of it. */
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
