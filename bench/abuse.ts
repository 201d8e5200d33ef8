// Abuse of the data plane: garbage, half and slow heads, slow bodies, resets, pipelining, huge heads, endless chunks,
// readers that do not read and crowds of connections (bench/attacks.ts), all at once, with a light normal load beside
// them; before it the same load alone. Exits 1 when the data plane or the active changed, a normal request failed, or
// memory goes on growing.
//   node bench/abuse.ts [--minutes 10] [--json]
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startSample, type Sample } from '../src/drill/sample-service.ts';
import { helperOf } from './peers/processes.ts';

const RATE_PER_SECOND = 50;
const CALM_SECONDS = 30;
/** Memory may grow by this much a minute once everything is in use; shorter runs do not tell. */
const GROWTH_BAR_MIB = 2;
const GROWTH_MINUTES = 5;

type Phase = {
  readonly name: string;
  readonly requests: number;
  readonly failed: number;
  readonly reasons: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly decisionP99Ms: number;
  readonly timerLagP99Ms: number;
};

type Memory = { readonly atSeconds: number; readonly rssMiB: number };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function dataPlaneOf(agentPid: number): number {
  return helperOf(agentPid, 'hotwarm-proxy') ?? Number.NaN;
}

function rssMiBOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  } catch {
    return Number.NaN; // It has ended, which is told of.
  }
}

async function metric(sample: Sample, name: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${sample.apiPort}/metrics`);
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(await answer.text())?.[1]);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

async function measure(name: string, sample: Sample, act: () => Promise<void>): Promise<Phase> {
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  load.start();
  await act();
  await load.stop();
  const latencies = load.completions.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
  return {
    name,
    requests: load.sent,
    failed: load.failures.length,
    reasons: [...new Set(load.failures.map(({ reason }) => reason))],
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    decisionP99Ms: (await metric(sample, 'hotwarm_agent_decision_p99_seconds')) * 1000,
    timerLagP99Ms: (await metric(sample, 'hotwarm_agent_timer_lag_p99_seconds')) * 1000,
  };
}

async function abuse(sample: Sample, pid: number, memory: Memory[]): Promise<string> {
  const attackers = fork(fileURLToPath(new URL('./attacks.ts', import.meta.url)), [
    `${sample.port}`,
  ]);
  let counts: unknown = {};
  attackers.on('message', (message: unknown) => {
    counts = message;
  });
  for (let second = 0; second < minutes * 60; second += 1) {
    await sleep(1000);
    memory.push({ atSeconds: second, rssMiB: rssMiBOf(pid) });
  }
  attackers.kill('SIGKILL');
  return JSON.stringify(counts);
}

/** MiB a minute by least squares, over the last half: before that the allocator fills its pools. */
function slopeOf(memory: readonly Memory[]): number {
  const used = memory.slice(Math.floor(memory.length / 2));
  const mean = (of: (one: Memory) => number): number =>
    used.reduce((sum, one) => sum + of(one), 0) / used.length;
  const [meanAt, meanRss] = [mean(({ atSeconds }) => atSeconds), mean(({ rssMiB }) => rssMiB)];
  let [covariance, variance] = [0, 0];
  for (const { atSeconds, rssMiB } of used) {
    covariance += (atSeconds - meanAt) * (rssMiB - meanRss);
    variance += (atSeconds - meanAt) ** 2;
  }
  return (60 * covariance) / variance;
}

function show(phase: Phase): string {
  const figures = [
    `${phase.failed} of ${phase.requests} normal requests failed ${phase.reasons.join('; ')}`,
    `latency p50 ${phase.p50Ms.toFixed(1)} ms, p99 ${phase.p99Ms.toFixed(1)} ms`,
    `agent: decision p99 ${phase.decisionP99Ms.toFixed(2)} ms, timer lag p99 ${phase.timerLagP99Ms.toFixed(1)} ms`,
  ];
  return `${phase.name}: ${figures.join('\n  ')}`;
}

const sample = await startSample({
  exclusive: false,
  intervalMs: 100,
  timeoutMs: 300,
  onNotice: () => undefined,
});
try {
  await sleep(3000);
  const pid = dataPlaneOf(sample.agent.pid);
  const before = await sample.agent.service(sample.service);
  const calm = await measure('calm', sample, async () => await sleep(CALM_SECONDS * 1000));
  const memory: Memory[] = [{ atSeconds: 0, rssMiB: rssMiBOf(pid) }];
  let counts = '';
  const abused = await measure(`abused for ${minutes} min`, sample, async () => {
    counts = await abuse(sample, pid, memory);
  });
  const after = await sample.agent.service(sample.service);
  const crashes = dataPlaneOf(sample.agent.pid) === pid ? 0 : 1;
  const failovers = (after?.epoch ?? Number.NaN) - (before?.epoch ?? Number.NaN);
  const growthMiB = slopeOf(memory);
  const grows = minutes >= GROWTH_MINUTES && growthMiB > GROWTH_BAR_MIB;
  const met = crashes === 0 && failovers === 0 && calm.failed + abused.failed === 0 && !grows;
  const [start, end] = [memory[0]?.rssMiB ?? 0, memory.at(-1)?.rssMiB ?? 0];
  if (values.json) {
    console.log(JSON.stringify({ calm, abused, memory, crashes, failovers, growthMiB }, null, 2));
  } else {
    console.log(`${show(calm)}\n${show(abused)}\n  ${counts}`);
    console.log(
      `data plane: ${crashes} crashes, ${failovers} failovers; ${start.toFixed(0)} MiB before, ${end.toFixed(0)} MiB at the end, ${growthMiB.toFixed(1)} MiB a minute\n${met ? 'PASS' : 'FAIL'}`,
    );
  }
  if (!met) process.exitCode = 1;
} finally {
  await sample.close();
}
