// What hotwarm costs while nothing happens: CPU time and memory of the agent, the socket holder and the proxy with
// two members, probes every 100 ms, no client traffic, once the code is warm. With --gib 1 each member holds
// 1 GiB, so that the death of the active one is looked for. CPU time is the scheduler's own account of each
// process, so a busy machine changes it little. Exits 1 when the bar is missed.
//   node bench/cost.ts [--settle 90] [--seconds 60] [--gib 0|1] [--json]
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { largeCommand, startSample } from '../src/drill/sample-service.ts';
import { helperOf } from './peers/processes.ts';

const BAR_SHARE = 0.01;
/** With a large active. */
const LARGE_BAR_SHARE = 0.02;

type Reading = { readonly cpuMs: number; readonly rssKiB: number; readonly pssKiB: number };

/** On-CPU time of all threads, and memory (PSS shares out what several processes map). */
function read(pid: number): Reading {
  const cpuNs = readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) =>
      sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
    0,
  );
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
  return { cpuMs: cpuNs / 1e6, rssKiB: field('Rss'), pssKiB: field('Pss') };
}

const { values } = parseArgs({
  options: {
    settle: { type: 'string', default: '90' },
    seconds: { type: 'string', default: '60' },
    gib: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const gib = Number(values.gib);
const barShare = gib === 0 ? BAR_SHARE : LARGE_BAR_SHARE;
const windowMs = Number(values.seconds) * 1000;
const sample = await startSample({
  exclusive: false,
  intervalMs: 100,
  timeoutMs: 300,
  ...(gib === 0 ? {} : { command: largeCommand(gib) }),
  onEvent: () => undefined,
});
try {
  await new Promise((resolve) => setTimeout(resolve, Number(values.settle) * 1000));
  const service = await sample.agent.service(sample.service);
  const pids = new Map<string, number>([['agent', sample.agent.pid]]);
  for (const name of ['socket-holder', 'proxy'] as const) {
    const pid = helperOf(sample.agent.pid, `hotwarm-${name}`);
    if (pid !== null) pids.set(name, pid);
  }
  for (const [name, member] of Object.entries(service?.members ?? {}))
    if (member.pid !== null) pids.set(`member ${name}`, member.pid);
  const before = new Map([...pids].map(([name, pid]) => [name, read(pid)] as const));
  await new Promise((resolve) => setTimeout(resolve, windowMs));
  const rows = [...pids].map(([name, pid]) => {
    const now = read(pid);
    const share = (now.cpuMs - (before.get(name)?.cpuMs ?? 0)) / windowMs;
    return { name, cpuPercent: share * 100, rssMiB: now.rssKiB / 1024, pssMiB: now.pssKiB / 1024 };
  });
  const agentShare = (rows.find(({ name }) => name === 'agent')?.cpuPercent ?? 100) / 100;
  const met = agentShare <= barShare;
  if (values.json) console.log(JSON.stringify({ rows, met }, null, 2));
  else {
    console.table(
      Object.fromEntries(
        rows.map(({ name, cpuPercent, rssMiB, pssMiB }) => [
          name,
          {
            '% of a core': Number(cpuPercent.toFixed(2)),
            'RSS MiB': Math.round(rssMiB),
            'PSS MiB': Math.round(pssMiB),
          },
        ]),
      ),
    );
    console.log(
      `${met ? 'PASS' : 'FAIL'}  agent ≤ ${barShare * 100} % of a core (${(agentShare * 100).toFixed(2)} %)`,
    );
  }
  process.exitCode = met ? 0 : 1;
} finally {
  await sample.close();
}
