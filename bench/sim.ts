// How fast the simulation is. Years: a pair with the default timings, at default fault rates, on all cores, as
// `hotwarm simulate` does it. Calm: a minute of one service on 2 to 16 hosts, each with an agent and a member, on one core, as
// the best of some rounds: steps of the core a second, and whether what a step costs grows with the agents. Checked: steps
// in the worlds of `make sim`, with all their faults and checks, where each agent's steps are also replayed from its journal.
// Exits 1 when a bar is missed.
//   node bench/sim.ts [--years 1000] [--seeds 300] [--json]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planLife, runLives } from '../src/cli/simulate/run-pool.ts';
import { loadConfig } from '../src/config/load.ts';
import type { ResolvedService } from '../src/config/resolved.ts';
import { NO_MISHAPS, type SimulationOptions } from '../src/sim/options.ts';
import { run } from '../src/sim/run.ts';
import { drawOptions } from '../src/sim/swarm.ts';

const BAR_YEARS_PER_MINUTE = 1000;
const BAR_STEPS_PER_SECOND = 300_000;
/** What a step may cost with 16 agents beside one with 2: were every agent to burden all others, it would be eight times as much. */
const BAR_GROWTH = 2;
const LIVES = 40;
const WARM_UP = 100;
const AGENTS = [2, 4, 8, 16];
/** Runs of each number of agents, one number after the other. */
const ROUNDS = 5;

const CONFIG = `services:
  shop:
    members:
      a: { command: [node, server.js], port: 3001 }
      b: { command: [node, server.js], port: 3002 }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { http: /healthz }
`;

function defaultService(): ResolvedService {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-bench-'));
  try {
    const file = join(directory, 'hotwarm.yaml');
    writeFileSync(file, CONFIG);
    const [service] = loadConfig(file).services;
    if (service === undefined) throw new Error('the configuration has no service');
    return service;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function yearsPerMinute(years: number): Promise<number> {
  const service = defaultService();
  const { rates } = service.faults;
  const seeds = Array.from({ length: LIVES }, (_, index) => index + 1);
  const beganAt = performance.now();
  await runLives(planLife(service, { rates, years: years / LIVES }), seeds);
  return (years / (performance.now() - beganAt)) * 60_000;
}

type Checked = {
  readonly hosts: number;
  /** Of the agents, and of the core as a whole, which also replays the agents' journals. */
  readonly steps: number;
  readonly coreSteps: number;
  readonly perSecond: number;
  readonly corePerSecond: number;
};

function stepsPerSecond(seeds: number, hosts: number): Checked {
  let steps = 0;
  let replayed = 0;
  const beganAt = performance.now();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { stats } = run({ ...drawOptions(seed, { hostsMax: hosts }), replays: true });
    steps += stats.steps;
    replayed += stats.replayed;
  }
  const seconds = (performance.now() - beganAt) / 1000;
  const coreSteps = steps + replayed;
  return {
    hosts,
    steps,
    coreSteps,
    perSecond: steps / seconds,
    corePerSecond: coreSteps / seconds,
  };
}

type Calm = { readonly agents: number; readonly steps: number; readonly usPerStep: number };

/** The same calm minute of one service, which is spread over ever more hosts. */
function spreadOver(agents: number): SimulationOptions {
  const options = drawOptions(1, { hostsMax: 1 });
  const hosts = Array.from({ length: agents }, (_, index) => `h${index + 1}`);
  return {
    ...options,
    hosts,
    services: options.services.map((service) => ({
      ...service,
      exclusive: true,
      detection: { ...service.detection, intervalMs: 20, timeoutMs: 50, maxSilenceMs: 70 },
      members: hosts.map((host) => ({ name: `on-${host}`, host, temperature: 'hot' })),
    })),
    store: 'remote',
    faults: [],
    mishaps: NO_MISHAPS,
    safetyMs: 60_000,
    replays: false,
  };
}

function inCalm(): readonly Calm[] {
  const best = new Map<number, Calm>();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const agents of AGENTS) {
      const beganAt = performance.now();
      const { steps } = run(spreadOver(agents)).stats;
      const usPerStep = ((performance.now() - beganAt) * 1000) / steps;
      if (usPerStep < (best.get(agents)?.usPerStep ?? Number.POSITIVE_INFINITY))
        best.set(agents, { agents, steps, usPerStep });
    }
  return [...best.values()];
}

const { values } = parseArgs({
  options: {
    years: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
// The first run is that of code that is not compiled yet.
stepsPerSecond(WARM_UP, 1);
const checked = [1, 2, 3].map((hosts) => stepsPerSecond(Number(values.seeds), hosts));
const grown = inCalm();
const years = await yearsPerMinute(Number(values.years));
const calm = 1e6 / (grown[0]?.usPerStep ?? Number.POSITIVE_INFINITY);
const dearer = (grown.at(-1)?.usPerStep ?? Number.POSITIVE_INFINITY) / (grown[0]?.usPerStep ?? 1);
const bars = [
  { what: `${BAR_YEARS_PER_MINUTE} service-years a minute`, ok: years >= BAR_YEARS_PER_MINUTE },
  {
    what: `${BAR_STEPS_PER_SECOND} steps of the core a second on one core`,
    ok: calm >= BAR_STEPS_PER_SECOND,
  },
  {
    what: `a step with ${AGENTS.at(-1)} agents costs at most ${BAR_GROWTH} times one with ${AGENTS[0]}`,
    ok: dearer <= BAR_GROWTH,
  },
];
if (values.json) {
  console.log(JSON.stringify({ yearsPerMinute: years, calm: grown, checked, bars }, null, 2));
} else {
  console.log(`${Math.round(years)} service-years a minute, ${values.years} years`);
  for (const { agents, steps: taken, usPerStep } of grown)
    console.log(
      `calm, ${agents} agents: ${Math.round(1e6 / usPerStep)} steps a second, ${taken} steps`,
    );
  for (const one of checked)
    console.log(
      `checked, up to ${one.hosts} hosts: ${Math.round(one.corePerSecond)} steps a second, ` +
        `${Math.round(one.perSecond)} of them of agents, the others of replays`,
    );
  for (const { what, ok } of bars) console.log(`${ok ? 'PASS' : 'FAIL'}  ${what}`);
}
process.exitCode = bars.every(({ ok }) => ok) ? 0 : 1;
