import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

// What the kernel tells of a process and lets one choose for it.

/** The kernel's tick for these fields, by its contract with user space. */
const TICKS_PER_SECOND = 100;

/** Fields of proc(5) from the third on: what stands before, the name, may hold spaces. */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
}

/** User and system time of all threads, microseconds; its resolution is 10 ms. */
export function cpuTimeUs(pid: number): number {
  const fields = statOf(pid);
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND;
}

export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

export function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

/** What the agent's socket holder, or the agent itself, has made under such a title; none: null. */
export function helperOf(
  agentPid: number,
  title: 'hotwarm-socket-holder' | 'hotwarm-proxy',
): number | null {
  const children = childrenOf(agentPid);
  const family = [...children, ...children.flatMap(childrenOf)];
  return family.find((pid) => commandOf(pid).startsWith(title)) ?? null;
}

/** Lets all threads of a process run on these cores only, as taskset(1) writes them: `0`, `0-1`. */
export function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
}

type CpuAccount = { readonly at: number; readonly busyTicks: number; readonly ownTicks: number };

/** CPU time of the whole machine, and of this process with all that it has started and reaped. */
function readAccount(): CpuAccount {
  const total = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.split(/\s+/) ?? [];
  const busyTicks = Number(total[1]) + Number(total[2]) + Number(total[3]);
  return { at: performance.now(), busyTicks, ownTicks: familyTicks() };
}

function familyTicks(): number {
  const stats = new Map<number, readonly string[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      stats.set(Number(name), statOf(Number(name)));
    } catch {
      // It ended meanwhile.
    }
  }
  const isOwn = (pid: number): boolean => {
    if (pid === process.pid) return true;
    const parent = Number(stats.get(pid)?.[1] ?? 0);
    return parent > 1 && isOwn(parent);
  };
  // Own user and system time, then that of ended children.
  return [...stats]
    .filter(([pid]) => isOwn(pid))
    .flatMap(([, fields]) => fields.slice(11, 15).map(Number))
    .reduce((sum, ticks) => sum + ticks, 0);
}

/**
 * Returns a function that tells how many cores other programs have used since. What a contender leaves behind without
 * a parent counts as others' once it has ended: hundredths of a core, so that the figure is rather too high.
 */
export function watchOthers(): () => number {
  const before = readAccount();
  return () => {
    const now = readAccount();
    const ticks = now.busyTicks - before.busyTicks - (now.ownTicks - before.ownTicks);
    const seconds = (now.at - before.at) / 1000;
    return Math.min(cpus().length, Math.max(0, ticks / TICKS_PER_SECOND / seconds));
  };
}
