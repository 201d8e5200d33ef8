import type { Fault, Verb } from './fault.ts';
import { NO_MISHAPS, type SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { drawOptions } from './swarm.ts';

// A swarm of lagging replicas: two or three on one host, clients that mostly write, and hangs, crashes and takeovers in quick
// succession: the new active member was hung, or measured before the last writes. In the usual swarm this happens once in
// ten thousand seeds.

const VERBS: readonly Verb[] = [
  'hangMember',
  'hangMember',
  'crashMember',
  'crashMember',
  'failover',
  'switchover',
  'silenceStore',
  'crashAgent',
];
const DRAWS_MAX = 1000;

export function drawLaggingReplicas(seed: number): SimulationOptions {
  const random = new Random(seed, 0x1a66ed);
  const options = drawReplicated(random);
  const { safetyMs } = options;
  // A separate generator: the faults of a seed stay the same.
  const slowness = new Random(seed, 0x5e4d);
  return {
    ...options,
    seed,
    services: options.services.map((service) => ({
      ...service,
      takeover: { ...service.takeover, lagBytes: 0 },
    })),
    // Synchronous clients wait for it.
    sendsEveryMs: slowness.pick(options.replication === 'sync' ? [0, 100, 200] : [0, 500, 3000]),
    clients: { ...options.clients, count: 3, pauseMs: { low: 5, high: 50 }, writes: 0.9 },
    mishaps: { ...NO_MISHAPS, reportLost: slowness.pick([0, 0.5, 0.95]) },
    faults: drawClose(random, safetyMs),
  };
}

function drawReplicated(random: Random): SimulationOptions {
  for (let draw = 0; draw < DRAWS_MAX; draw += 1) {
    const options = drawOptions(random.word(), { hostsMax: 1 });
    if (options.replication !== null) return options;
  }
  throw new RangeError('the usual swarm draws no replicated service');
}

/** Groups of a few faults within a second or two: each meets the state after the last one. */
function drawClose(random: Random, withinMs: number): readonly Fault[] {
  const groups = Array.from({ length: random.integer(2, 6) }, () => {
    const startMs = random.integer(0, withinMs);
    return Array.from({ length: random.integer(2, 4) }, () => ({
      verb: random.pick(VERBS),
      atMs: startMs + random.integer(0, 1500),
      forMs: random.integer(1, 1500),
      target: random.integer(0, 999),
      amount: random.integer(0, 999),
    }));
  });
  return groups.flat().toSorted((a, b) => a.atMs - b.atMs);
}
