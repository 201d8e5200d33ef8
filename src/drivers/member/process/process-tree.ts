import { setTimeout as delay } from 'node:timers/promises';
import { DriverError } from '../../driver-error.ts';
import {
  canFreeze,
  cgroupPids,
  hasCgroup,
  isCgroupEmpty,
  isFrozen,
  killCgroup,
  setFrozen,
  type Cgroup,
} from './cgroup.ts';
import {
  descendants,
  groupExists,
  processStillRuns,
  readProcessStat,
  sendSignal,
  sessionProcesses,
  type Identity,
  type ProcessStat,
} from '../../os/proc.ts';

// Everything that one start of a member brought to life: its main process and all descendants. With a
// cgroup that is exactly the cgroup; in a PID namespace it is all below the namespace's process 1, whose end the kernel
// makes complete. Without either it is the session that the main process opened; a descendant that opens a session of
// its own escapes from that, so a fence there proves nothing, and exclusive services are refused.
// "Nothing is left" is only ever said on the kernel's word, never concluded from a signal having been sent.

/** main null: only the cgroup is known to be ours. */
export type ProcessTree = {
  readonly main: Identity | null;
  readonly cgroup: Cgroup;
  /** Process 1 of the PID namespace, as this host numbers it; null: it has none of its own. */
  readonly init: Identity | null;
};

/** How long to wait between two looks at the kernel; death takes 0.1 ms per MB of memory. */
const CHECK_INTERVAL_MS = 1;
const CHECK_INTERVAL_MAX_MS = 5;

/** Live processes, the main one included. */
export function livePids(tree: ProcessTree): readonly number[] {
  const session = sessionOf(tree).map((stat) => stat.pid);
  return [...new Set([...cgroupPids(tree.cgroup), ...session])];
}

/** Whether nothing but zombies is left. */
export function isGone(tree: ProcessTree): boolean {
  if (isInitAlive(tree)) return false;
  return isCgroupEmpty(tree.cgroup) && livePids(tree).length === 0;
}

function isInitAlive({ init }: ProcessTree): boolean {
  return init !== null && processStillRuns(init.pid, init.startTicks);
}

/**
 * SIGKILL to everything, again and again, until nothing is left and `reaped` says that the main process
 * has been waited for. `signal` ends it with stillRunning.
 */
export async function killAll(
  tree: ProcessTree,
  options: { reaped: () => boolean; signal: AbortSignal },
): Promise<void> {
  const killed = (): boolean => {
    killCgroup(tree.cgroup);
    const { init } = tree;
    if (init !== null && isInitAlive(tree)) {
      sendSignal(init.pid, 'SIGKILL');
      return false;
    }
    if (!options.reaped()) {
      // Until it is reaped, the number of the main process names its group and nothing else: one call for all.
      if (tree.main !== null) sendSignal(-tree.main.pid, 'SIGKILL');
      return false;
    }
    const left = livePids(tree);
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    return left.length === 0 && isCgroupEmpty(tree.cgroup);
  };
  await waitUntil(killed, options.signal, () => {
    const pids = livePids(tree).join(', ') || 'unreaped';
    return new DriverError('stillRunning', `SIGKILL has not ended everything yet: pid ${pids}`);
  });
}

export async function freezeAll(tree: ProcessTree, signal: AbortSignal): Promise<void> {
  orderFrozen(tree, true);
  try {
    await waitUntil(() => isAllFrozen(tree), signal, late('freeze'));
  } catch (error) {
    // A member that is half frozen is neither of any use nor safe: let it run again.
    orderFrozen(tree, false);
    throw error;
  }
}

/** Orders the thaw without waiting until the kernel confirms it. */
export function beginThaw(tree: ProcessTree): void {
  orderFrozen(tree, false);
}

export async function thawAll(tree: ProcessTree, signal: AbortSignal): Promise<void> {
  orderFrozen(tree, false);
  await waitUntil(() => !isAnyFrozen(tree), signal, late('thaw'));
}

/** Whether it is frozen, or its main process stopped, at this moment. */
export function isFrozenNow(tree: ProcessTree): boolean {
  if (canFreeze(tree.cgroup)) return isFrozen(tree.cgroup);
  const stat = tree.main === null ? null : readProcessStat(tree.main.pid);
  return stat !== null && isStopped(stat);
}

/** Looks at once, then at short intervals, until `done`; throws `failure()` when the signal aborts first. */
export async function waitUntil(
  done: () => boolean,
  signal: AbortSignal,
  failure: () => DriverError,
): Promise<void> {
  for (
    let intervalMs = CHECK_INTERVAL_MS;
    !done();
    intervalMs = Math.min(intervalMs + 1, CHECK_INTERVAL_MAX_MS)
  ) {
    if (signal.aborted) throw failure();
    // An abort only ends the pause; one last look then decides.
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** With a cgroup, the group only matters until the main process has entered it: one call settles that. */
function sessionOf({ main, cgroup, init }: ProcessTree): readonly ProcessStat[] {
  if (init !== null) return descendants(init);
  if (main === null || (hasCgroup(cgroup) && !groupExists(main.pid))) return [];
  return sessionProcesses(main);
}

function late(verb: string): () => DriverError {
  return () => new DriverError('timedOut', `the kernel did not confirm the ${verb} in time`);
}

function orderFrozen(tree: ProcessTree, frozen: boolean): void {
  if (canFreeze(tree.cgroup)) {
    setFrozen(tree.cgroup, frozen);
    return;
  }
  // The group first, by one call; those of the session that left the group follow when it is looked through.
  // In a PID namespace the group also holds its process 1, which must keep reaping.
  if (tree.main !== null && tree.init === null) {
    sendSignal(-tree.main.pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }
}

function isAllFrozen(tree: ProcessTree): boolean {
  if (canFreeze(tree.cgroup)) return isFrozen(tree.cgroup);
  const all = sessionOf(tree);
  const running = all.filter((stat) => !isStopped(stat));
  for (const { pid } of running) sendSignal(pid, 'SIGSTOP');
  releaseForks(all);
  return running.length === 0;
}

/** A parent in vfork(2) cannot stop before its child has called exec(2); one that was stopped before that must continue. */
function releaseForks(all: readonly ProcessStat[]): void {
  const waiting = new Set(all.filter(({ state }) => state === 'D').map(({ pid }) => pid));
  for (const stat of all)
    if (isStopped(stat) && waiting.has(stat.parentId)) sendSignal(stat.pid, 'SIGCONT');
}

function isAnyFrozen(tree: ProcessTree): boolean {
  if (canFreeze(tree.cgroup)) return isFrozen(tree.cgroup);
  const stopped = sessionOf(tree).filter(isStopped);
  for (const { pid } of stopped) sendSignal(pid, 'SIGCONT');
  return stopped.length > 0;
}

function isStopped(stat: ProcessStat): boolean {
  return stat.state === 'T';
}
