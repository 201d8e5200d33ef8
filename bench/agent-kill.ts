// The agent is killed with SIGKILL at random moments under load, every third time in the middle of a failover, and
// a new one goes on. Reports what clients noticed, how long it took until the new agent had everything in hand,
// and whether an epoch fell or a member was started without need. Exits 1 when a bar is missed.
//   node bench/agent-kill.ts [--trials 20] [--seed 1] [--json]
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/clock.ts';
import { AgentProcess, isWhole } from '../src/drill/agent-process.ts';
import { percentile } from '../src/core/percentile.ts';
import { startSample } from '../src/drill/sample-service.ts';
import { seeded } from './traces/random.ts';

const RATE_PER_SECOND = 200;
const WITHIN_MS = 30_000;
const ADOPTED_BAR_MS = 1000;
/** Longest wait from a member's death to the agent's, ms: beyond it the failover is over. */
const FAILOVER_MS = 20;

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});

type Trial = { readonly inFailover: boolean; readonly adoptedMs: number; readonly epoch: number };

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const random = seeded(Number(values.seed));
const sample = await startSample({
  exclusive: false,
  intervalMs: 50,
  timeoutMs: 200,
  onEvent: () => undefined,
});
const { service, config, apiPort } = sample;
let { agent } = sample;
const load = sample.load({ method: 'GET', ratePerSecond: RATE_PER_SECOND });
const trials: Trial[] = [];
let restarted = 0;
try {
  load.start();
  await sleep(1000);
  for (let trial = 0; trial < Number(values.trials); trial += 1) {
    const before = await agent.until(service, 'a whole service', isWhole, WITHIN_MS);
    const inFailover = trial % 3 === 2;
    await sleep(random() * 500);
    if (inFailover) {
      const pid = before.active === null ? null : before.members[before.active]?.pid;
      if (pid !== null && pid !== undefined) process.kill(pid, 'SIGKILL');
      await sleep(random() * FAILOVER_MS);
    }
    await agent.kill();
    await sleep(random() * 500);
    const startedAt = monotonicMs();
    agent = new AgentProcess({
      config,
      api: { host: '127.0.0.1', port: apiPort },
      onEvent: () => undefined,
    });
    const after = await agent.until(
      service,
      'an active',
      ({ active }) => active !== null,
      WITHIN_MS,
    );
    trials.push({ inFailover, adoptedMs: monotonicMs() - startedAt, epoch: after.epoch });
    const whole = await agent.until(service, 'a whole service again', isWhole, WITHIN_MS);
    const same = Object.entries(whole.members).filter(
      ([name, { pid }]) => pid === before.members[name]?.pid,
    ).length;
    // One of the two was killed if it was in a failover.
    if (same < (inFailover ? 1 : 2)) restarted += 1;
  }
  await sleep(500);
} finally {
  await load.stop();
  await agent.stop();
  await sample.close();
}

const adopted = trials.map(({ adoptedMs }) => adoptedMs);
const repeated = trials.filter(
  ({ epoch }, index) => epoch < (trials[index - 1]?.epoch ?? 0),
).length;
const summary = {
  trials: trials.length,
  inFailover: trials.filter(({ inFailover }) => inFailover).length,
  requests: load.sent,
  failed: load.failures.length,
  reasons: [...new Set(load.failures.map(({ reason }) => reason))],
  adoptedP50Ms: percentile(adopted, 0.5) ?? 0,
  adoptedMaxMs: percentile(adopted, 1) ?? 0,
  epochsThatFell: repeated,
  membersRestarted: restarted,
};
const bars = [
  { bar: `no request failed (${summary.failed})`, met: summary.failed === 0 },
  {
    bar: `in hand within ${ADOPTED_BAR_MS} ms of the start (${summary.adoptedMaxMs.toFixed(0)} at most)`,
    met: summary.adoptedMaxMs <= ADOPTED_BAR_MS,
  },
  { bar: `no epoch fell (${repeated})`, met: repeated === 0 },
  { bar: `no member was started without need (${restarted})`, met: restarted === 0 },
];
if (values.json) console.log(JSON.stringify({ summary, bars }, null, 2));
else {
  console.table(summary);
  for (const { bar, met } of bars) console.log(`${met ? 'PASS' : 'FAIL'}  ${bar}`);
}
process.exitCode = bars.every(({ met }) => met) ? 0 : 1;
