// No false failover: ten minutes with both cores loaded by stress-ng and probes every 50 ms, then the agent
// itself stopped for 3 s and continued, ten times. Under a light open-loop load all the while. Exits 1 when
// the epoch changed (a failover) or a client's request failed.
//   node bench/soak.ts [--minutes 10] [--stops 10] [--json]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startSample, type Sample } from '../src/drill/sample-service.ts';

const RATE_PER_SECOND = 20;
const STOP_MS = 3000;
const CONTINUE_MS = 3000;
const SETTLE_MS = 3000;

type Outcome = {
  readonly phase: string;
  readonly failovers: number;
  readonly requests: number;
  readonly failed: number;
  readonly reasons: readonly string[];
};

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    stops: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Both cores busy with four workers, as `stress-ng --cpu 4`. */
async function stress(minutes: number): Promise<void> {
  const child = spawn(
    'stress-ng',
    ['--cpu', '4', '--timeout', `${Math.round(minutes * 60)}s`, '--quiet'],
    { stdio: 'ignore' },
  );
  await once(child, 'exit');
}

async function stopAgent(sample: Sample, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    process.kill(sample.agent.pid, 'SIGSTOP');
    await sleep(STOP_MS);
    process.kill(sample.agent.pid, 'SIGCONT');
    await sleep(CONTINUE_MS);
  }
}

async function observe(phase: string, sample: Sample, act: () => Promise<void>): Promise<Outcome> {
  const before = await sample.agent.service(sample.service);
  const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
  load.start();
  await act();
  await load.stop();
  await sleep(SETTLE_MS);
  const after = await sample.agent.service(sample.service);
  return {
    phase,
    failovers: (after?.epoch ?? Number.NaN) - (before?.epoch ?? Number.NaN),
    requests: load.sent,
    failed: load.failures.length,
    reasons: [...new Set(load.failures.map(({ reason }) => reason))],
  };
}

const sample = await startSample({
  exclusive: false,
  intervalMs: 50,
  timeoutMs: 300,
  onEvent: () => undefined,
});
try {
  await sleep(SETTLE_MS);
  const outcomes = [
    await observe(
      `stress-ng --cpu 4 for ${values.minutes} min`,
      sample,
      async () => await stress(Number(values.minutes)),
    ),
    await observe(
      `agent stopped for 3 s, ${values.stops} times`,
      sample,
      async () => await stopAgent(sample, Number(values.stops)),
    ),
  ];
  if (values.json) console.log(JSON.stringify(outcomes, null, 2));
  for (const { phase, failovers, requests, failed, reasons } of outcomes) {
    const met = failovers === 0 && failed === 0;
    if (!values.json)
      console.log(
        `${met ? 'PASS' : 'FAIL'}  ${phase}: ${failovers} failovers, ${failed} of ${requests} requests failed ${reasons.join('; ')}`,
      );
    if (!met) process.exitCode = 1;
  }
} finally {
  await sample.close();
}
