import type { MemberConfig, ServiceConfig } from '../core/config.ts';
import { SUSPEND, type Fault, type Verb } from './fault.ts';
import { NO_MISHAPS, type SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { drawOptions } from './swarm.ts';

// A swarm that focuses on lease handover: an exclusive service on two or three hosts, an immediately ready standby, a fast
// network, drifting clocks, and faults that last about as long as a lease. In the usual swarm a holder rarely loses its
// lease in the same few milliseconds in which a successor takes it.

const VERBS: readonly Verb[] = [
  'pauseAgent',
  'pauseAgent',
  'partition',
  'hold',
  'slowStore',
  'slowLink',
  'slowLink',
  'driftClock',
  'crashAgent',
];

export function drawLeaseEdge(seed: number): SimulationOptions {
  const random = new Random(seed, 0x1ea5e);
  const options = drawOptions(seed, { hostsMax: 3 });
  const hosts = ['h1', 'h2', 'h3'].slice(0, random.integer(2, 3));
  const [service] = options.services;
  if (service === undefined) return options;
  const { lease } = service;
  const safetyMs = Math.max(options.safetyMs, 4 * lease.durationMs);
  const latencyMs = { low: 0.05, high: random.pick([0.5, 0.5, 5]) };
  const faults = drawLasting(random, lease.durationMs, safetyMs);
  return {
    ...options,
    hosts,
    services: [atEdge(service, hosts)],
    replication: null,
    sendsEveryMs: 0,
    store: 'remote',
    network: { latencyMs, loss: 0, duplication: 0 },
    clients: { ...options.clients, count: 3, pauseMs: { low: 5, high: 200 } },
    drift: 0.001,
    faults: [...faults, ...drawLateAnswers(random, service, hosts.length, latencyMs)].toSorted(
      (a, b) => a.atMs - b.atMs,
    ),
    mishaps: NO_MISHAPS,
    safetyMs,
  };
}

/** The same, with hosts also suspended for about as long as a lease. */
export function drawSuspendedHosts(seed: number): SimulationOptions {
  const random = new Random(seed, 0x5a5be4d);
  const options = drawLeaseEdge(seed);
  const [service] = options.services;
  if (service === undefined) return options;
  const suspensions: readonly Fault[] = Array.from({ length: random.integer(1, 3) }, () => ({
    verb: SUSPEND,
    atMs: random.integer(0, options.safetyMs),
    forMs: Math.ceil(service.lease.durationMs * (0.8 + 1.2 * random.share())),
    target: random.integer(0, 999),
    amount: 0,
  }));
  const faults = [...options.faults, ...suspensions].toSorted((a, b) => a.atMs - b.atMs);
  return { ...options, faults };
}

function atEdge(service: ServiceConfig, hosts: readonly string[]): ServiceConfig {
  const members: readonly MemberConfig[] = hosts.map((host, index) => ({
    name: ['a', 'b', 'c'][index] ?? 'a',
    host,
    temperature: 'hot',
  }));
  const abilities = { promote: false, demote: false, rejoin: false, position: false };
  const takeover = { ...service.takeover, p95Ms: null, lagBytes: null, maxRehearsalAgeMs: null };
  return { ...service, kind: 'process', exclusive: true, abilities, members, takeover };
}

/** Each lasts from a little less than one lease up to two. */
function drawLasting(random: Random, leaseMs: number, withinMs: number): readonly Fault[] {
  const drifts = [0, 1, 2].map((target) => ({
    verb: 'driftClock' as const,
    atMs: 0,
    forMs: 1,
    target,
    amount: random.pick([0, 250, 500, 750, 999]),
  }));
  const others = Array.from({ length: random.integer(2, 8) }, () => ({
    verb: random.pick(VERBS),
    atMs: random.integer(0, withinMs),
    forMs: Math.ceil(leaseMs * (0.8 + 1.2 * random.share())),
    target: random.integer(0, 999),
    amount: random.integer(0, 999),
  }));
  return [...drifts, ...others.toSorted((a, b) => a.atMs - b.atMs)];
}

/**
 * Responses of the store reach one host late, but within its timeout, until its agent is paused. Its data plane serves until
 * the lease expiry that it knows, and other hosts count the lease from its renewal.
 */
function drawLateAnswers(
  random: Random,
  { lease, timeouts }: ServiceConfig,
  hosts: number,
  latencyMs: { readonly high: number },
): readonly Fault[] {
  return Array.from({ length: random.integer(0, 3) }, () => {
    const host = random.integer(0, hosts - 1);
    const atMs = random.integer(1000, 3 * lease.durationMs);
    const slowMs = Math.ceil(lease.renewIntervalMs * (1 + 2 * random.share()));
    const slowness = Math.min(900, Math.ceil((3 * timeouts.storeMs) / latencyMs.high));
    // The same number selects the other end of the link: a host or the clients' node.
    const amount = slowness - (slowness % (hosts + 1)) + host;
    const pausedAtMs = atMs + slowMs;
    const pausedMs = 2 * lease.durationMs;
    return [
      { verb: 'slowLink', atMs, forMs: slowMs, target: hosts, amount } as const,
      { verb: 'pauseAgent', atMs: pausedAtMs, forMs: pausedMs, target: host, amount } as const,
    ];
  }).flat();
}
