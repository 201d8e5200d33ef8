import { readdirSync, readFileSync } from 'node:fs';
import { isLive, readProcessStat } from '../../src/drivers/os/proc.ts';

// What runs on this machine, read from /proc: tests must see for themselves that nothing is left over.

export type Seen = { readonly pid: number; readonly command: string; readonly state: string };

/** Every living process that has this variable in its environment; children inherit it. */
export function processesWith(variable: string): readonly Seen[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const seen = see(Number(name), variable);
      return seen === null ? [] : [seen];
    });
}

/** Until its last thread has ended: one that is being killed may still take a connection. */
export function isAlive(pid: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== null && isLive(stat);
}

/** User and system time so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid) ?? [];
  const ticksPerSecond = 100;
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

export function endByPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function see(pid: number, variable: string): Seen | null {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    if (!environment.includes(variable)) return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const stat = readProcessStat(pid);
    return stat === null || !isLive(stat) ? null : { pid, command, state: stat.state };
  } catch {
    return null; // Ended between two reads.
  }
}

/** The fields of /proc/PID/stat from the state on; the name before it may hold anything. */
function statFields(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
