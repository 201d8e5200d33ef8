import type { Instant } from './time.ts';

// Reasons are codes with parameters. Sentences are made from them at the edge by describe/, so no
// decision and no test depends on prose.

/** Why one observation of a member failed. */
export type ProbeFault =
  | 'refused'
  | 'reset'
  | 'closed'
  | 'timeout'
  | 'badStatus'
  | 'badAnswer'
  | 'commandFailed'
  | 'unreachable';

/** exit: the kernel. passive: clients’ requests. Else the kind of probe, of which the core knows no more than its name. */
export type Channel = 'exit' | 'passive' | (string & Record<never, never>);

/** One fact a verdict rests on. */
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

/** Why a member is in the health it is in. */
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

/** Why a candidate may not take over. */
export type GateRefusal =
  | { readonly code: 'notReady'; readonly health: string; readonly lifecycle: string }
  | { readonly code: 'tooSlow'; readonly p95Ms: number; readonly limitMs: number }
  | { readonly code: 'lagging'; readonly lagBytes: number; readonly limitBytes: number }
  | { readonly code: 'lagUnknown' }
  /** Its copy is on another history or timeline than the newest one: how far it is behind cannot be said. */
  | { readonly code: 'diverged'; readonly on: string; readonly newestOn: string }
  /** What was acknowledged since the newest copy last reported its position is in no report. */
  | { readonly code: 'lagStale'; readonly ageMs: number; readonly limitMs: number }
  | { readonly code: 'notRehearsed'; readonly ageMs: number | null; readonly limitMs: number };

/** Why a command was refused or an automatic action was not taken. */
export type Refusal =
  | { readonly code: 'unknownService'; readonly service: string }
  | { readonly code: 'unknownMember'; readonly member: string }
  | { readonly code: 'alreadyActive'; readonly member: string }
  | { readonly code: 'operationUnderWay'; readonly operation: string }
  | { readonly code: 'paused' }
  | { readonly code: 'observeOnly' }
  | { readonly code: 'noActive' }
  /** Only the host that leads can do it. */
  | { readonly code: 'activeElsewhere'; readonly host: string; readonly member: string }
  /** A member of another host takes no orders from this one. */
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

/** How one candidate fared at the gate. */
export type CandidateVerdict = {
  readonly member: string;
  readonly refusals: readonly GateRefusal[];
};

/** What set an incident off. */
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
  /** Another host led, and neither renewed its lease nor kept it. */
  | { readonly code: 'leaseExpired'; readonly host: string; readonly member: string }
  | { readonly code: 'operator'; readonly command: 'switchover' | 'failover' | 'failback' }
  | { readonly code: 'failback'; readonly member: string };

/** Why an effect did not succeed. */
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
