// How fast the simulation is. Years: a pair with the default timings, at default fault rates, on all cores, as
// `hotwarm simulate` does it. Steps: of the core, on one core, in the worlds of `make sim`, with one to three hosts.
// Exits 1 when a bar is missed.
//   node bench/sim.ts [--years 1000] [--seeds 300] [--json]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planLife, runLives } from '../src/cli/simulate/lives.ts';
import { loadConfig } from '../src/config/load.ts';
import type { ResolvedService } from '../src/config/resolved.ts';
import { run } from '../src/sim/run.ts';
import { drawOptions } from '../src/sim/swarm.ts';

const BAR_YEARS_PER_MINUTE = 1000;
const BAR_STEPS_PER_SECOND = 300_000;
const LIVES = 40;

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

type Steps = { readonly hosts: number; readonly steps: number; readonly perSecond: number };

function stepsPerSecond(seeds: number, hosts: number): Steps {
  let steps = 0;
  const beganAt = performance.now();
  for (let seed = 1; seed <= seeds; seed += 1)
    steps += run(drawOptions(seed, { hostsMax: hosts })).stats.steps;
  return { hosts, steps, perSecond: (steps / (performance.now() - beganAt)) * 1000 };
}

const { values } = parseArgs({
  options: {
    years: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
});
// The first run is that of code that is not compiled yet.
stepsPerSecond(20, 1);
const steps = [1, 2, 3].map((hosts) => stepsPerSecond(Number(values.seeds), hosts));
const years = await yearsPerMinute(Number(values.years));
const fastest = Math.max(...steps.map(({ perSecond }) => perSecond));
const bars = [
  { what: `${BAR_YEARS_PER_MINUTE} service-years a minute`, ok: years >= BAR_YEARS_PER_MINUTE },
  {
    what: `${BAR_STEPS_PER_SECOND} steps a second on one core`,
    ok: fastest >= BAR_STEPS_PER_SECOND,
  },
];
if (values.json) {
  console.log(JSON.stringify({ yearsPerMinute: years, steps, bars }, null, 2));
} else {
  console.log(`${Math.round(years)} service-years a minute, ${values.years} years`);
  for (const one of steps)
    console.log(
      `up to ${one.hosts} hosts: ${Math.round(one.perSecond)} steps a second, ${one.steps} steps`,
    );
  for (const { what, ok } of bars) console.log(`${ok ? 'PASS' : 'FAIL'}  ${what}`);
}
process.exitCode = bars.every(({ ok }) => ok) ? 0 : 1;
