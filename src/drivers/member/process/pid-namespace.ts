import { spawnSync } from 'node:child_process';
import { DriverError } from '../../driver-error.ts';
import { childPids, processStillRuns, readProcessStat, type Identity } from '../../os/proc.ts';

// A PID namespace holds a member together where there is no cgroup: whatever its processes do, sessions of their own
// and blank environments included, the kernel kills all of them when the namespace's first process ends, and that
// one has not ended before they all have. An unprivileged user gets one inside a user namespace of its own.
// The first process is a shell that does nothing but wait, since what is process 1 of a namespace ignores every signal
// that it does not handle, and must reap what others leave behind. So the end of the main process is the end of all.
// The member sees the host's /proc, in which its processes have other numbers than getpid(2) gives it.

const UNSHARE = 'unshare';
const PROBE_MS = 5000;
/** Most privileged first: as root there is no need of a user namespace, if the container lets root do it at all. */
const WAYS: readonly (readonly string[])[] = [
  ['--pid', '--fork', '--kill-child'],
  ['--user', '--map-current-user', '--pid', '--fork', '--kill-child'],
];

/** What makes process 1: it runs the launcher (its first argument) as a child, and reaps. */
const INIT = ['/bin/sh', '-c', '/bin/sh -c "$0" hotwarm "$@"; exit $?'] as const;

let found: readonly string[] | null | undefined;

/** The words in front of a launcher's script that run it in a PID namespace of its own; null: none can be had here. */
export function findPidNamespace(): readonly string[] | null {
  if (found !== undefined) return found;
  const way = WAYS.find(
    (flags) => spawnSync(UNSHARE, [...flags, 'true'], { timeout: PROBE_MS }).status === 0,
  );
  found = way === undefined ? null : [UNSHARE, ...way, ...INIT];
  return found;
}

/** The processes of a namespace that unshare(1) was spawned for: its process 1, and the launcher below it. */
export type Nested = { readonly init: Identity; readonly main: Identity };

const CHECK_INTERVAL_MS = 1;
const FORK_MS = 5000;

/** Resolves once both exist. Throws DriverError when unshare ends instead, or in time. */
export async function findNested(unshare: Identity): Promise<Nested> {
  for (let waitedMs = 0; waitedMs < FORK_MS; waitedMs += CHECK_INTERVAL_MS) {
    const init = onlyChild(unshare.pid);
    const main = init === null ? null : onlyChild(init.pid);
    if (init !== null && main !== null) return { init, main };
    if (!processStillRuns(unshare.pid, unshare.startTicks)) break;
    await new Promise((resolve) => setTimeout(resolve, CHECK_INTERVAL_MS));
  }
  throw new DriverError('startFailed', 'no PID namespace could be made for the member');
}

function onlyChild(pid: number): Identity | null {
  const [child] = childPids(pid);
  return child === undefined ? null : readProcessStat(child);
}
