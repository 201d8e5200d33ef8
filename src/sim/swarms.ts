import { drawLaggingReplicas } from './lagging-replicas.ts';
import { drawLeaseEdge, drawSuspendedHosts } from './lease-edge.ts';
import type { SimulationOptions } from './options.ts';
import { drawFlakyEffects } from './flaky-effects.ts';
import { drawOptions, type SwarmLimits } from './swarm.ts';

/** All swarms. The limits apply to the usual one only; each of the others focuses on one thing. */
export const SWARMS = {
  usual: drawOptions,
  leaseEdge: drawLeaseEdge,
  /** Finds two active members: see docs/simulation.md. */
  suspendedHosts: drawSuspendedHosts,
  laggingReplicas: drawLaggingReplicas,
  flakyEffects: drawFlakyEffects,
} as const satisfies Readonly<
  Record<string, (seed: number, limits: SwarmLimits) => SimulationOptions>
>;

export type Swarm = keyof typeof SWARMS;

export function isSwarm(name: string): name is Swarm {
  return Object.hasOwn(SWARMS, name);
}
