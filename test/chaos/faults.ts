import { rmSync, writeFileSync } from 'node:fs';
import type { Random } from '../../bench/traces/random.ts';
import type { Seen } from '../integration/processes.ts';
import { SERVICES, type ServiceName, type Testbed } from './testbed.ts';

// What may happen to a machine's processes. Each fault begins, lasts, and has ended when its promise resolves;
// the run then demands that every service recovers.

const STOP_MS = 2500;
const DISK_MS = 3000;

export type Fault = {
  readonly name: string;
  readonly weight: number;
  readonly strike: (bed: Testbed, random: Random) => Promise<string>;
};

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill a member',
    weight: 6,
    strike: async (bed, random) => await signalMember(bed, random, 'kill'),
  },
  {
    name: 'stop a member',
    weight: 4,
    strike: async (bed, random) => await signalMember(bed, random, 'stop'),
  },
  {
    name: 'kill a proxy',
    weight: 3,
    strike: async (bed, random) => await signalOne(bed, random, PROXY, 'kill'),
  },
  {
    name: 'stop a proxy',
    weight: 2,
    strike: async (bed, random) => await signalOne(bed, random, PROXY, 'stop'),
  },
  {
    name: 'kill the socket holder',
    weight: 1,
    strike: async (bed, random) => await signalOne(bed, random, HOLDER, 'kill'),
  },
  { name: 'kill the agent', weight: 4, strike: killAgent },
  { name: 'stop the agent', weight: 2, strike: stopAgent },
  { name: 'replace the agent', weight: 2, strike: async (bed) => await replaceAgent(bed, 1) },
  {
    name: 'replace the agent twice at once',
    weight: 1,
    strike: async (bed) => await replaceAgent(bed, 2),
  },
  { name: 'command', weight: 4, strike: giveCommand },
  { name: 'fill the disk', weight: 1, strike: fillDisk },
];

/** Processes by the titles that they give themselves. */
const PROXY = /^hotwarm-proxy/;
const HOLDER = /^hotwarm-(socket-holder|sockets)/;

export function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}

export function drawFault(random: Random, hasOwnDisk: boolean): Fault {
  const possible = FAULTS.filter(({ name }) => hasOwnDisk || name !== 'fill the disk');
  let left = random() * possible.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of possible) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return pick(random, possible);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

type Manner = 'kill' | 'stop';

async function signalMember(bed: Testbed, random: Random, manner: Manner): Promise<string> {
  const name = pick(random, SERVICES);
  const members = Object.entries((await bed.service(name))?.members ?? {});
  const living = members.filter(([, { pid }]) => pid !== null);
  if (living.length === 0) return 'none ran';
  const [member, { pid, role }] = pick(random, living);
  await signalPid(pid ?? 0, random, manner);
  return `${name} ${member} (${role})`;
}

async function signalOne(
  bed: Testbed,
  random: Random,
  pattern: RegExp,
  manner: Manner,
): Promise<string> {
  const found = bed.processes(pattern);
  if (found.length === 0) return 'none ran';
  const { pid }: Seen = pick(random, found);
  await signalPid(pid, random, manner);
  return `pid ${pid}`;
}

async function signalPid(pid: number, random: Random, manner: Manner): Promise<void> {
  if (manner === 'kill') {
    send(pid, 'SIGKILL');
    return;
  }
  send(pid, 'SIGSTOP');
  await pause(random() * STOP_MS);
  send(pid, 'SIGCONT');
}

/** All of them at once; false: no agent knows them. */
export async function endMembers(bed: Testbed, service: ServiceName): Promise<boolean> {
  const known = await bed.service(service);
  for (const { pid } of Object.values(known?.members ?? {})) if (pid !== null) send(pid, 'SIGKILL');
  return known !== null;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

async function killAgent(bed: Testbed, random: Random): Promise<string> {
  const inFailover = random() < 0.4;
  if (inFailover) {
    await signalMember(bed, random, 'kill');
    await pause(random() * 60);
  }
  for (const agent of bed.liveAgents) agent.kill('SIGKILL');
  await pause(random() * 1000);
  bed.up();
  return inFailover ? 'in a failover' : 'in quiet';
}

async function stopAgent(bed: Testbed, random: Random): Promise<string> {
  const ms = Math.round(random() * STOP_MS);
  for (const agent of bed.liveAgents) agent.kill('SIGSTOP');
  if (random() < 0.5) await signalOne(bed, random, /member\.mjs/, 'kill');
  await pause(ms);
  for (const agent of bed.liveAgents) agent.kill('SIGCONT');
  return `for ${ms} ms`;
}

async function replaceAgent(bed: Testbed, times: number): Promise<string> {
  for (let i = 0; i < times; i += 1) bed.up('--replace');
  await pause(500);
  return `${times} ×`;
}

const COMMANDS = ['switchover', 'failover', 'failback', 'pause'] as const;

async function giveCommand(bed: Testbed, random: Random): Promise<string> {
  const service: ServiceName = pick(random, SERVICES);
  const command = pick(random, COMMANDS);
  const standby = Object.entries((await bed.service(service))?.members ?? {}).find(
    ([, { role }]) => role === 'standby',
  );
  const to = command === 'failover' ? ['--to', standby?.[0] ?? 'b'] : [];
  const { code } = await bed.run(command, service, ...to);
  if (command === 'pause') {
    await pause(random() * 1000);
    await bed.run('resume', service);
  }
  return `${command} ${service}: exit ${code}`;
}

async function fillDisk(bed: Testbed, random: Random): Promise<string> {
  const filler = bed.path('state/filler');
  for (let size = 2 ** 26; size >= 512; size /= 2) append(filler, size);
  const struck = await signalMember(bed, random, 'kill');
  await pause(random() * DISK_MS);
  rmSync(filler, { force: true });
  return `and kill ${struck}`;
}

/** As many blocks of this size as fit. */
function append(file: string, size: number): void {
  const block = Buffer.alloc(size);
  for (;;) {
    try {
      writeFileSync(file, block, { flag: 'a' });
    } catch {
      return; // No block of this size fits any more.
    }
  }
}
