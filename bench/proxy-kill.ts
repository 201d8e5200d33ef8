// A proxy process is killed with SIGKILL again and again under load, once where it is the only one and once where
// there are two. Reports what clients noticed, on new connections, and what hotwarm stated as lost. Exits 1 if a
// connection was refused.
//   node bench/proxy-kill.ts [--trials 20] [--json]
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/clock.ts';
import type { Notice } from '../src/agent/contract.ts';
import { percentile } from '../src/drill/load.ts';
import { startSample } from '../src/drill/sample-service.ts';
import { helperOf } from './peers/processes.ts';

const RATE_PER_SECOND = 200;
const WITHIN_MS = 20_000;
const CALM_MS = 300;

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
});

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function run(processes: number): Promise<Readonly<Record<string, number>>> {
  let stated = 0;
  let onStarted: (() => void) | null = null;
  const sample = await startSample({
    exclusive: false,
    processes,
    intervalMs: 50,
    timeoutMs: 200,
    onNotice: (notice: Notice) => {
      if (notice.kind !== 'proxy') return;
      if (notice.data.change === 'ended') stated += notice.data.lost?.connections ?? 0;
      if (notice.data.change === 'started') onStarted?.();
    },
  });
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  const gapsMs: number[] = [];
  try {
    load.start();
    await sleep(1000);
    for (let trial = 0; trial < Number(values.trials); trial += 1) {
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
      await sleep(CALM_MS);
      gapsMs.push(load.longestGapMs(killedAt, monotonicMs()));
    }
  } finally {
    await load.stop();
    await sample.close();
  }
  return {
    processes,
    kills: gapsMs.length,
    requests: load.sent,
    failed: load.failures.length,
    refused: load.failures.filter(({ reason }) => reason.includes('REFUSED')).length,
    statedConnections: stated,
    gapP50Ms: Math.round(percentile(gapsMs, 0.5) ?? 0),
    gapMaxMs: Math.round(percentile(gapsMs, 1) ?? 0),
  };
}

const rows = [await run(1), await run(2)];
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
process.exitCode = rows.every(({ refused }) => refused === 0) ? 0 : 1;
