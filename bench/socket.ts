// What clients see of a service without a proxy hop (`via: socket`, the standby frozen): all processes of the active
// member are killed under an open-loop load of 200 requests/s, each on a connection of its own; then the service is
// moved as planned as often. Before, each member has served the same load for a while. Prints a table and PASS or
// FAIL for each bar; exits 1 when a bar is missed.
//   node bench/socket.ts [--trials 20] [--only node|gunicorn|large] [--json]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/clock.ts';
import { percentile } from '../src/core/percentile.ts';
import type { OpenLoopLoad } from '../src/drill/load.ts';
import { largeCommand, startSample, type Sample } from '../src/drill/sample-service.ts';
import { standsByFrozen } from './peers/hotwarm.ts';

type Case = {
  readonly name: string;
  readonly title: string;
  /** null: that of the sample. */
  readonly command: readonly string[] | null;
  /** Bar on the longest gap. */
  readonly p50Ms: number;
};

const FLASK = fileURLToPath(new URL('../examples/flask', import.meta.url));
const GUNICORN = ['gunicorn', '--config', `${FLASK}/gunicorn.conf.py`, '--chdir', FLASK, 'app:app'];

const CASES: readonly Case[] = [
  { name: 'node', title: 'Node', command: null, p50Ms: 20 },
  { name: 'gunicorn', title: 'gunicorn', command: GUNICORN, p50Ms: 20 },
  { name: 'large', title: 'Node, 1 GiB', command: largeCommand(1), p50Ms: 40 },
];

const RATE_PER_SECOND = 200;
const WARM_UP_MS = 2000;
const WITHIN_MS = 30_000;
/** Load goes on for this long after a move, so that late failures are seen. */
const AFTERMATH_MS = 300;

type Trial = {
  readonly gapMs: number;
  readonly failed: number;
  readonly refused: number;
  readonly inFlight: number;
  readonly reason: string | null;
};

type Move = 'kill' | 'switchover';

async function runTrial(sample: Sample, load: OpenLoopLoad, move: Move): Promise<Trial> {
  const { agent, service } = sample;
  const before = await agent.until(service, 'a frozen standby', standsByFrozen, WITHIN_MS);
  const inFlight = load.sent - load.completions.length - load.failures.length;
  const at = monotonicMs();
  if (move === 'switchover') await switchOver(sample);
  else process.kill(-(before.members[before.active ?? '']?.pid ?? Number.NaN), 'SIGKILL');
  const after = await agent.until(
    service,
    'the takeover',
    (now) => standsByFrozen(now) && now.active !== before.active && now.epoch > before.epoch,
    WITHIN_MS,
  );
  await pause(AFTERMATH_MS);
  const end = monotonicMs();
  const failures = load.failuresBetween(at, end);
  const incident = await agent.incident(after.lastIncident?.id ?? 0);
  const cause = incident?.incident.cause;
  return {
    gapMs: load.longestGapMs(at, end),
    failed: failures.length,
    refused: failures.filter(({ reason }) => reason.includes('ECONNREFUSED')).length,
    inFlight,
    reason: cause?.code === 'memberFailed' ? cause.reason : null,
  };
}

async function switchOver({ apiPort, service }: Sample): Promise<void> {
  const url = `http://127.0.0.1:${apiPort}/api/v1/services/${service}/switchover`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: '{}' });
  if (!response.ok) throw new Error(`switchover: ${response.status} ${await response.text()}`);
}

type Outcome = {
  readonly item: Case;
  readonly kills: readonly Trial[];
  readonly moves: readonly Trial[];
};

async function runCase(item: Case, trials: number): Promise<Outcome> {
  const sample = await startSample({
    exclusive: false,
    via: 'socket',
    intervalMs: 20,
    timeoutMs: 100,
    ...(item.command === null ? {} : { command: item.command }),
    onEvent: () => undefined,
  });
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  const kills: Trial[] = [];
  const moves: Trial[] = [];
  try {
    load.start();
    // Code that runs for the first time is slow, in the agent and in the members.
    for (let member = 0; member < 2; member += 1) {
      await pause(WARM_UP_MS);
      await runTrial(sample, load, 'switchover');
    }
    for (let trial = 0; trial < trials; trial += 1)
      moves.push(await runTrial(sample, load, 'switchover'));
    for (let trial = 0; trial < trials; trial += 1)
      kills.push(await runTrial(sample, load, 'kill'));
  } finally {
    await load.stop();
    await sample.close();
  }
  return { item, kills, moves };
}

function sum(trials: readonly Trial[], of: (trial: Trial) => number): number {
  return trials.reduce((total, trial) => total + of(trial), 0);
}

function rowOf(trials: readonly Trial[]) {
  const gaps = trials.map(({ gapMs }) => gapMs);
  const gap = (share: number) => Number((percentile(gaps, share) ?? 0).toFixed(1));
  return {
    trials: trials.length,
    'gap p50 ms': gap(0.5),
    'gap p99 ms': gap(0.99),
    'gap max ms': gap(1),
    failed: sum(trials, ({ failed }) => failed),
    refused: sum(trials, ({ refused }) => refused),
    'seen before the exit': trials.filter(({ reason }) => reason === 'exiting').length,
  };
}

function rowsOf({ item, kills, moves }: Outcome) {
  return [
    [`${item.title}, kill -9`, rowOf(kills)],
    [`${item.title}, switchover`, rowOf(moves)],
  ] as const;
}

function barsOf({ item, kills, moves }: Outcome): readonly { bar: string; met: boolean }[] {
  const p50Ms =
    percentile(
      kills.map(({ gapMs }) => gapMs),
      0.5,
    ) ?? Number.POSITIVE_INFINITY;
  const refused = sum(kills, (trial) => trial.refused);
  const excess = kills.filter(({ failed, inFlight }) => failed > inFlight).length;
  const planned = sum(moves, ({ failed }) => failed);
  const { title } = item;
  return [
    { bar: `${title}: gap p50 ≤ ${item.p50Ms} ms (${p50Ms.toFixed(1)})`, met: p50Ms <= item.p50Ms },
    { bar: `${title}: no connection refused (${refused})`, met: refused === 0 },
    { bar: `${title}: none failed but what was in flight (${excess} trials)`, met: excess === 0 },
    {
      bar: `${title}: ${moves.length} switchovers without an error (${planned})`,
      met: planned === 0,
    },
  ];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const outcomes: Outcome[] = [];
for (const item of CASES.filter(({ name }) => values.only === undefined || values.only === name)) {
  outcomes.push(await runCase(item, Number(values.trials)));
  if (!values.json) console.error(`${item.title}: done`);
}
const bars = outcomes.flatMap(barsOf);
if (values.json) console.log(JSON.stringify({ outcomes, bars }, null, 2));
else {
  console.table(Object.fromEntries(outcomes.flatMap(rowsOf)));
  for (const { bar, met } of bars) console.log(`${met ? 'PASS' : 'FAIL'}  ${bar}`);
}
process.exitCode = bars.length > 0 && bars.every(({ met }) => met) ? 0 : 1;
