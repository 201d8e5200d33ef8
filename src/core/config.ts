import type { DurationMs } from './time.ts';
import type { Temperature } from './temperature.ts';

// What the core needs to know of the user's configuration: plain, complete, all durations in
// milliseconds, all sizes in bytes. src/config makes it from hotwarm.yaml.

export type CoreConfig = {
  /** The host this agent runs on. */
  readonly host: string;
  readonly services: readonly ServiceConfig[];
};

export type MemberConfig = {
  readonly name: string;
  readonly host: string;
  /** How this member is kept while it stands by. */
  readonly temperature: Temperature;
};

export type ServiceConfig = {
  readonly name: string;
  /** Of what its members are; what they can do is in `abilities`, and nothing is decided by the name. */
  readonly kind: string;
  /** Two actives at once would do harm: fence before promoting, and stop at the lease's end. */
  readonly exclusive: boolean;
  /** How a planned move ends the old active where two actives do no harm: told no more requests, or ended, as it would go on accepting them itself. */
  readonly release: 'drain' | 'stop';
  readonly abilities: Abilities;
  /** The first is preferred. At least one. */
  readonly members: readonly MemberConfig[];
  readonly detection: DetectionConfig;
  readonly takeover: TakeoverConfig;
  readonly failback: FailbackConfig;
  readonly lease: LeaseConfig;
  readonly restart: RestartConfig;
  /** How long a member may be asked for what clients ask before it is frozen; null: it is not asked. */
  readonly primeMs: DurationMs | null;
  readonly degraded: DegradedConfig;
  readonly timeouts: TimeoutConfig;
  /** manage: do it. observe: decide and journal what would have been done, and do nothing. */
  readonly mode: 'manage' | 'observe';
};

/** Which role changes the members' driver knows; a plain process knows none and is simply started and stopped. */
type Abilities = {
  readonly promote: boolean;
  readonly demote: boolean;
  readonly rejoin: boolean;
  /** Whether it can be asked how far its copy has come. */
  readonly position: boolean;
};

export type DetectionConfig = {
  /** Time between two routine probes. */
  readonly intervalMs: DurationMs;
  /** Patience with one probe. */
  readonly timeoutMs: DurationMs;
  /** Upper bound on the time from the last sign of life to suspicion. */
  readonly maxSilenceMs: DurationMs;
  /** Tolerated time between two false suspicions: the record margin's window. */
  readonly falseSuspicionEveryMs: DurationMs;
};

type TakeoverConfig = {
  /** A candidate whose 95th percentile of latency is above this is not fast enough; null: not checked. */
  readonly p95Ms: DurationMs | null;
  /** A candidate that lags by more bytes than this may not take over; null: not checked. */
  readonly lagBytes: number | null;
  /** A candidate must have proved within this time that it can take over; null: not checked. */
  readonly maxRehearsalAgeMs: DurationMs | null;
  /** While no candidate passes: let one that is only too slow serve, or hold the requests. */
  readonly degraded: 'serve' | 'hold';
  /** How long the new active is compared with the objective after a takeover. */
  readonly probationMs: DurationMs;
  /** Share of requests that may fail while the new active is observed, 0 to 1. */
  readonly errorShare: number;
};

type FailbackConfig = {
  readonly mode: 'auto' | 'manual' | 'never';
  /** How long the preferred member must have been healthy. Doubled by each failover within the window. */
  readonly afterMs: DurationMs;
  /** Past this many failovers within the window automatic failback stops. */
  readonly maxFailovers: number;
  readonly windowMs: DurationMs;
};

type LeaseConfig = {
  readonly durationMs: DurationMs;
  /** Time between two renewals. */
  readonly renewIntervalMs: DurationMs;
  /** The holder stops serving this long before the lease could be taken by another. */
  readonly marginMs: DurationMs;
};

export type RestartConfig = {
  /** Pause before the second attempt at bringing a member back; doubles with each attempt. */
  readonly backoffMs: DurationMs;
  readonly maxBackoffMs: DurationMs;
  /** Each time this long that a member was ready takes one failure off its count. */
  readonly resetAfterMs: DurationMs;
};

type DegradedConfig = {
  /** What to do with an active that answers probes but serves its clients badly. */
  readonly action: 'switchover' | 'report';
  /** Pause before the next ejection for this reason, times the number of ejections so far. */
  readonly backoffMs: DurationMs;
};

type TimeoutConfig = {
  readonly startMs: DurationMs;
  readonly readyMs: DurationMs;
  readonly stopMs: DurationMs;
  readonly fenceMs: DurationMs;
  readonly promoteMs: DurationMs;
  readonly demoteMs: DurationMs;
  readonly rejoinMs: DurationMs;
  readonly drainMs: DurationMs;
  readonly storeMs: DurationMs;
  readonly switchMs: DurationMs;
};
