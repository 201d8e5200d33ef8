// CPU of the observing process for one look of each kind, against a plain Node server in a process of its own.
//   node bench/probe-cost.ts [--seconds N]
// "back to back" is the cost of the code itself; "scheduled" is two members looked at every 100 ms, as in the
// agent, and includes waking up. The node:http rows are what the http probe would cost on Node's own client.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { monotonicMs } from '../src/clock.ts';
import type { Probe } from '../src/drivers/probe/contract.ts';
import { createProbe } from '../src/drivers/probe/factory.ts';
import { startSchedule } from '../src/drivers/probe/schedule.ts';
import type { ProbeSpec, ProbeTarget } from '../src/drivers/probe/spec.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' } } });
const seconds = Number(values.seconds);
const SERVER = `require('http').createServer((_, r) => r.end('ok')).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
})`;

const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(server.stdout, 'data');
const target: ProbeTarget = { host: '127.0.0.1', port: Number(String(line)) };

const HTTP: ProbeSpec = { type: 'http', path: '/', expect: null };
const make = (spec: ProbeSpec) => (): Probe => createProbe(spec, target, {});
const kinds: readonly { name: string; make: () => Probe; fresh: boolean; looks: number }[] = [
  { name: 'http', make: make(HTTP), fresh: false, looks: 4000 },
  { name: 'node:http', make: nodeHttpProbe, fresh: false, looks: 4000 },
  { name: 'tcp', make: make({ type: 'tcp' }), fresh: true, looks: 2000 },
  {
    name: 'command /bin/true',
    make: make({ type: 'command', command: ['/bin/true'] }),
    fresh: true,
    looks: 100,
  },
];

console.log(
  'kind                         back to back, µs CPU a look   scheduled, µs CPU a look   % of a core',
);
for (const kind of kinds) {
  const probe = kind.make();
  await look(probe, kind.fresh, kind.looks / 4);
  const busyUs = await cpuUs(() => look(probe, kind.fresh, kind.looks));
  await probe.close();
  let looks = 0;
  const scheduledUs = await cpuUs(async () => {
    looks = await schedule(kind.make);
  });
  const columns = [
    kind.name.padEnd(29),
    (busyUs / kind.looks).toFixed(0).padStart(28),
    (scheduledUs / looks).toFixed(0).padStart(26),
    (scheduledUs / seconds / 1e4).toFixed(2).padStart(14),
  ];
  console.log(columns.join(''));
}
server.kill();

async function look(probe: Probe, fresh: boolean, times: number): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    const answer = await probe.check({ timeoutMs: 5000, fresh });
    if (!answer.ok) throw new Error(`${answer.fault}: ${answer.detail}`);
  }
}

/** Two members, each looked at every 100 ms. */
async function schedule(makeProbe: () => Probe): Promise<number> {
  let looks = 0;
  const probes = [makeProbe(), makeProbe()];
  const schedules = probes.map((probe) =>
    startSchedule({
      probe,
      intervalMs: 100,
      timeoutMs: 300,
      now: monotonicMs,
      onAnswer: () => {
        looks += 1;
      },
    }),
  );
  await delay(seconds * 1000);
  for (const each of schedules) each.stop();
  for (const probe of probes) await probe.close();
  return looks;
}

async function cpuUs(body: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The least that the same look takes on Node's own client. */
function nodeHttpProbe(): Probe {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 1 });
  return {
    channel: 'http',
    check: ({ timeoutMs }) =>
      new Promise((resolve) => {
        const sentAt = monotonicMs();
        const request = get({ ...target, path: '/', agent }, (response) => {
          response.resume();
          response.on('end', () => {
            clearTimeout(timer);
            resolve({ ok: true, latencyMs: monotonicMs() - sentAt });
          });
        });
        const timer = setTimeout(() => request.destroy(), timeoutMs);
      }),
    close: async () => agent.destroy(),
  };
}
