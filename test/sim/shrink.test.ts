import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseScenario, transcript } from '../../src/replay/scenario.ts';
import { walk } from '../../src/replay/verify.ts';
import type { drawLeaseEdge } from '../../src/sim/lease-edge.ts';
import type { run } from '../../src/sim/run.ts';
import type { shrink } from '../../src/sim/shrink.ts';
import { drawOptions } from '../../src/sim/swarm.ts';
import { MUTANTS } from './mutants.ts';
import { scenariosOf } from './failure.ts';
import { MutatedSources } from './mutated-sources.ts';

type Sim = {
  readonly drawLeaseEdge: typeof drawLeaseEdge;
  readonly run: typeof run;
  readonly shrink: typeof shrink;
};

const MARGIN = 'the safety margin of the lease is forgotten';

test('a failure of many faults is shrunk to those that it cannot do without', async () => {
  const mutant = MUTANTS.find(({ name }) => name === MARGIN);
  assert.ok(mutant !== undefined);
  const sources = new MutatedSources(mutant.mutations);
  try {
    const files = ['lease-edge.ts', 'run.ts', 'shrink.ts'].map((file) =>
      pathToFileURL(join(sources.folder, 'sim', file)),
    );
    const parts = await Promise.all(files.map((file) => import(file.href) as Promise<object>));
    const sim = Object.assign({}, ...parts) as Sim; // Each file exports what Sim names.
    const failing = Array.from({ length: mutant.seeds }, (_, index) => index + 1)
      .map((seed) => sim.drawLeaseEdge(seed))
      .find((options) => sim.run(options).violations.length > 0);
    assert.ok(failing !== undefined);
    const shrunk = sim.shrink(failing);
    assert.ok(shrunk !== null);
    const { options, violation } = shrunk;
    assert.equal(violation.rule, mutant.rule);
    assert.deepEqual(sim.run(options).violations[0], violation, 'it is told as it happens again');
    assert.ok(options.faults.length < failing.faults.length / 2);
    assert.ok(options.faults.length > 0, 'it takes a fault to lose a lease');
    for (const fault of options.faults) {
      const faults = options.faults.filter((other) => other !== fault);
      const rules = sim.run({ ...options, faults }).violations.map(({ rule }) => rule);
      assert.ok(!rules.includes(violation.rule), `it can do without ${fault.verb}`);
    }
    assert.equal(sim.shrink({ ...options, faults: [] }), null, 'what does not fail is not shrunk');
  } finally {
    sources.remove();
  }
});

test('what an agent decided in a run is a scenario that replays to the same transcript', () => {
  const scenarios = scenariosOf(drawOptions(17, { hostsMax: 1 }), 'Seed 17.');
  assert.ok(scenarios.length > 0);
  for (const { text } of scenarios) {
    const parsed = parseScenario(text);
    assert.ok(parsed.ok);
    assert.ok(parsed.transcript.length > 3);
    const again = walk(parsed.recording);
    assert.deepEqual(again.divergences, []);
    assert.deepEqual(transcript(again), parsed.transcript);
  }
});

test('a case in a file runs as its seed does', () => {
  const options = drawOptions(17, { hostsMax: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'hotwarm-case-'));
  try {
    const file = join(folder, 'case.json');
    writeFileSync(file, JSON.stringify(options));
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const play = (...words: readonly string[]): string =>
      execFileSync(process.execPath, [main, '--hosts', '1', ...words], { encoding: 'utf8' });
    assert.equal(play('--case', file), play('--seed', '17'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
