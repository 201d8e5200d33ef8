import type { MemberConfig, ServiceConfig } from '../core/config.ts';
import {
  drawFaults,
  LOSE_WATCH,
  NETWORK_VERBS,
  ONE_HOST_VERBS,
  type Fault,
  type Verb,
} from './fault.ts';
import { NO_MISHAPS, type MishapShares, type SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { TEMPERATURE_NAMES } from '../core/temperature.ts';

// Swarm testing (Groce and others 2012): every seed tests another mix. Each draws its own sizes, timings, kinds of service
// and faults, and leaves many out, because a fault that is always present hides failures that need its absence.

const SAFETY_MS: readonly number[] = [10_000, 20_000, 40_000];
const HEAL_MS = 150_000;

export type SwarmLimits = {
  /** 1: everything on one host, as the configuration of this version requires. */
  readonly hostsMax: number;
};

export function drawOptions(seed: number, limits: SwarmLimits): SimulationOptions {
  const random = new Random(seed, 0x5717a);
  const hostCount = random.integer(1, limits.hostsMax);
  const hosts = Array.from({ length: hostCount }, (_, index) => `h${index + 1}`);
  // Replication across hosts does not exist yet: only the agent of the same host makes a standby follow.
  const isReplicated = random.chance(0.5) && hostCount === 1;
  const service = drawService(random, hosts, isReplicated);
  const safetyMs = random.pick(SAFETY_MS);
  const verbs: readonly Verb[] =
    hostCount === 1 ? ONE_HOST_VERBS : [...ONE_HOST_VERBS, ...NETWORK_VERBS];
  const lostWatches = hostCount === 1 ? [] : drawLostWatches(seed, safetyMs);
  const replication = isReplicated ? random.pick(['sync', 'async'] as const) : null;
  return {
    seed,
    hosts,
    services: [service],
    replication,
    sendsEveryMs: replication === 'async' ? new Random(seed, 0x5e4d).pick([0, 0, 500]) : 0,
    store: hostCount === 1 ? 'embedded' : 'remote',
    network: {
      latencyMs: { low: 0.05, high: random.pick([1, 5, 40]) },
      loss: random.pick([0, 0, 0.001, 0.02]),
      duplication: random.pick([0, 0.1]),
    },
    hold: {
      holdMs: random.pick([1000, 5000, 30_000]),
      holdRequests: random.pick([4, 1000]),
      answerMs: 20_000,
    },
    clients: {
      count: random.integer(1, 3),
      timeoutMs: random.pick([500, 2000, 8000]),
      pauseMs: { low: 5, high: random.pick([200, 2000]) },
      writes: random.pick([0.2, 0.5, 0.9]),
    },
    drift: random.pick([0, 0.0001, 0.001]),
    faults: [...drawFaults(random, { verbs, withinMs: safetyMs }), ...lostWatches].toSorted(
      (a, b) => a.atMs - b.atMs,
    ),
    mishaps: random.chance(0.5) ? NO_MISHAPS : drawMishaps(random),
    safetyMs,
    healMs: HEAL_MS,
    replays: seed % 4 === 0,
    keepsTrace: false,
    isRecorded: true,
    probesSeeHangs: true,
    readyAfterMs: { low: 20, high: 800 },
  };
}

/** Some agents lose their watch of the store until they restart. */
function drawLostWatches(seed: number, withinMs: number): readonly Fault[] {
  const random = new Random(seed, 0x1057);
  return Array.from({ length: random.pick([0, 0, 1, 3]) }, () => ({
    verb: LOSE_WATCH,
    atMs: random.integer(0, withinMs),
    forMs: 1,
    target: random.integer(0, 999),
    amount: 0,
  }));
}

function drawMishaps(random: Random): MishapShares {
  const share = (): number => (random.chance(0.5) ? 0 : random.skewed(0, 0.2));
  return {
    orderFails: share(),
    outcomeLost: share(),
    outcomeLate: share(),
    outcomeTwice: share(),
    reportLost: share(),
  };
}

function drawService(
  random: Random,
  hosts: readonly string[],
  isReplicated: boolean,
): ServiceConfig {
  const exclusive = isReplicated || random.chance(0.5);
  const kind = isReplicated ? 'postgres' : 'process';
  const intervalMs = random.pick([20, 100, 500]);
  const timeoutMs = random.pick([50, 300, 1000]);
  const renewIntervalMs = random.pick([500, 3000]);
  const durationMs = renewIntervalMs * random.pick([3, 4]);
  return {
    name: 'shop',
    kind,
    exclusive,
    release: random.chance(0.8) ? 'drain' : 'stop',
    abilities: {
      promote: isReplicated,
      demote: isReplicated,
      rejoin: isReplicated,
      position: isReplicated,
    },
    members: drawMembers(random, hosts, isReplicated),
    detection: {
      intervalMs,
      timeoutMs,
      maxSilenceMs: intervalMs + timeoutMs,
      falseSuspicionEveryMs: 3_600_000,
    },
    takeover: {
      p95Ms: random.pick([null, 200]),
      lagBytes: isReplicated ? random.pick([0, 1000]) : null,
      maxRehearsalAgeMs: random.chance(0.2) ? 20_000 : null,
      degraded: random.pick(['serve', 'hold'] as const),
      probationMs: random.pick([0, 2000]),
      errorShare: 0.05,
    },
    failback: {
      mode: random.pick(['auto', 'auto', 'manual', 'never'] as const),
      afterMs: random.pick([500, 5000]),
      maxFailovers: 3,
      windowMs: 600_000,
    },
    lease: { durationMs, renewIntervalMs, marginMs: durationMs * random.pick([0.05, 0.1]) },
    restart: { backoffMs: 500, maxBackoffMs: random.pick([2000, 30_000]), resetAfterMs: 1000 },
    primeMs: isReplicated ? null : random.pick([null, 1000]),
    degraded: { action: random.pick(['switchover', 'report'] as const), backoffMs: 5000 },
    timeouts: {
      startMs: 5000,
      readyMs: 10_000,
      stopMs: 1000,
      fenceMs: random.pick([1000, 5000]),
      promoteMs: 5000,
      demoteMs: 5000,
      rejoinMs: 10_000,
      drainMs: random.pick([200, 1000]),
      storeMs: renewIntervalMs * 0.8,
      switchMs: 1000,
    },
    mode: 'manage',
  };
}

function drawMembers(
  random: Random,
  hosts: readonly string[],
  isReplicated: boolean,
): readonly MemberConfig[] {
  const least = Math.max(2, hosts.length);
  const names = ['a', 'b', 'c', 'd'].slice(0, random.integer(least, Math.max(least, 3)));
  const spread = random.chance(0.5);
  return names.map((name, index) => ({
    name,
    host: spread || index < hosts.length ? (hosts[index % hosts.length] ?? 'h1') : 'h1',
    // A frozen or absent standby replicates nothing.
    temperature: isReplicated ? 'hot' : random.pick(TEMPERATURE_NAMES),
  }));
}
