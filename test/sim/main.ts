import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Violation } from '../../src/sim/checkers/contract.ts';
import { LEGEND } from '../../src/sim/narrate.ts';
import { run } from '../../src/sim/run.ts';
import type { SimulationOptions } from '../../src/sim/options.ts';
import { isSwarm, SWARMS } from '../../src/sim/swarms.ts';
import { describeFailure, readCase } from './failure.ts';

// make sim SEEDS=N: runs N seeds side by side on all cores, prints what was violated under which seed, and ends with 1 if
// anything was. --swarm NAME draws from another swarm than the usual one. --seed S runs that one again and prints its timeline. What all seeds did is hashed, so that two versions of
// Node, or two machines, can be compared.

const USAGE =
  'main.ts [--seeds N] [--from S] | --seed S, each with [--swarm NAME] [--hosts N] | --case FILE';
const REPORTED = 20;
/** Each takes some seconds. */
const SHRUNK = 3;
const SHARE = 25;
const DIGESTED = 1000;

type Failure = { readonly seed: number; readonly violations: readonly Violation[] };
type Batch = {
  readonly from: number;
  readonly hashes: readonly string[];
  readonly failures: readonly Failure[];
  readonly steps: number;
  readonly simulatedMs: number;
  readonly undecided: number;
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    hosts: { type: 'string', default: '3' },
    swarm: { type: 'string', default: 'usual' },
    seed: { type: 'string' },
    case: { type: 'string' },
    worker: { type: 'boolean', default: false },
  },
});

function whole(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`--${name} ${text} is not a whole number; usage: ${USAGE}`);
  return value;
}

const hostsMax = whole(values.hosts, 'hosts');
const swarm = isSwarm(values.swarm) ? SWARMS[values.swarm] : null;
if (swarm === null)
  throw new RangeError(`--swarm ${values.swarm} is none of ${Object.keys(SWARMS).join(', ')}`);
const draw = (seed: number): SimulationOptions => swarm(seed, { hostsMax });

function runBatch(from: number, count: number): Batch {
  const failures: Failure[] = [];
  const hashes: string[] = [];
  let steps = 0;
  let simulatedMs = 0;
  let undecided = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const { violations, stats, hash } = run(draw(seed));
    if (violations.length > 0) failures.push({ seed, violations });
    hashes.push(hash);
    steps += stats.steps;
    simulatedMs += stats.simulatedMs;
    undecided += stats.undecided;
  }
  return { from, hashes, failures, steps, simulatedMs, undecided };
}

/** A worker asks for no more than it is given: one share of the seeds after the other. */
function work(): void {
  process.on('message', (message: { from: number; count: number }) =>
    process.send?.(runBatch(message.from, message.count)),
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function replay(options: SimulationOptions): void {
  const { faults, services, ...rest } = options;
  print(JSON.stringify(rest));
  for (const service of services) print(JSON.stringify(service));
  for (const fault of faults) print(JSON.stringify(fault));
  print(LEGEND);
  const { trace, violations, stats, hash } = run({ ...options, keepsTrace: true });
  for (const { atMs, where, what } of trace ?? [])
    if (what !== '') print(`${atMs.toFixed(1).padStart(9)}  ${where.padEnd(5)}  ${what}`);
  for (const { rule, atMs, detail } of violations)
    print(`violated at ${atMs} ms: ${rule}: ${detail}`);
  print(`${JSON.stringify(stats)} hash ${hash}`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}

async function runAll(from: number, seeds: number): Promise<void> {
  const startedAt = performance.now();
  const batches: Batch[] = [];
  let next = from;
  const workers = Array.from({ length: Math.min(availableParallelism(), seeds) }, async () => {
    const worker = fork(fileURLToPath(import.meta.url), [
      '--worker',
      '--hosts',
      values.hosts,
      '--swarm',
      values.swarm,
    ]);
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        const count = Math.min(SHARE, from + seeds - next);
        if (count <= 0) {
          worker.disconnect();
          return;
        }
        worker.send({ from: next, count });
        next += count;
      };
      worker.on('message', (batch: Batch) => {
        batches.push(batch);
        give();
      });
      worker.on('error', reject);
      worker.on('exit', (code) =>
        code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
      );
      give();
    });
  });
  await Promise.all(workers);
  summarise(batches, seeds, (performance.now() - startedAt) / 1000);
}

/** One line for each thousand seeds: the same on every machine and every version of Node. */
function digests(batches: readonly Batch[]): readonly string[] {
  const inOrder = batches.toSorted((a, b) => a.from - b.from);
  const first = inOrder[0]?.from ?? 0;
  const hashes = inOrder.flatMap((batch) => batch.hashes);
  const lines: string[] = [];
  for (let index = 0; index < hashes.length; index += DIGESTED) {
    const some = hashes.slice(index, index + DIGESTED);
    const digest = createHash('sha256').update(some.join('\n')).digest('hex').slice(0, 16);
    lines.push(`seeds ${first + index} to ${first + index + some.length - 1} hash to ${digest}`);
  }
  return lines;
}

function summarise(batches: readonly Batch[], seeds: number, seconds: number): void {
  const total = (pick: (batch: Batch) => number): number =>
    batches.reduce((sum, batch) => sum + pick(batch), 0);
  const failures = batches.flatMap((batch) => batch.failures).toSorted((a, b) => a.seed - b.seed);
  for (const { seed, violations } of failures.slice(0, REPORTED))
    for (const { rule, atMs, detail } of violations)
      process.stdout.write(`seed ${seed} at ${atMs} ms: ${rule}: ${detail}\n`);
  for (const { seed } of failures.slice(0, SHRUNK))
    for (const line of describeFailure(draw(seed))) print(line);
  for (const line of digests(batches)) print(line);
  const steps = total((batch) => batch.steps);
  process.stdout.write(
    `${seeds} seeds, ${failures.length} failed; ${Math.round(seeds / seconds)} seeds/s, ` +
      `${Math.round(steps / seconds)} steps/s, ${Math.round(total((b) => b.simulatedMs) / 60_000)} simulated minutes, ` +
      `${total((b) => b.undecided)} histories undecided\n`,
  );
  process.exitCode = failures.length > 0 ? 1 : 0;
}

if (values.worker) work();
else if (values.seed !== undefined) replay(draw(whole(values.seed, 'seed')));
else if (values.case !== undefined) replay(readCase(values.case));
else await runAll(whole(values.from, 'from'), whole(values.seeds, 'seeds'));
