import { drawLaggingCopies } from './lagging-copies.ts';
import { drawLeaseEdge, drawSuspendedHosts } from './lease-edge.ts';
import type { WorldOptions } from './options.ts';
import { drawRoughOrders } from './rough-orders.ts';
import { drawOptions, type SwarmLimits } from './swarm.ts';

/** All that draw a world from a seed. The limits are for the usual one only; the others are about one thing each. */
export const SWARMS = {
  usual: drawOptions,
  leaseEdge: drawLeaseEdge,
  /** Finds two actives: see docs/simulation.md. */
  suspendedHosts: drawSuspendedHosts,
  laggingCopies: drawLaggingCopies,
  roughOrders: drawRoughOrders,
} as const satisfies Readonly<Record<string, (seed: number, limits: SwarmLimits) => WorldOptions>>;

export type Swarm = keyof typeof SWARMS;

export function isSwarm(name: string): name is Swarm {
  return Object.hasOwn(SWARMS, name);
}
