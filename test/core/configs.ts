import type { HostSample } from '../../src/core/event.ts';
import type { CoreConfig, MemberConfig, ServiceConfig } from '../../src/core/config.ts';
import type { Temperature } from '../../src/core/temperature.ts';

export function memberConfig(
  name: string,
  temperature: Temperature = 'hot',
  host = 'h1',
): MemberConfig {
  return { name, host, temperature };
}

/** A process service of two hot members with short, round timings. */
export function serviceConfig(change: Partial<ServiceConfig> = {}): ServiceConfig {
  return {
    name: 'shop',
    kind: 'process',
    exclusive: false,
    release: 'drain',
    abilities: { promote: false, demote: false, rejoin: false, position: false },
    members: [memberConfig('a'), memberConfig('b')],
    detection: {
      intervalMs: 100,
      timeoutMs: 300,
      maxSilenceMs: 400,
      falseSuspicionEveryMs: 3_600_000,
    },
    takeover: {
      p95Ms: 200,
      lagBytes: 0,
      maxRehearsalAgeMs: null,
      degraded: 'serve',
      probationMs: 2000,
      errorShare: 0.05,
    },
    failback: { mode: 'auto', afterMs: 5000, maxFailovers: 3, windowMs: 600_000 },
    lease: { durationMs: 10_000, renewIntervalMs: 3000, marginMs: 1000 },
    restart: { backoffMs: 500, maxBackoffMs: 30_000, resetAfterMs: 1000 },
    primeMs: null,
    degraded: { action: 'switchover', backoffMs: 30_000 },
    timeouts: {
      startMs: 10_000,
      readyMs: 10_000,
      stopMs: 5000,
      fenceMs: 5000,
      promoteMs: 5000,
      demoteMs: 5000,
      rejoinMs: 60_000,
      drainMs: 5000,
      storeMs: 2000,
      switchMs: 1000,
    },
    mode: 'manage',
    ...change,
  };
}

export function coreConfig(change: Partial<ServiceConfig> = {}): CoreConfig {
  return { host: 'h1', services: [serviceConfig(change)] };
}

/** The agent was never late, and nothing happened to its clocks. */
export const CALM: HostSample = {
  lateMs: 0,
  runDelayMs: 0,
  throttledMs: 0,
  wallStepMs: 0,
  suspendedMs: 0,
  echoMs: null,
};
