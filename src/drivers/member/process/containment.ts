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
  groupExists,
  readProcessStat,
  sendSignal,
  sessionProcesses,
  type Identity,
  type ProcessStat,
} from '../../os/proc.ts';

// Everything that one start of a member brought to life: its main process and all descendants. With a
// cgroup that is exactly the cgroup. Without one it is the session that the main process opened; a
// descendant that opens a session of its own escapes from that, which is why the cgroup is preferred.
// "Nothing is left" is only ever said on the kernel's word, never concluded from a signal having been sent.

/** main null: only the cgroup is known to be ours. */
export type Containment = { readonly main: Identity | null; readonly cgroup: Cgroup };

/** How long to wait between two looks at the kernel; death takes 0.1 ms per MB of memory. */
const LOOK_MS = 1;
const LOOK_MAX_MS = 5;

/** Live processes, the main one included. */
export function containedPids(containment: Containment): readonly number[] {
  const session = sessionOf(containment).map((stat) => stat.pid);
  return [...new Set([...cgroupPids(containment.cgroup), ...session])];
}

/** Whether nothing but zombies is left. */
export function isGone(containment: Containment): boolean {
  return isCgroupEmpty(containment.cgroup) && containedPids(containment).length === 0;
}

/**
 * SIGKILL to everything, again and again, until nothing is left and `reaped` says that the main process
 * has been waited for. `signal` ends it with stillRunning.
 */
export async function killAll(
  containment: Containment,
  options: { reaped: () => boolean; signal: AbortSignal },
): Promise<void> {
  const killed = (): boolean => {
    killCgroup(containment.cgroup);
    if (!options.reaped()) {
      // Until it is reaped, the number of the main process names its group and nothing else: one call for all.
      if (containment.main !== null) sendSignal(-containment.main.pid, 'SIGKILL');
      return false;
    }
    const left = containedPids(containment);
    for (const pid of left) sendSignal(pid, 'SIGKILL');
    return left.length === 0 && isCgroupEmpty(containment.cgroup);
  };
  await waitUntil(killed, options.signal, () => {
    const pids = containedPids(containment).join(', ') || 'unreaped';
    return new DriverError('stillRunning', `SIGKILL has not ended everything yet: pid ${pids}`);
  });
}

export async function freezeAll(containment: Containment, signal: AbortSignal): Promise<void> {
  orderFrozen(containment, true);
  try {
    await waitUntil(() => isAllFrozen(containment), signal, late('freeze'));
  } catch (error) {
    // A member that is half frozen is neither of any use nor safe: let it run again.
    orderFrozen(containment, false);
    throw error;
  }
}

export async function thawAll(containment: Containment, signal: AbortSignal): Promise<void> {
  orderFrozen(containment, false);
  await waitUntil(() => !isAnyFrozen(containment), signal, late('thaw'));
}

/** Whether it is frozen, or its main process stopped, at this moment. */
export function isFrozenNow(containment: Containment): boolean {
  if (canFreeze(containment.cgroup)) return isFrozen(containment.cgroup);
  const stat = containment.main === null ? null : readProcessStat(containment.main.pid);
  return stat !== null && isStopped(stat);
}

/** Looks at once, then at short intervals, until `done`; throws `failure()` when the signal aborts first. */
export async function waitUntil(
  done: () => boolean,
  signal: AbortSignal,
  failure: () => DriverError,
): Promise<void> {
  for (let lookMs = LOOK_MS; !done(); lookMs = Math.min(lookMs + 1, LOOK_MAX_MS)) {
    if (signal.aborted) throw failure();
    // An abort only ends the pause; one last look then decides.
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/** With a cgroup, the group only matters until the main process has entered it: one call settles that. */
function sessionOf({ main, cgroup }: Containment): readonly ProcessStat[] {
  if (main === null || (hasCgroup(cgroup) && !groupExists(main.pid))) return [];
  return sessionProcesses(main);
}

function late(verb: string): () => DriverError {
  return () => new DriverError('timedOut', `the kernel did not confirm the ${verb} in time`);
}

function orderFrozen(containment: Containment, frozen: boolean): void {
  if (canFreeze(containment.cgroup)) {
    setFrozen(containment.cgroup, frozen);
    return;
  }
  // The group first, by one call; those of the session that left the group follow when it is looked through.
  if (containment.main !== null) {
    sendSignal(-containment.main.pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }
}

function isAllFrozen(containment: Containment): boolean {
  if (canFreeze(containment.cgroup)) return isFrozen(containment.cgroup);
  const running = sessionOf(containment).filter((stat) => !isStopped(stat));
  for (const { pid } of running) sendSignal(pid, 'SIGSTOP');
  return running.length === 0;
}

function isAnyFrozen(containment: Containment): boolean {
  if (canFreeze(containment.cgroup)) return isFrozen(containment.cgroup);
  const stopped = sessionOf(containment).filter(isStopped);
  for (const { pid } of stopped) sendSignal(pid, 'SIGCONT');
  return stopped.length > 0;
}

function isStopped(stat: ProcessStat): boolean {
  return stat.state === 'T';
}
