import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { drawLeaseEdge } from '../../src/sim/lease-edge.ts';
import type { drawLaggingCopies } from '../../src/sim/lagging-copies.ts';
import type { drawRoughOrders } from '../../src/sim/rough-orders.ts';
import type { run } from '../../src/sim/run.ts';
import type { drawOptions } from '../../src/sim/swarm.ts';

// Runs the simulator of any folder of sources, seed by seed, until one fails; prints {seed, rule, detail} or null.

const { values } = parseArgs({
  options: {
    sources: { type: 'string', default: '' },
    swarm: { type: 'string', default: 'usual' },
    hosts: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '1' },
  },
});

type Sim = {
  readonly run: typeof run;
  readonly drawOptions: typeof drawOptions;
  readonly drawLeaseEdge: typeof drawLeaseEdge;
  readonly drawLaggingCopies: typeof drawLaggingCopies;
  readonly drawRoughOrders: typeof drawRoughOrders;
};

async function load(sources: string): Promise<Sim> {
  const files = ['run.ts', 'swarm.ts', 'lease-edge.ts', 'rough-orders.ts', 'lagging-copies.ts'];
  const parts = await Promise.all(
    files.map((file) => import(pathToFileURL(join(sources, 'sim', file)).href) as Promise<object>),
  );
  return Object.assign({}, ...parts) as Sim; // Each file exports the function that Sim names.
}

const sim = await load(values.sources);
const hostsMax = Number(values.hosts);

function draw(seed: number): ReturnType<Sim['drawOptions']> {
  if (values.swarm === 'leaseEdge') return sim.drawLeaseEdge(seed);
  if (values.swarm === 'laggingCopies') return sim.drawLaggingCopies(seed);
  if (values.swarm === 'roughOrders') return sim.drawRoughOrders(seed);
  return sim.drawOptions(seed, { hostsMax });
}

let caught: unknown = null;
for (let seed = 1; seed <= Number(values.seeds) && caught === null; seed += 1) {
  const [violation] = sim.run(draw(seed)).violations;
  if (violation !== undefined) caught = { seed, ...violation };
}
process.stdout.write(`${JSON.stringify(caught)}\n`);
