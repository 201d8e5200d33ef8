// What clients see of a takeover: real processes killed and hung under an open-loop load of 200 requests/s,
// each on a connection of its own, seen from outside. Prints a table and PASS or FAIL for each bar; exits 1
// when a bar is missed.
//   node bench/takeover.ts [--trials 20] [--only kill|exclusive|hang|post|large|large-exclusive] [--json]
import { parseArgs } from 'node:util';
import { percentile } from '../src/core/percentile.ts';
import { largeCommand, startSample } from '../src/drill/sample-service.ts';
import { runTrial, type TrialReport } from '../src/drill/trial.ts';

type Case = {
  readonly name: string;
  readonly title: string;
  readonly exclusive: boolean;
  readonly method: 'GET' | 'POST';
  readonly fault: 'kill' | 'hang';
  /** Memory that each member holds beside its own: the kernel frees it before it tells of the exit. */
  readonly ballastGib: 0 | 1;
  /** Bars on the longest gap, ms; null: reported only. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Requests that may fail in one trial: none, or those in flight at the fault. */
  readonly failedPerTrial: number;
};

const CASES: readonly Case[] = [
  {
    name: 'kill',
    title: 'kill -9, GET',
    exclusive: false,
    method: 'GET',
    fault: 'kill',
    ballastGib: 0,
    p50Ms: 12,
    p99Ms: 25,
    failedPerTrial: 0,
  },
  {
    name: 'exclusive',
    title: 'kill -9, GET, exclusive',
    exclusive: true,
    method: 'GET',
    fault: 'kill',
    ballastGib: 0,
    p50Ms: 40,
    p99Ms: null,
    failedPerTrial: 0,
  },
  {
    name: 'hang',
    title: 'SIGSTOP, GET',
    exclusive: false,
    method: 'GET',
    fault: 'hang',
    ballastGib: 0,
    p50Ms: 110,
    p99Ms: 200,
    failedPerTrial: 0,
  },
  {
    name: 'post',
    title: 'kill -9, POST',
    exclusive: false,
    method: 'POST',
    fault: 'kill',
    ballastGib: 0,
    p50Ms: null,
    p99Ms: null,
    failedPerTrial: 4,
  },
  {
    name: 'large',
    title: 'kill -9 of 1 GiB, GET',
    exclusive: false,
    method: 'GET',
    fault: 'kill',
    ballastGib: 1,
    p50Ms: 40,
    p99Ms: null,
    failedPerTrial: 0,
  },
  {
    name: 'large-exclusive',
    title: 'kill -9 of 1 GiB, GET, exclusive',
    exclusive: true,
    method: 'GET',
    fault: 'kill',
    ballastGib: 1,
    p50Ms: null,
    p99Ms: null,
    failedPerTrial: 0,
  },
];

const RATE_PER_SECOND = 200;
const WARM_UP_MS = 2000;

async function runCase(item: Case, trials: number): Promise<readonly TrialReport[]> {
  const sample = await startSample({
    exclusive: item.exclusive,
    intervalMs: 20,
    timeoutMs: 100,
    ...(item.ballastGib === 0 ? {} : { command: largeCommand(item.ballastGib) }),
    onEvent: () => undefined,
  });
  const load = sample.load({ method: item.method, ratePerSecond: RATE_PER_SECOND });
  const reports: TrialReport[] = [];
  try {
    load.start();
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    for (let trial = 0; trial < trials; trial += 1)
      reports.push(await runTrial({ ...sample, load, act: item.fault }));
  } finally {
    await load.stop();
    await sample.close();
  }
  const during = reports.reduce((sum, report) => sum + report.failures.length, 0);
  const quiet = load.failures.length - during;
  if (quiet > 0)
    console.log(
      `${item.title}: ${quiet} requests failed outside the trials: ${load.failures.map(({ reason }) => reason).join('; ')}`,
    );
  return reports;
}

function summarise(item: Case, reports: readonly TrialReport[]) {
  const gaps = reports.map(({ gapMs }) => gapMs);
  const failed = reports.map(({ failures }) => failures.length);
  const stepOf = (read: (report: TrialReport) => number | null | undefined) =>
    percentile(
      reports.flatMap((report) => read(report) ?? []),
      0.5,
    );
  return {
    title: item.title,
    trials: reports.length,
    gapP50Ms: percentile(gaps, 0.5) ?? 0,
    gapP99Ms: percentile(gaps, 0.99) ?? 0,
    gapMaxMs: percentile(gaps, 1) ?? 0,
    failed: failed.reduce((sum, count) => sum + count, 0),
    failedMax: Math.max(...failed),
    detectMs: stepOf((report) => report.steps?.detectMs),
    fenceMs: stepOf((report) => report.steps?.fenceMs),
    switchMs: stepOf((report) => report.steps?.switchMs),
    reasons: [...new Set(reports.flatMap((report) => report.failures.map(({ reason }) => reason)))],
  };
}

function barsOf(
  item: Case,
  summary: ReturnType<typeof summarise>,
): readonly { bar: string; met: boolean }[] {
  const gapBar = (name: string, barMs: number | null, gapMs: number) =>
    barMs === null
      ? []
      : [
          {
            bar: `${item.title}: gap ${name} ≤ ${barMs} ms (${gapMs.toFixed(1)})`,
            met: gapMs <= barMs,
          },
        ];
  return [
    ...gapBar('p50', item.p50Ms, summary.gapP50Ms),
    ...gapBar('p99', item.p99Ms, summary.gapP99Ms),
    {
      bar: `${item.title}: at most ${item.failedPerTrial} failed in a trial (${summary.failedMax})`,
      met: summary.failedMax <= item.failedPerTrial,
    },
  ];
}

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const results = [];
for (const item of CASES.filter(({ name }) => values.only === undefined || values.only === name)) {
  const summary = summarise(item, await runCase(item, Number(values.trials)));
  results.push({ summary, bars: barsOf(item, summary) });
  if (!values.json) console.error(`${item.title}: done`);
}
if (values.json) console.log(JSON.stringify(results, null, 2));
else {
  console.table(
    Object.fromEntries(
      results.map(({ summary: { title, reasons: _reasons, ...figures } }) => [
        title,
        Object.fromEntries(
          Object.entries(figures).map(([key, value]) => [
            key,
            typeof value === 'number' ? Number(value.toFixed(1)) : '-',
          ]),
        ),
      ]),
    ),
  );
  for (const { summary } of results)
    for (const reason of summary.reasons) console.log(`${summary.title}: failed: ${reason}`);
  for (const { bar, met } of results.flatMap(({ bars }) => bars))
    console.log(`${met ? 'PASS' : 'FAIL'}  ${bar}`);
}
process.exitCode = results.every(({ bars }) => bars.every(({ met }) => met)) ? 0 : 1;
