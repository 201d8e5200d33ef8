import { readdirSync, readFileSync } from 'node:fs';
import { assert } from '../../core/assert.ts';

// What the kernel tells about processes. A pid alone is no identity, because numbers are used again; a pid
// with its start time is. A zombie has an entry here too, but it runs no code and holds no port.

export type ProcessStat = {
  readonly pid: number;
  /** One letter, as in ps: R S D T Z X … */
  readonly state: string;
  readonly parentId: number;
  readonly groupId: number;
  readonly sessionId: number;
  readonly threads: number;
  /** Start time in clock ticks since boot. */
  readonly startTicks: number;
};

/** null: there is no such process. */
export function readProcessStat(pid: number): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The name in parentheses may itself hold spaces and parentheses, so fields are counted after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parentId, groupId, sessionId] = fields;
  const startTicks = fields[19];
  if (state === undefined || startTicks === undefined) return null;
  return {
    pid,
    state,
    parentId: Number(parentId),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    threads: Number(fields[17]),
    startTicks: Number(startTicks),
  };
}

/** Whether exactly this process, not a later one with the same number, still executes. A zombie does not. */
export function processStillRuns(pid: number, startTicks: number): boolean {
  const stat = readProcessStat(pid);
  return stat !== null && stat.startTicks === startTicks && isLive(stat);
}

/** The main thread may have ended before the others, which then still hold files and ports. */
export function isLive(stat: ProcessStat): boolean {
  const ended = stat.state === 'Z' || stat.state === 'X';
  return !ended || stat.threads > 1;
}

/**
 * Live processes of the session that `leader` opened, its process group included. The kernel gives out the
 * number of a group or session again only once it is empty, so a later process under the leader's number
 * proves that nothing is left. Reads all of /proc: some 15 µs a process of the host.
 */
export function sessionProcesses(leader: Identity): readonly ProcessStat[] {
  const holder = readProcessStat(leader.pid);
  if (holder !== null && holder.startTicks !== leader.startTicks) return [];
  return allProcesses()
    .filter((stat) => stat.sessionId === leader.pid || stat.groupId === leader.pid)
    .filter(isLive);
}

function allProcesses(): readonly ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcessStat(Number(name)))
    .filter((stat) => stat !== null);
}

/** The children of its main thread, zombies included. */
export function childPids(pid: number): readonly number[] {
  const text = readOrNull(`/proc/${pid}/task/${pid}/children`);
  if (text !== null)
    return text
      .split(' ')
      .filter((word) => word !== '')
      .map(Number);
  // The kernel may be built without that file.
  return allProcesses()
    .filter(({ parentId }) => parentId === pid)
    .map((stat) => stat.pid);
}

/** Live processes below this one, at any depth. Reads all of /proc. */
export function descendants(root: Identity): readonly ProcessStat[] {
  if (!processStillRuns(root.pid, root.startTicks)) return [];
  const byParent = Map.groupBy(allProcesses(), ({ parentId }) => parentId);
  const found: ProcessStat[] = [];
  const parents = [root.pid];
  for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
    for (const child of byParent.get(parent) ?? []) {
      parents.push(child.pid);
      if (isLive(child)) found.push(child);
    }
  }
  return found;
}

export type Identity = { readonly pid: number; readonly startTicks: number };

/** Whether the process group has any process, zombies included. One system call. */
export function groupExists(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** A process that is gone already needs no signal, so that is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** The command line with its arguments ended by NUL; empty for a zombie; null: no such process. */
export function readCommandLine(pid: number): string | null {
  return readOrNull(`/proc/${pid}/cmdline`);
}

/** Whether the process was started with this NAME=VALUE; false also where it may not be read. */
export function hasVariable(pid: number, variable: string): boolean {
  return variablesOf(pid).includes(variable);
}

/** What it was started with, each as NAME=VALUE; none where it may not be read. */
export function variablesOf(pid: number): readonly string[] {
  return readOrNull(`/proc/${pid}/environ`)?.split('\0') ?? [];
}

/** Processes that were started with such a NAME=VALUE, of those that may be read. */
export function findMarked(isMark: (variable: string) => boolean): readonly Identity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && variablesOf(Number(name)).some(isMark))
    .map((name) => readProcessStat(Number(name)))
    .filter((stat) => stat !== null);
}

const END_CHECK_INTERVAL_MS = 2;
const END_MS = 2000;

/** Kills exactly these; false: some were not gone within two seconds. */
export async function endAll(processes: readonly Identity[]): Promise<boolean> {
  const left = (): readonly Identity[] =>
    processes.filter(({ pid, startTicks }) => processStillRuns(pid, startTicks));
  for (const { pid } of left()) sendSignal(pid, 'SIGKILL');
  for (let waitedMs = 0; waitedMs < END_MS; waitedMs += END_CHECK_INTERVAL_MS) {
    if (left().length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, END_CHECK_INTERVAL_MS));
  }
  return left().length === 0;
}

/** Octal. Without the moment of another one that umask(2) needs to tell it. */
export function readUmask(): string {
  const umask = /^Umask:\s+([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  assert(umask !== undefined, 'the kernel shows the umask since Linux 4.7');
  return umask;
}

export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // ENOENT and ESRCH: it ended meanwhile; EACCES: it is another user's. Either way there is nothing to read.
    return null;
  }
}
