import type { SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { drawOptions } from './swarm.ts';

// A swarm in which orders fail by themselves and outcomes get lost far more often than any machine does it, on one host:
// what is done about a fence, a start or a switch whose result is unclear would otherwise be met too seldom.

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
