import type { DetectorState } from './detect.ts';
import type { Effect, EffectId, LeaseRecord, Route } from './effect.ts';
import type { ObserverState } from './local-health.ts';
import type { PositionReport } from './position.ts';
import type {
  CandidateVerdict,
  Cause,
  EffectFault,
  Evidence,
  GateRefusal,
  Refusal,
} from './reasons.ts';
import type { DurationMs, Instant } from './time.ts';
import type { Temperature } from './temperature.ts';

// The whole state of the core. Plain readonly data: it can be written as JSON and compared.

/** Incremented with every change of a state's shape or meaning: an agent cannot recover another version's state. */
export const STATE_VERSION = 3;

export type AgentState = {
  readonly version: number;
  readonly at: Instant;
  readonly started: boolean;
  readonly observer: ObserverState;
  readonly services: readonly ServiceState[];
  readonly nextEffect: EffectId;
  readonly nextIncident: number;
  /** The poll phase that must end before any verdict from a deadline; null: none. */
  readonly polling: { readonly id: EffectId; readonly dueAt: Instant } | null;
};

/**
 * starting: no active member yet. steady: the active member is serving. suspect: the active member is suspected and the
 * best standby is being prepared. failingOver, switchingOver: see the operation. observing: the new active member is on
 * probation. standingBy: another host is serving. down: no member is serving and no candidate is eligible.
 */
export type Phase =
  | 'starting'
  | 'steady'
  | 'suspect'
  | 'failingOver'
  | 'switchingOver'
  | 'observing'
  | 'standingBy'
  | 'down';

/**
 * The active member and its host, as far as this host knows from its own effects and from the lease. A failed active member
 * stays here until another one takes over.
 */
export type Leadership =
  | { readonly who: 'nobody' }
  | { readonly who: 'here'; readonly member: string }
  | { readonly who: 'elsewhere'; readonly host: string; readonly member: string };

/** The active member if it is on this host, otherwise null. */
export function activeHere({ leadership }: Pick<ServiceState, 'leadership'>): string | null {
  return leadership.who === 'here' ? leadership.member : null;
}

/** The active member on any host; null: none. */
export function leadingMember({ leadership }: Pick<ServiceState, 'leadership'>): string | null {
  return leadership.who === 'nobody' ? null : leadership.member;
}

/**
 * Facts about the service, the same on every host. A host learns them from the lease, from its members' reports and from
 * operators. Operators' commands and the record of failovers survive the agent (carry-over.ts).
 */
export type ServiceFacts = {
  readonly name: string;
  readonly leadership: Leadership;
  readonly epoch: number;
  readonly lease: LeaseState;
  /**
   * The copy that contains all acknowledged writes: that of the active member, or of the target of an abandoned plan that may have served.
   * `answeredAt`: its last known response. null: none has served since this agent started.
   */
  readonly newest: { readonly member: string; readonly answeredAt: Instant } | null;
  readonly paused: boolean;
  /** Instants of the failovers within the flapping window, oldest first, bounded by the limit. */
  readonly failovers: readonly Instant[];
  readonly degradedSwitchovers: { readonly count: number; readonly notBefore: Instant };
  readonly autoFailbackStopped: boolean;
  /** A planned takeover was aborted: no automatic failback before then. */
  readonly failbackNotBefore: Instant;
  /** The current or newest incident. */
  readonly incident: Incident | null;
};

/** What this host manages: its members, its data plane and the current operation. */
export type HostDuties = {
  readonly phase: Phase;
  /** When everything due was last decided. */
  readonly decidedAt: Instant;
  /** Members of all hosts, in the order of the configuration; effects only for those of this host. */
  readonly members: readonly MemberState[];
  /** The current operation; null: none. */
  readonly operation: Operation | null;
  readonly observing: Observing | null;
  /** The last route sent to the data plane, and the one being sent. */
  readonly route: Route | null;
  readonly routeNotBefore: Instant;
  /** The data plane used a fallback since the last takeover. */
  readonly usedFallback: {
    readonly at: Instant;
    readonly from: string;
    readonly to: string;
  } | null;
  readonly trafficUp: boolean;
  /** Effects without a result so far. */
  readonly pending: readonly Effect[];
  /** The result of the newest command. */
  readonly lastCommand: { readonly at: Instant; readonly refusal: Refusal | null } | null;
  /** Automatic actions that are blocked now, and since when; at most one per code. */
  readonly refusals: readonly StandingRefusal[];
};

export type ServiceState = ServiceFacts & HostDuties;

export type StandingRefusal = { readonly at: Instant; readonly refusal: Refusal };

export type LeaseState = {
  readonly record: LeaseRecord | null;
  /** When this host last saw the record change: leases of other hosts expire durationMs later. */
  readonly seenAt: Instant;
  /** If held by this host: its expiry, counted from the start of the last successful renewal. */
  readonly heldUntil: Instant | null;
  readonly renewAt: Instant | null;
};

/** absent: no process. starting: not ready yet. */
export type Lifecycle =
  'absent' | 'starting' | 'running' | 'freezing' | 'frozen' | 'thawing' | 'stopping';

export type MemberState = {
  readonly name: string;
  readonly host: string;
  readonly temperature: Temperature;
  readonly role: 'active' | 'standby';
  readonly lifecycle: Lifecycle;
  readonly capacity: 'full' | 'reduced';
  readonly pid: number | null;
  readonly incarnation: number;
  /** Since when it is ready; kept while frozen; null: not ready. */
  readonly readySince: Instant | null;
  readonly detector: DetectorState;
  readonly performance: Performance;
  /** Its newest report; null: none since it began to serve or its copy was replaced. */
  readonly position: PositionReport | null;
  /** Last successful rehearsal; null: none since this agent started. */
  readonly rehearsedAt: Instant | null;
  /** Whether warm-up requests were sent since its start, or tried. */
  readonly primed: boolean;
  readonly failedAt: Instant | null;
  /** No process of it is left: proved by a fence or a stop, or it never ran. */
  readonly fenced: boolean;
  /** In a rehearsal since then. */
  readonly rehearsingSince: Instant | null;
  readonly repair: RepairState;
  /** Epoch of its last role; null: none since its start or since this agent recovered it. */
  readonly followsEpoch: number | null;
  /** After a failed effect: no further effect for it before then. */
  readonly retryAt: Instant;
};

/** Recent performance of a member: client requests while active, probes while standby. */
export type Performance = {
  /** Newest last, bounded. */
  readonly probeLatenciesMs: readonly number[];
  /** Requests and errors, decayed: they represent the last seconds. */
  readonly requests: number;
  readonly errors: number;
  /** 95th percentile of clients' latency, smoothed over the windows; null without requests. */
  readonly clientP95Ms: number | null;
  readonly at: Instant;
};

export type RepairState = {
  readonly attempts: number;
  readonly notBefore: Instant;
  /** Why the newest attempt failed. */
  readonly fault: EffectFault | null;
  readonly detail: string;
};

/** The current operation, by its step. */
export type Operation = Choosing | Raising | Taking | Yielding;

/** No plan yet. */
export type Choosing = OperationBase & {
  readonly step: 'choosing';
  /** The earliest instant of the next plan. */
  readonly notBefore: Instant;
  /** start: until then only the intended initial active member is considered. */
  readonly deadline: Instant | null;
};

/** The target of a planned takeover is being prepared; at the deadline the takeover is aborted. */
export type Raising = OperationBase & {
  readonly step: 'raising';
  readonly to: string;
  readonly deadline: Instant;
};

/** The plan runs. */
export type Taking = OperationBase & {
  readonly step: 'taking';
  readonly to: string;
  readonly plan: Plan;
  /** The old active member is being stopped: a planned takeover can no longer be aborted. */
  readonly committed: boolean;
  /** When the last of the plan's effects ended: the time of the next one counts from here. */
  readonly progressAt: Instant;
};

/** Another host leads an exclusive service: members that may still serve here are fenced. */
export type Yielding = OperationBase & {
  readonly step: 'yielding';
  readonly suspects: readonly string[];
};

export type OperationBase = {
  /** start: the initial active member of this agent; no incident. */
  readonly kind: 'start' | 'failover' | 'switchover' | 'failback';
  readonly incident: number | null;
  readonly from: string | null;
  readonly startedAt: Instant;
  /** No process of the replaced active member is left; a running one is a new incarnation. */
  readonly fromGone: boolean;
  /** Targets of abandoned plans that are not provably gone: such a plan may have switched traffic to them. */
  readonly mayServe: readonly string[];
  /** Candidates that failed in this operation. */
  readonly excluded: readonly string[];
  /** Plans that failed so far. */
  readonly attempts: number;
};

/** The plan's effects by step; null: not part of this plan or not issued yet. */
export type Plan = {
  readonly hold: EffectId | null;
  readonly drain: EffectId | null;
  readonly demote: EffectId | null;
  readonly fence: EffectId | null;
  readonly raise: EffectId | null;
  readonly acquire: EffectId | null;
  readonly promote: EffectId | null;
  readonly switch: EffectId | null;
  /** Drain of the old active member after the switch, if two are harmless. */
  readonly release: EffectId | null;
};

/** Whether the old active member is still serving: the takeover can be aborted, and drains. */
export function isPlanned({ kind }: Pick<Operation, 'kind'>): boolean {
  return kind === 'switchover' || kind === 'failback';
}

/** The target of the operation; null: none chosen yet. */
export function targetOf(operation: Operation): string | null {
  return operation.step === 'raising' || operation.step === 'taking' ? operation.to : null;
}

export type Observing = {
  readonly member: string;
  readonly since: Instant;
  readonly until: Instant;
  /** Members that already failed their probation in this run of takeovers. */
  readonly tried: readonly string[];
};

export type StepTimes = {
  /** First evidence to the verdict. */
  readonly detectMs: DurationMs | null;
  /** Verdict to the plan. */
  readonly decideMs: DurationMs | null;
  readonly fenceMs: DurationMs | null;
  readonly promoteMs: DurationMs | null;
  readonly switchMs: DurationMs | null;
};

export type Incident = {
  readonly id: number;
  readonly service: string;
  readonly kind: 'failover' | 'switchover' | 'failback';
  readonly cause: Cause;
  readonly from: string | null;
  readonly to: string | null;
  readonly epoch: number | null;
  /** observe-only: no action was taken. */
  readonly observeOnly: boolean;
  /** superseded: another host took the lease meanwhile. */
  readonly outcome: 'underWay' | 'succeeded' | 'superseded' | 'aborted' | 'failed';
  /** Last instant of known service: the outage counts from here. null: no interruption. */
  readonly wellUntil: Instant | null;
  readonly startedAt: Instant;
  readonly verdictAt: Instant;
  /** When a member was serving again. */
  readonly servedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outageMs: DurationMs | null;
  readonly steps: StepTimes;
  readonly evidence: readonly Evidence[];
  readonly candidates: readonly CandidateVerdict[];
  /** Bounded; oldest first. */
  readonly timeline: readonly IncidentEntry[];
};

export type IncidentEntry = { readonly at: Instant } & IncidentFact;

export type IncidentFact =
  | { readonly code: 'suspected'; readonly member: string; readonly evidence: Evidence | null }
  | { readonly code: 'cleared'; readonly member: string }
  | { readonly code: 'prepared'; readonly member: string; readonly from: Temperature }
  | {
      readonly code: 'verdict';
      readonly member: string;
      readonly health: string;
      readonly reason: string;
    }
  | { readonly code: 'chosen'; readonly member: string; readonly degraded: boolean }
  | {
      readonly code: 'passedOver';
      readonly member: string;
      readonly refusals: readonly GateRefusal[];
    }
  | { readonly code: 'noCandidate' }
  | { readonly code: 'evidence'; readonly member: string; readonly evidence: Evidence }
  | {
      readonly code: 'ordered';
      readonly effect: string;
      readonly id: EffectId;
      readonly member: string | null;
    }
  | {
      readonly code: 'done';
      readonly effect: string;
      readonly id: EffectId;
      readonly tookMs: DurationMs;
    }
  | {
      readonly code: 'failed';
      readonly effect: string;
      readonly id: EffectId;
      readonly fault: EffectFault;
      readonly detail: string;
    }
  | { readonly code: 'usedFallback'; readonly from: string; readonly to: string }
  | { readonly code: 'served'; readonly member: string }
  | {
      readonly code: 'observed';
      readonly member: string;
      readonly p95Ms: number | null;
      readonly errorShare: number | null;
    }
  | { readonly code: 'refused'; readonly refusal: Refusal }
  /** A new agent recovered here. */
  | { readonly code: 'resumed' }
  | { readonly code: 'aborted'; readonly step: string }
  /** Another host took the lease. */
  | { readonly code: 'superseded'; readonly host: string; readonly member: string }
  | { readonly code: 'ended'; readonly outcome: Exclude<Incident['outcome'], 'underWay'> };
