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

// Everything the core remembers. Plain readonly data: it can be written as JSON and compared.

/** Grows with every change of the shape or meaning of a state: another version's cannot be gone on from. */
export const STATE_VERSION = 3;

export type AgentState = {
  readonly version: number;
  readonly at: Instant;
  readonly started: boolean;
  readonly observer: ObserverState;
  readonly services: readonly ServiceState[];
  readonly nextEffect: EffectId;
  readonly nextIncident: number;
  /** The poll phase that must end before any verdict by deadline; null when none is under way. */
  readonly polling: { readonly id: EffectId; readonly dueAt: Instant } | null;
};

/**
 * starting: no active yet. steady: the active serves. suspect: the active is doubted and the best
 * standby is being raised. failingOver, switchingOver: see the operation. observing: after a takeover
 * the new active is compared with the objective. standingBy: another host serves. down: nobody serves and no
 * candidate passes.
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
 * Who is active and where, as far as this host can tell: from what it did itself, and from the lease. It stays with an
 * active that failed until another one takes over.
 */
export type Leadership =
  | { readonly who: 'nobody' }
  | { readonly who: 'here'; readonly member: string }
  | { readonly who: 'elsewhere'; readonly host: string; readonly member: string };

/** The active member of this host; null: there is none, perhaps because another host has it. */
export function activeHere({ leadership }: Pick<ServiceState, 'leadership'>): string | null {
  return leadership.who === 'here' ? leadership.member : null;
}

/** The name of the active member, whichever host it is on; null: there is none. */
export function leadingMember({ leadership }: Pick<ServiceState, 'leadership'>): string | null {
  return leadership.who === 'nobody' ? null : leadership.member;
}

/**
 * What is true of the service, whichever host looks at it. A host learns it from the lease, from its members' reports and
 * from operators; what operators ordered and what is remembered of failovers survives the agent (carry-over.ts).
 */
export type ServiceFacts = {
  readonly name: string;
  readonly leadership: Leadership;
  readonly epoch: number;
  readonly lease: LeaseState;
  /**
   * Whose copy holds all that clients were answered: the active's, or that of a target whose plan was given up and which may have served.
   * It last answered at `answeredAt`, as far as is known. null: none has served in this agent's time.
   */
  readonly newest: { readonly member: string; readonly answeredAt: Instant } | null;
  readonly paused: boolean;
  /** Instants of the failovers within the flapping window, oldest first, bounded by the limit. */
  readonly failovers: readonly Instant[];
  readonly degradedSwitchovers: { readonly count: number; readonly notBefore: Instant };
  readonly autoFailbackStopped: boolean;
  /** A planned move was given up: no automatic failback before then. */
  readonly failbackNotBefore: Instant;
  /** The current or newest incident. */
  readonly incident: Incident | null;
};

/** What this host does for the service: its members and its data plane, and what is under way with them. */
export type HostDuties = {
  readonly phase: Phase;
  /** When everything that had fallen due was last looked at. */
  readonly decidedAt: Instant;
  /** Of all hosts, in the order of the configuration; only those of this host get orders. */
  readonly members: readonly MemberState[];
  /** The one thing under way; null when none is. */
  readonly operation: Operation | null;
  readonly observing: Observing | null;
  /** Route the data plane was last told, and the one being told. */
  readonly route: Route | null;
  readonly routeNotBefore: Instant;
  /** The data plane went from the active to a fallback by itself since the last takeover. */
  readonly usedFallback: {
    readonly at: Instant;
    readonly from: string;
    readonly to: string;
  } | null;
  readonly trafficUp: boolean;
  /** Effects whose outcome is still to come. */
  readonly pending: readonly Effect[];
  /** What became of the newest command. */
  readonly lastCommand: { readonly at: Instant; readonly refusal: Refusal | null } | null;
  /** What hotwarm considers by itself and does not do at present, since when; at most one of each code. */
  readonly refusals: readonly StandingRefusal[];
};

export type ServiceState = ServiceFacts & HostDuties;

export type StandingRefusal = { readonly at: Instant; readonly refusal: Refusal };

export type LeaseState = {
  readonly record: LeaseRecord | null;
  /** When this host last saw the record change: others' leases expire durationMs after it. */
  readonly seenAt: Instant;
  /** Held by this host: until when, by the start of the last successful renewal. */
  readonly heldUntil: Instant | null;
  readonly renewAt: Instant | null;
};

/** absent: no process. starting: until its ready condition holds. */
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
  /** Since when it has met its ready condition, which it keeps while frozen; null: it does not meet it. */
  readonly readySince: Instant | null;
  readonly detector: DetectorState;
  readonly performance: Performance;
  /** Its newest report; null: none since it began to serve, or since its copy was last replaced. */
  readonly position: PositionReport | null;
  /** When it last proved that it can serve; null: never in this agent's time. */
  readonly rehearsedAt: Instant | null;
  /** Whether this start was asked for what clients ask, or that was tried. */
  readonly primed: boolean;
  readonly failedAt: Instant | null;
  /** Nothing of it is left running: proved by a fence or a stop, or it never ran. */
  readonly fenced: boolean;
  /** Raised for a rehearsal since then. */
  readonly rehearsingSince: Instant | null;
  readonly repair: RepairState;
  /** Epoch of the active that it was last told to follow or to be; null: of none since it was started, or found by this agent. */
  readonly followsEpoch: number | null;
  /** An order to it failed: no further one of its own before then. */
  readonly retryAt: Instant;
};

/** How a member served lately: clients' requests while it is active, probes while it stands by. */
export type Performance = {
  /** Newest last, bounded. */
  readonly probeLatenciesMs: readonly number[];
  /** Requests and errors, decayed so that they speak of the last seconds. */
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

/** The one thing under way, by how far it has got. */
export type Operation = Choosing | Raising | Taking | Yielding;

/** No plan yet. */
export type Choosing = OperationBase & {
  readonly step: 'choosing';
  /** The earliest instant of the next plan. */
  readonly notBefore: Instant;
  /** start: until then only the member that should be the first active is waited for. */
  readonly deadline: Instant | null;
};

/** The target of a planned move gets ready; the move is given up at the deadline. */
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
  /** The old active was told to stop: from here on a planned move cannot be taken back. */
  readonly committed: boolean;
  /** When the newest of the plan's effects ended: the next one's time counts from here. */
  readonly progressAt: Instant;
};

/** Another host leads an exclusive service: what may still serve here is fenced. */
export type Yielding = OperationBase & {
  readonly step: 'yielding';
  readonly suspects: readonly string[];
};

export type OperationBase = {
  /** start: the first active of this agent's time; no incident. */
  readonly kind: 'start' | 'failover' | 'switchover' | 'failback';
  readonly incident: number | null;
  readonly from: string | null;
  readonly startedAt: Instant;
  /** Nothing is left of the active that is being replaced; one that runs by now is a new incarnation. */
  readonly fromGone: boolean;
  /** Targets of plans that were given up, and not proved gone since: such a plan may have got as far as its switch. */
  readonly mayServe: readonly string[];
  /** Candidates tried and found wanting in this operation. */
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
  /** Drain of the old active after the switch, where two actives do no harm. */
  readonly release: EffectId | null;
};

/** Whether a person or a policy asked for it while the old active serves: it can be given up, and drains. */
export function isPlanned({ kind }: Pick<Operation, 'kind'>): boolean {
  return kind === 'switchover' || kind === 'failback';
}

/** The member that the operation is about to make active; null: none is chosen. */
export function targetOf(operation: Operation): string | null {
  return operation.step === 'raising' || operation.step === 'taking' ? operation.to : null;
}

export type Observing = {
  readonly member: string;
  readonly since: Instant;
  readonly until: Instant;
  /** Members that already fell short in this run of takeovers. */
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
  /** observe-only: what would have been done. Nothing was. */
  readonly observeOnly: boolean;
  /** superseded: another host took the lease meanwhile. */
  readonly outcome: 'underWay' | 'succeeded' | 'superseded' | 'aborted' | 'failed';
  /** Last moment the service was known to be well: the outage is counted from here. null: it never stopped. */
  readonly wellUntil: Instant | null;
  readonly startedAt: Instant;
  readonly verdictAt: Instant;
  /** When somebody served again. */
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
  /** The agent had ended; a new one went on from here. */
  | { readonly code: 'resumed' }
  | { readonly code: 'aborted'; readonly step: string }
  /** Another host took the lease. */
  | { readonly code: 'superseded'; readonly host: string; readonly member: string }
  | { readonly code: 'ended'; readonly outcome: Exclude<Incident['outcome'], 'underWay'> };
