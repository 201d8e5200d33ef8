// What a data plane costs: throughput at full load, latency at half of hotwarm's throughput, and CPU time for each
// request, of no proxy, hotwarm's, HAProxy (one thread) and nginx (one worker), all before the same server process, and
// of a member that accepts from its service's socket (via: socket), where there is nothing between, asked there and at its
// own port.
// The client is wrk. Rounds go through all targets, each beginning with another; ratios are taken within a round.
// Prints tables and PASS or FAIL for each bar; exits 1 when a bar is missed.
//   node bench/proxy.ts [--rounds 3] [--seconds 2] [--only pinned|own-core|one-core|unpinned] [--json] [--write]
import { parseArgs } from 'node:util';
import { cpuTimeUs, pin, watchOthers } from './peers/processes.ts';
import {
  barsOf,
  PLACE_NAMES,
  PLACES,
  SIZES,
  tableOf,
  type Place,
  type Sample,
  type Size,
} from './peers/proxy-report.ts';
import { startTargets, type Target, type Targets } from './peers/targets.ts';
import { runWrk } from './peers/wrk.ts';
import { describeMachine, noiseWarning, writeSection } from './report.ts';

const WARM_UP_SECONDS = 2;
const FULL_CONNECTIONS = 64;
const HALF_CONNECTIONS = 128;
/** Making all connections at once, at its start, delays a hundred requests or two, which is too many for a p99 of two seconds. */
const HALF_LASTS = 3;

type Full = {
  readonly target: Target;
  readonly requestsPerSecond: number;
  readonly cpuUs: number;
  readonly failed: number;
};

async function runFull(target: Target, place: Place, size: Size, seconds: number): Promise<Full> {
  const cpu = () => target.pids.reduce((total, pid) => total + cpuTimeUs(pid), 0);
  const before = cpu();
  const { requests, durationUs, failed } = await runWrk({
    port: target.port,
    path: SIZES[size],
    seconds,
    connections: FULL_CONNECTIONS,
    thinkMs: 0,
    core: PLACES[place].client,
  });
  return {
    target,
    requestsPerSecond: (requests / durationUs) * 1e6,
    cpuUs: (cpu() - before) / requests,
    failed,
  };
}

async function runRound(
  targets: readonly Target[],
  options: {
    readonly place: Place;
    readonly size: Size;
    readonly round: number;
    readonly seconds: number;
  },
): Promise<readonly Sample[]> {
  const { place, size, round, seconds } = options;
  const full: Full[] = [];
  for (const target of targets) full.push(await runFull(target, place, size, seconds));
  const own = full.find(({ target }) => target.name === 'hotwarm')?.requestsPerSecond ?? 0;
  const samples: Sample[] = [];
  for (const { target, requestsPerSecond, cpuUs, failed } of full) {
    const half = await runWrk({
      port: target.port,
      path: SIZES[size],
      seconds: HALF_LASTS * seconds,
      connections: HALF_CONNECTIONS,
      thinkMs: (HALF_CONNECTIONS / (own / 2)) * 1000,
      core: PLACES[place].client,
    });
    samples.push({
      place,
      size,
      target: target.name,
      round,
      requestsPerSecond,
      cpuUs,
      halfRequestsPerSecond: (half.requests / half.durationUs) * 1e6,
      halfP50Us: half.p50Us,
      halfP99Us: half.p99Us,
      failed: failed + half.failed,
    });
  }
  return samples;
}

function settle(all: Targets, where: Place): void {
  const cores = PLACES[where];
  for (const pid of [all.backendPid, ...all.otherPids]) pin(pid, cores.server);
  for (const pid of all.targets.flatMap(({ pids }) => pids)) pin(pid, cores.proxy);
}

async function measure(
  all: Targets,
  options: { readonly rounds: number; readonly seconds: number; readonly places: readonly Place[] },
): Promise<readonly Sample[]> {
  const { rounds, seconds, places } = options;
  const samples: Sample[] = [];
  // Code that is run for the first time is slow, the server's as well as the proxies'.
  for (const size of ['small', 'large'] as const)
    for (const target of all.targets) await runFull(target, 'unpinned', size, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round += 1) {
    const start = round % all.targets.length;
    const order = [...all.targets.slice(start), ...all.targets.slice(0, start)];
    for (const where of places) {
      settle(all, where);
      for (const size of ['small', 'large'] as const)
        samples.push(...(await runRound(order, { place: where, size, round, seconds })));
    }
    console.error(`round ${round + 1} of ${rounds}: done`);
  }
  return samples;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const others = watchOthers();
  const places = PLACE_NAMES.filter((name) => values.only === undefined || values.only === name);
  if (places.length === 0) throw new Error(`no such place: ${values.only}`);
  const all = await startTargets();
  try {
    const rounds = Number(values.rounds);
    const samples = await measure(all, { rounds, seconds: Number(values.seconds), places });
    const otherCores = others();
    const machine = describeMachine(otherCores);
    const warning = noiseWarning(otherCores);
    if (warning !== null) console.error(warning);
    const bars = barsOf(samples);
    const tables = places
      .flatMap((where) =>
        (['small', 'large'] as const).map((size) => tableOf(samples, all.targets, where, size)),
      )
      .join('\n\n');
    if (values.json) console.log(JSON.stringify({ machine, samples, bars }, null, 2));
    else {
      console.log(`${tables}\n\n${rounds} rounds; ${machine}`);
      for (const { bar, met } of bars) console.log(`${met ? 'PASS' : 'FAIL'}  ${bar}`);
    }
    if (values.write)
      writeSection(
        'proxy',
        [tables, `${rounds} rounds; ${machine}.`, ...(warning === null ? [] : [warning])].join(
          '\n\n',
        ),
      );
    process.exitCode = bars.every(({ met }) => met) ? 0 : 1;
  } finally {
    await all.close();
  }
}

await main();
