import type { Instant } from './time.ts';

// Reasons are codes with parameters. describe/ turns them into text at the edge: no decision and no test depends on prose.

/** Why a probe or a request failed. */
export type ProbeFault =
  | 'refused'
  | 'reset'
  | 'closed'
  | 'timeout'
  | 'badStatus'
  | 'badAnswer'
  | 'commandFailed'
  | 'unreachable';

/** exit: the kernel. passive: client requests. Otherwise the kind of probe; the core knows only its name. */
export type Channel = 'exit' | 'passive' | (string & Record<never, never>);

/** One observation behind a verdict. */
export type Evidence = {
  readonly at: Instant;
  readonly channel: Channel;
  readonly fact: EvidenceFact;
};

export type EvidenceFact =
  | { readonly code: 'exited'; readonly exitCode: number | null; readonly signal: string | null }
  | { readonly code: 'vanished'; readonly pid: number }
  | { readonly code: 'exiting'; readonly pid: number }
  | { readonly code: 'probeFailed'; readonly fault: ProbeFault; readonly detail: string }
  | {
      readonly code: 'silent';
      readonly silentMs: number;
      readonly expectedMs: number;
      readonly marginMs: number;
    }
  | { readonly code: 'requestFailed'; readonly fault: ProbeFault; readonly count: number }
  | { readonly code: 'stalled'; readonly waitingMs: number; readonly requests: number }
  | {
      readonly code: 'errorShare';
      readonly share: number;
      readonly requests: number;
      readonly limit: number;
    }
  | {
      readonly code: 'slow';
      readonly p95Ms: number;
      readonly limitMs: number;
      readonly requests: number;
    };

/** Why a member has its health. */
export type HealthReason =
  | 'starting'
  | 'answering'
  | 'exited'
  | 'vanished'
  | 'exiting'
  | 'refused'
  | 'silent'
  | 'requestsFailing'
  | 'confirmedDead'
  | 'tooManyErrors'
  | 'tooSlow'
  | 'observerUnfit'
  | 'allTargetsLate'
  | 'frozen'
  | 'cold'
  | 'notStarted'
  | 'startFailed'
  | 'crashLoop';

/** Why a candidate is not eligible. */
export type GateRefusal =
  | { readonly code: 'notReady'; readonly health: string; readonly lifecycle: string }
  | { readonly code: 'tooSlow'; readonly p95Ms: number; readonly limitMs: number }
  | { readonly code: 'lagging'; readonly lagBytes: number; readonly limitBytes: number }
  | { readonly code: 'lagUnknown' }
  /** Its copy is on another history or timeline than the newest one: the lag is not defined. */
  | { readonly code: 'diverged'; readonly on: string; readonly newestOn: string }
  /** No report covers what the newest copy acknowledged since its last one. */
  | { readonly code: 'lagStale'; readonly ageMs: number; readonly limitMs: number }
  | { readonly code: 'notRehearsed'; readonly ageMs: number | null; readonly limitMs: number };

/** Why a command was refused, or an automatic action blocked. */
export type Refusal =
  | { readonly code: 'unknownService'; readonly service: string }
  | { readonly code: 'unknownMember'; readonly member: string }
  | { readonly code: 'alreadyActive'; readonly member: string }
  | { readonly code: 'operationUnderWay'; readonly operation: string }
  | { readonly code: 'paused' }
  | { readonly code: 'observeOnly' }
  | { readonly code: 'noActive' }
  /** Only the leading host can execute it. */
  | { readonly code: 'activeElsewhere'; readonly host: string; readonly member: string }
  /** This host cannot control members of another host. */
  | { readonly code: 'memberElsewhere'; readonly host: string; readonly member: string }
  | { readonly code: 'noCandidate'; readonly candidates: readonly CandidateVerdict[] }
  | { readonly code: 'observerUnfit'; readonly score: number }
  | { readonly code: 'allTargetsLate'; readonly targets: number }
  | {
      readonly code: 'flapping';
      readonly failovers: number;
      readonly limit: number;
      readonly windowMs: number;
    }
  | { readonly code: 'holdDown'; readonly remainingMs: number }
  | { readonly code: 'degradedBackoff'; readonly remainingMs: number }
  | { readonly code: 'preferredActive' }
  | { readonly code: 'notPaused' };

/** The result of a candidate's eligibility check. */
export type CandidateVerdict = {
  readonly member: string;
  readonly refusals: readonly GateRefusal[];
};

/** What triggered an incident. */
export type Cause =
  | { readonly code: 'memberFailed'; readonly member: string; readonly reason: HealthReason }
  | { readonly code: 'memberDegraded'; readonly member: string; readonly reason: HealthReason }
  | {
      readonly code: 'takeoverTooSlow';
      readonly member: string;
      readonly p95Ms: number;
      readonly limitMs: number;
    }
  | {
      readonly code: 'takeoverErrors';
      readonly member: string;
      readonly share: number;
      readonly limit: number;
    }
  | { readonly code: 'leaseLost'; readonly member: string }
  /** The leading host did not renew its lease, or released it. */
  | { readonly code: 'leaseExpired'; readonly host: string; readonly member: string }
  | { readonly code: 'operator'; readonly command: 'switchover' | 'failover' | 'failback' }
  | { readonly code: 'failback'; readonly member: string };

/** Why an effect failed. */
export type EffectFault =
  | 'dependencyFailed'
  | 'cancelled'
  | 'timedOut'
  | 'notFound'
  | 'permission'
  | 'portTaken'
  | 'startFailed'
  | 'notReady'
  | 'stillRunning'
  | 'conflict'
  | 'storeUnavailable'
  | 'diskFull'
  | 'driverFailed';
