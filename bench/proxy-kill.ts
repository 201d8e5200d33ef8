// A proxy process is killed with SIGKILL under load, in half of the trials the only one, in the others one of two. Reports what clients noticed, on new connections, and what hotwarm stated as lost. Exits 1 if a
// connection was refused.
//   node bench/proxy-kill.ts [--trials 20] [--json]
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/clock.ts';
import type { AgentEvent } from '../src/agent/contract.ts';
import { percentile } from '../src/core/percentile.ts';
import { startSample } from '../src/drill/sample-service.ts';
import { helperOf } from './peers/processes.ts';

const RATE_PER_SECOND = 200;
const WITHIN_MS = 20_000;
const LOAD_MS = 500;

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
});

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

type Trial = {
  readonly requests: number;
  readonly failed: number;
  readonly refused: number;
  readonly stated: number;
  readonly gapMs: number;
};

/** A service of its own each time: one that is killed again and again is started after growing pauses. */
async function kill(processes: number): Promise<Trial> {
  let stated = 0;
  let onStarted: (() => void) | null = null;
  const sample = await startSample({
    exclusive: false,
    processes,
    intervalMs: 50,
    timeoutMs: 200,
    onEvent: (event: AgentEvent) => {
      if (event.kind !== 'proxy') return;
      if (event.data.change === 'ended') stated += event.data.lost?.connections ?? 0;
      if (event.data.change === 'started') onStarted?.();
    },
  });
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  try {
    load.start();
    await sleep(LOAD_MS);
    const pid = helperOf(sample.agent.pid, 'hotwarm-proxy');
    if (pid === null) throw new Error('there is no proxy');
    const started = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it was not started again')), WITHIN_MS);
      onStarted = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    const killedAt = monotonicMs();
    process.kill(pid, 'SIGKILL');
    await started;
    await sleep(LOAD_MS);
    await load.stop();
    const refused = load.failures.filter(({ reason }) => reason.includes('REFUSED')).length;
    const gapMs = load.longestGapMs(killedAt, monotonicMs());
    return { requests: load.sent, failed: load.failures.length, refused, stated, gapMs };
  } finally {
    await load.stop();
    await sample.close();
  }
}

const rows: Record<string, number>[] = [];
for (const processes of [1, 2]) {
  const trials: Trial[] = [];
  for (let trial = 0; trial < Number(values.trials); trial += 1) trials.push(await kill(processes));
  const sum = (of: (trial: Trial) => number): number =>
    trials.reduce((total, trial) => total + of(trial), 0);
  const gapsMs = trials.map(({ gapMs }) => gapMs);
  rows.push({
    processes,
    kills: trials.length,
    requests: sum(({ requests }) => requests),
    failed: sum(({ failed }) => failed),
    refused: sum(({ refused }) => refused),
    statedConnections: sum(({ stated }) => stated),
    gapP50Ms: Math.round(percentile(gapsMs, 0.5) ?? 0),
    gapMaxMs: Math.round(percentile(gapsMs, 1) ?? 0),
  });
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
process.exitCode = rows.every(({ refused }) => refused === 0) ? 0 : 1;
