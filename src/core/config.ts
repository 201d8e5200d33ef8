import type { DurationMs } from './time.ts';
import type { Temperature } from './temperature.ts';

// The configuration as the core uses it: plain, complete, durations in milliseconds, sizes in bytes. src/config compiles
// it from hotwarm.yaml.

export type CoreConfig = {
  /** The host this agent runs on. */
  readonly host: string;
  readonly services: readonly ServiceConfig[];
};

export type MemberConfig = {
  readonly name: string;
  readonly host: string;
  /** Standby temperature of this member. */
  readonly temperature: Temperature;
};

export type ServiceConfig = {
  readonly name: string;
  /** The member type, for display; decisions depend on `abilities`, never on this name. */
  readonly kind: string;
  /** At most one active member: fence before promoting, and stop when the lease expires. */
  readonly exclusive: boolean;
  /** How a planned takeover releases the old active member if two are harmless: `drain`, or `stop` if it accepts clients by itself. */
  readonly release: 'drain' | 'stop';
  readonly abilities: Abilities;
  /** The first is preferred. At least one. */
  readonly members: readonly MemberConfig[];
  readonly detection: DetectionConfig;
  readonly takeover: TakeoverConfig;
  readonly failback: FailbackConfig;
  readonly lease: LeaseConfig;
  readonly restart: RestartConfig;
  /** Time limit for warm-up requests before a member is frozen; null: no warm-up requests. */
  readonly primeMs: DurationMs | null;
  readonly degraded: DegradedConfig;
  readonly timeouts: TimeoutConfig;
  /** manage: act. observe: decide and journal, but take no action. */
  readonly mode: 'manage' | 'observe';
};

/** Role changes that the members' driver supports; a plain process supports none and is only started and stopped. */
type Abilities = {
  readonly promote: boolean;
  readonly demote: boolean;
  readonly rejoin: boolean;
  /** Whether members report the position of their copy. */
  readonly position: boolean;
};

export type DetectionConfig = {
  /** Time between two routine probes. */
  readonly intervalMs: DurationMs;
  /** Probe timeout. */
  readonly timeoutMs: DurationMs;
  /** Maximum time from the last response to a suspicion. */
  readonly maxSilenceMs: DurationMs;
  /** Target time between two false suspicions: the window of the safety margin. */
  readonly falseSuspicionEveryMs: DurationMs;
};

type TakeoverConfig = {
  /** Maximum p95 latency of a candidate; null: not checked. */
  readonly p95Ms: DurationMs | null;
  /** Maximum replication lag of a candidate, in bytes; null: not checked. */
  readonly lagBytes: number | null;
  /** Maximum age of the last successful rehearsal; null: not checked. */
  readonly maxRehearsalAgeMs: DurationMs | null;
  /** If no candidate is eligible: accept a slow one, or hold requests. */
  readonly degraded: 'serve' | 'hold';
  /** Time that the new active member is on probation after a takeover. */
  readonly probationMs: DurationMs;
  /** Maximum share of failed requests, 0 to 1. */
  readonly errorShare: number;
};

type FailbackConfig = {
  readonly mode: 'auto' | 'manual' | 'never';
  /** Time that the preferred member must be healthy; doubles with each failover within the window. */
  readonly afterMs: DurationMs;
  /** Maximum number of failovers within the window; above it automatic failback stops. */
  readonly maxFailovers: number;
  readonly windowMs: DurationMs;
};

type LeaseConfig = {
  readonly durationMs: DurationMs;
  /** Time between two renewals. */
  readonly renewIntervalMs: DurationMs;
  /** The holder stops serving this long before another host can take the lease. */
  readonly marginMs: DurationMs;
};

export type RestartConfig = {
  /** Delay before the second restart attempt; doubles with each attempt. */
  readonly backoffMs: DurationMs;
  readonly maxBackoffMs: DurationMs;
  /** Ready time that removes one failure from the count. */
  readonly resetAfterMs: DurationMs;
};

type DegradedConfig = {
  /** Action for a degraded active member. */
  readonly action: 'switchover' | 'report';
  /** Delay before the next such switchover, multiplied by their number so far. */
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
