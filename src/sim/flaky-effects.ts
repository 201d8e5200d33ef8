import type { SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { drawOptions } from './swarm.ts';

// A swarm on one host in which effects fail and results get lost far more often than in reality: it exercises the handling
// of a fence, a start or a switch with an unclear result, which is otherwise too rare.

export function drawFlakyEffects(seed: number): SimulationOptions {
  const random = new Random(seed, 0x0f0e4);
  const options = drawOptions(seed, { hostsMax: 1 });
  const share = (): number => random.pick([0, 0.1, 0.3]);
  return {
    ...options,
    services: options.services.map((service) => ({ ...service, exclusive: true })),
    mishaps: {
      orderFails: share(),
      outcomeLost: share(),
      outcomeLate: share(),
      outcomeTwice: share(),
      reportLost: share(),
    },
  };
}
