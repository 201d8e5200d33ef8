import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportScenario } from '../../src/replay/scenario.ts';
import { walk } from '../../src/replay/verify.ts';
import type { MakeChecker } from '../../src/sim/checkers/contract.ts';
import type { Life } from '../../src/sim/journal.ts';
import type { SimulationOptions } from '../../src/sim/options.ts';
import { shrink } from '../../src/sim/shrink.ts';
import { Simulation } from '../../src/sim/simulation.ts';

// What is left of a failing seed for whoever looks at it: the smallest case that still fails, as a file that `make sim CASE=FILE`
// runs, and, for each agent that had an incident in it, that incident as a scenario in the form of test/scenarios: the
// events of this one agent, from which the real core makes the same decisions. What only a checker sees, as it needs
// the whole world, is not in a scenario.

/** Runs of cases are short; a life with more events than this is told by its case alone. */
const EVENTS_LIMIT = 20_000;

export function describeFailure(options: SimulationOptions): readonly string[] {
  const shrunk = shrink(options);
  if (shrunk === null) return [];
  const { violation, runs } = shrunk;
  const folder = join(tmpdir(), 'hotwarm-sim');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `seed-${options.seed}.json`);
  writeFileSync(file, `${JSON.stringify(shrunk.options, null, 1)}\n`);
  const scenarios = scenariosOf(shrunk.options, `Seed ${options.seed}: ${violation.rule}.`);
  const lines = [
    `seed ${options.seed}: ${options.faults.length} faults shrunk to ${shrunk.options.faults.length} in ${runs} runs; ` +
      `${violation.rule} at ${violation.atMs} ms: ${violation.detail.split('\n')[0]}`,
    ...shrunk.options.faults.map(
      ({ verb, atMs, forMs, target, amount }) =>
        `  at ${atMs} ms ${verb} ${target} for ${forMs} ms (${amount})`,
    ),
    `  again: make sim CASE=${file}`,
  ];
  for (const { host, text } of scenarios) {
    const scenario = join(folder, `seed-${options.seed}-${host}.txt`);
    writeFileSync(scenario, text);
    lines.push(`  what ${host} decided: ${scenario}`);
  }
  return lines;
}

export function readCase(file: string): SimulationOptions {
  const options: SimulationOptions = JSON.parse(readFileSync(file, 'utf8'));
  return options;
}

export type AgentScenario = { readonly host: string; readonly text: string };

/** The last incident of each life of each agent. */
export function scenariosOf(options: SimulationOptions, comment: string): readonly AgentScenario[] {
  const lives: Life[] = [];
  const collect: MakeChecker = () => ({ rule: '', lifeEnded: (life) => lives.push(life) });
  new Simulation({ ...options, replays: true, keepsTrace: false }, [collect]).run();
  const scenarios: AgentScenario[] = [];
  for (const { host, initial, events, last } of lives) {
    if (events.length > EVENTS_LIMIT) continue;
    for (const { name: service, incident } of last.services) {
      if (incident === null) continue;
      const config = { host, services: options.services };
      const at = { service, incident: incident.id, config, state: initial, events };
      const text = exportScenario(walk({ ...at, checkpoints: [], stored: null }), comment);
      const isSame = scenarios.some((known) => known.host === host);
      if (text !== null)
        scenarios.push({ host: isSame ? `${host}-${scenarios.length}` : host, text });
    }
  }
  return scenarios;
}
