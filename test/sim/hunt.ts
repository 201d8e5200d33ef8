import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { run } from '../../src/sim/run.ts';
import type { Swarm, SWARMS } from '../../src/sim/swarms.ts';

// Runs the simulator of any folder of sources, seed by seed, until one fails; prints {seed, rule, detail} or null.

const { values } = parseArgs({
  options: {
    sources: { type: 'string', default: '' },
    swarm: { type: 'string', default: 'usual' },
    hosts: { type: 'string', default: '3' },
    seeds: { type: 'string', default: '1' },
  },
});

type Sim = { readonly run: typeof run; readonly SWARMS: typeof SWARMS };

async function load(sources: string): Promise<Sim> {
  const parts = await Promise.all(
    ['run.ts', 'swarms.ts'].map(
      (file) => import(pathToFileURL(join(sources, 'sim', file)).href) as Promise<object>,
    ),
  );
  return Object.assign({}, ...parts) as Sim; // Each file exports what Sim names.
}

const sim = await load(values.sources);
const hostsMax = Number(values.hosts);
const draw = sim.SWARMS[values.swarm as Swarm]; // As mutants.test.ts names it.

let caught: unknown = null;
for (let seed = 1; seed <= Number(values.seeds) && caught === null; seed += 1) {
  const [violation] = sim.run(draw(seed, { hostsMax })).violations;
  if (violation !== undefined) caught = { seed, ...violation };
}
process.stdout.write(`${JSON.stringify(caught)}\n`);
