// Abuse of the data plane: garbage, half and slow heads, slow bodies, resets, pipelining, huge heads, endless chunks,
// readers that do not read and crowds of connections (bench/attacks.ts), all at once; beside them wrk, h2load and
// slowhttptest in turn (bench/abuse-tools.ts), and a light normal load; before it the same load alone, and after it
// once more. Exits 1 when the data plane or the active changed, a normal request failed, decisions took longer than in
// the calm, descriptors are left over, or the memory of the data plane or of the agent goes on growing.
//   node bench/abuse.ts [--minutes 10] [--json]
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startSample, type Sample } from '../src/drill/sample-service.ts';
import { AbuseTools } from './abuse-tools.ts';
import { helperOf } from './peers/processes.ts';

const RATE_PER_SECOND = 50;
const CALM_SECONDS = 30;
/** Decisions under abuse may take this much longer than in the calm, at the 99th percentile, ms: two cores are shared with the attackers. */
const DECISION_BAR_MS = 1;
/** Descriptors of the data plane, once the attackers are gone, beyond those before they came. */
const DESCRIPTORS_BAR = 32;
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
type Watched = { readonly pid: number; readonly memory: Memory[] };

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

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN; // It has ended, which is told of.
  }
}

async function abuse(sample: Sample, watched: readonly Watched[]): Promise<string> {
  const attackers = fork(fileURLToPath(new URL('./attacks.ts', import.meta.url)), [
    `${sample.port}`,
  ]);
  let counts: object = {};
  attackers.on('message', (message: object) => {
    counts = message;
  });
  const tools = new AbuseTools(sample.port);
  const turns = tools.run();
  try {
    for (let second = 0; second < minutes * 60; second += 1) {
      await Promise.race([sleep(1000), turns]);
      for (const { pid, memory } of watched)
        memory.push({ atSeconds: second, rssMiB: rssMiBOf(pid) });
    }
  } finally {
    tools.stop();
    attackers.kill('SIGKILL');
  }
  await turns;
  return JSON.stringify({ ...counts, ...tools.counts });
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

function growthOf(memory: readonly Memory[]): string {
  const [start, end] = [memory[0]?.rssMiB ?? 0, memory.at(-1)?.rssMiB ?? 0];
  return `${start.toFixed(0)} MiB before, ${end.toFixed(0)} MiB at the end, ${slopeOf(memory).toFixed(1)} MiB a minute`;
}

const sample = await startSample({
  exclusive: false,
  intervalMs: 100,
  timeoutMs: 300,
  onEvent: () => undefined,
});
try {
  await sleep(3000);
  const plane: Watched = { pid: dataPlaneOf(sample.agent.pid), memory: [] };
  const agent: Watched = { pid: sample.agent.pid, memory: [] };
  const before = await sample.agent.service(sample.service);
  const calm = await measure('calm', sample, async () => await sleep(CALM_SECONDS * 1000));
  const descriptorsBefore = descriptorsOf(plane.pid);
  let counts = '';
  const abused = await measure(`abused for ${minutes} min`, sample, async () => {
    counts = await abuse(sample, [plane, agent]);
  });
  const healed = await measure('after it', sample, async () => await sleep(CALM_SECONDS * 1000));
  const after = await sample.agent.service(sample.service);
  const crashes = dataPlaneOf(sample.agent.pid) === plane.pid ? 0 : 1;
  const failovers = (after?.epoch ?? Number.NaN) - (before?.epoch ?? Number.NaN);
  const failed = calm.failed + abused.failed + healed.failed;
  const leftOver = descriptorsOf(plane.pid) - descriptorsBefore;
  const growthMiB = Math.max(slopeOf(plane.memory), slopeOf(agent.memory));
  const slowerMs = abused.decisionP99Ms - calm.decisionP99Ms;
  const bars = [
    { bar: `no crash of the data plane (${crashes})`, met: crashes === 0 },
    { bar: `no failover (${failovers})`, met: failovers === 0 },
    { bar: `no normal request failed (${failed})`, met: failed === 0 },
    {
      bar: `decisions take no longer, p99 within ${DECISION_BAR_MS} ms of the calm (${slowerMs.toFixed(2)} ms)`,
      met: slowerMs <= DECISION_BAR_MS,
    },
    {
      bar: `at most ${DESCRIPTORS_BAR} descriptors are left over (${leftOver})`,
      met: leftOver <= DESCRIPTORS_BAR,
    },
    {
      bar: `memory stays, within ${GROWTH_BAR_MIB} MiB a minute (${growthMiB.toFixed(1)}${minutes < GROWTH_MINUTES ? ', too short to tell' : ''})`,
      met: minutes < GROWTH_MINUTES || growthMiB <= GROWTH_BAR_MIB,
    },
  ];
  if (values.json) {
    const memory = { plane: plane.memory, agent: agent.memory };
    console.log(JSON.stringify({ calm, abused, healed, memory, bars }, null, 2));
  } else {
    for (const phase of [calm, abused, healed]) console.log(show(phase));
    console.log(
      `  ${counts}\ndata plane: ${growthOf(plane.memory)}\nagent: ${growthOf(agent.memory)}`,
    );
    for (const { bar, met } of bars) console.log(`${met ? 'PASS' : 'FAIL'}  ${bar}`);
  }
  if (!bars.every(({ met }) => met)) process.exitCode = 1;
} finally {
  await sample.close();
}
