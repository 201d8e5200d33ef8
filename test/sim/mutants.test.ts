import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Swarm } from '../../src/sim/swarms.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { MutatedSources } from './mutated-sources.ts';

// The simulator is worth what it would catch. Each mutant is hunted in a process of its own, as many at once as there are
// cores; the real code must pass the very seeds that catch the mutants.

const HUNT = fileURLToPath(new URL('hunt.ts', import.meta.url));
const UNHURT: Readonly<Record<Exclude<Swarm, 'usual' | 'suspendedHosts'>, number>> = {
  leaseEdge: 100,
  laggingReplicas: 150,
  flakyEffects: 300,
};
/** A hunt takes seconds; one that runs into this hangs. */
const PATIENCE_MS = 120_000;

type Caught = { readonly seed: number; readonly rule: string; readonly detail: string } | null;

async function hunt(
  folder: string,
  { swarm, hostsMax, seeds }: Pick<Mutant, 'swarm' | 'hostsMax' | 'seeds'>,
): Promise<Caught> {
  const words = ['--swarm', swarm, '--hosts', String(hostsMax), '--seeds', String(seeds)];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', HUNT, '--sources', folder, ...words],
    { timeout: PATIENCE_MS },
  );
  return JSON.parse(stdout) as Caught; // As hunt.ts prints it.
}

describe('the simulator catches', { concurrency: availableParallelism() }, () => {
  for (const mutant of MUTANTS)
    test(`${mutant.name} within ${mutant.seeds} seeds of the ${mutant.swarm} swarm`, async (t) => {
      const sources = new MutatedSources(mutant.mutations);
      try {
        const caught = await hunt(sources.folder, mutant);
        assert.equal(caught?.rule, mutant.rule, caught?.detail ?? 'nothing was violated');
        t.diagnostic(`seed ${caught.seed}: ${caught.detail.split('\n')[0]}`);
      } finally {
        sources.remove();
      }
    });
});

// The usual swarm without a defect is run.test.ts.
for (const swarm of ['leaseEdge', 'laggingReplicas', 'flakyEffects'] as const)
  test(`nothing is caught in ${UNHURT[swarm]} seeds of the ${swarm} swarm without a defect`, async () => {
    const sources = new MutatedSources([]);
    try {
      const seeds = UNHURT[swarm];
      assert.equal(await hunt(sources.folder, { swarm, hostsMax: 3, seeds }), null);
    } finally {
      sources.remove();
    }
  });

test('hosts that are suspended with their clocks give two actives, as a lease is no protection then', async (t) => {
  const sources = new MutatedSources([]);
  try {
    const caught = await hunt(sources.folder, { swarm: 'suspendedHosts', hostsMax: 3, seeds: 20 });
    assert.equal(caught?.rule, 'never two actives');
    t.diagnostic(`seed ${caught.seed}: ${caught.detail}`);
  } finally {
    sources.remove();
  }
});

test('a mutant whose text is no longer in the code says so', () => {
  const mutations = [{ file: 'core/lease.ts', from: 'no such text', to: '' }];
  assert.throws(() => new MutatedSources(mutations), /core\/lease\.ts has 0 times, not once/);
});
