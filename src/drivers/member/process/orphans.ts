import { findCgroupMounts, type CgroupMounts } from './cgroup-mounts.ts';
import { openCgroup, removeCgroup } from './cgroup.ts';
import { livePids, isGone, killAll, waitUntil, type ProcessTree } from './process-tree.ts';
import {
  findMarked,
  hasVariable,
  processStillRuns,
  sendSignal,
  sessionProcesses,
  type Identity,
} from '../../os/proc.ts';
import {
  memberCgroupName,
  readRecord,
  recordPath,
  removeRecord,
  runIdPrefix,
  setRecordAside,
  type RunRecord,
} from './run-record.ts';
import { DriverError } from '../../driver-error.ts';

// What a former agent left running. A process is killed only when it is proven to belong to the member: it is
// in the member's cgroup, or in the session of a main process whose pid and start time are those on record,
// or it carries the run's id in its environment. A process that merely has a number from the record is never
// touched. If something looks like the member's but cannot be proven to be, that is an error and not a kill.

type OrphanOptions = {
  readonly stateDir: string;
  readonly service: string;
  readonly member: string;
  readonly signal: AbortSignal;
  readonly cgroups?: CgroupMounts;
};

/** Kills it and resolves on proof that nothing is left. False: there was nothing to kill. */
export async function killOrphans(options: OrphanOptions): Promise<boolean> {
  const { stateDir, service, member, signal } = options;
  const path = recordPath(stateDir, service, member);
  const record = readRecord(stateDir, service, member);
  if (record === 'damaged') {
    const aside = setRecordAside(path);
    process.emitWarning(
      `${path} was damaged and is now ${aside}; processes are found by their cgroup and mark`,
    );
    const inCgroup = await killInCgroup(options);
    return (await killMarked(memberCgroupName(stateDir, service, member), signal)) || inCgroup;
  }
  const found = record === null ? await killInCgroup(options) : await killRecorded(record, signal);
  removeRecord(path);
  return found;
}

/** Without a record there is still the cgroup, whose name is known: a launcher may sit in it. */
async function killInCgroup(options: OrphanOptions): Promise<boolean> {
  const name = memberCgroupName(options.stateDir, options.service, options.member);
  const cgroup = openCgroup(options.cgroups ?? findCgroupMounts(), name);
  return killContained({ main: null, init: null, cgroup }, options.signal);
}

async function killRecorded(record: RunRecord, signal: AbortSignal): Promise<boolean> {
  const { main, init, cgroup } = record;
  const isThere = processStillRuns(main.pid, main.startTicks);
  // The end of process 1 is the end of all in its namespace, whatever became of the main process.
  if (init !== null) return await killContained({ main: null, init, cgroup }, signal);
  if (isThere) return await killContained({ main, init, cgroup }, signal);
  const foundInCgroup = await killContained({ main: null, init: null, cgroup }, signal);
  return (await killSession(record, signal)) || foundInCgroup;
}

/** Of whichever start: each carries the member's name and place in its environment, and children inherit it. */
async function killMarked(cgroupName: string, signal: AbortSignal): Promise<boolean> {
  const mark = `HOTWARM_RUN=${runIdPrefix(cgroupName)}`;
  const marked = (): readonly Identity[] =>
    findMarked((variable) => variable.startsWith(mark)).filter(({ pid, startTicks }) =>
      processStillRuns(pid, startTicks),
    );
  const found = marked().length > 0;
  const killed = (): boolean => {
    const left = marked();
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    return left.length === 0;
  };
  await waitUntil(killed, signal, () => stillRunning(marked().map(({ pid }) => pid)));
  return found;
}

/** The main process is gone, so its session is only taken for ours where the environment confirms it. */
async function killSession(record: RunRecord, signal: AbortSignal): Promise<boolean> {
  const mark = `HOTWARM_RUN=${record.runId}`;
  const candidates = sessionProcesses(record.main);
  const orphans = candidates.filter(({ pid }) => hasVariable(pid, mark));
  const strangers = candidates.filter((stat) => !orphans.includes(stat));
  const killed = (): boolean => {
    const left = orphans.filter(({ pid, startTicks }) => processStillRuns(pid, startTicks));
    for (const { pid } of left) sendSignal(pid, 'SIGKILL');
    return left.length === 0;
  };
  await waitUntil(killed, signal, () => stillRunning(orphans.map(({ pid }) => pid)));
  if (strangers.length > 0) throw stillRunning(strangers.map(({ pid }) => pid));
  return orphans.length > 0;
}

async function killContained(tree: ProcessTree, signal: AbortSignal): Promise<boolean> {
  const found = !isGone(tree);
  // The former agent is gone, so init reaps the main process, and a zombie counts as dead.
  await killAll(tree, { reaped: () => true, signal });
  if (!isGone(tree)) throw stillRunning(livePids(tree));
  // An empty group that the kernel or another process still holds is used again by the next start.
  removeCgroup(tree.cgroup);
  return found;
}

function stillRunning(pids: readonly number[]): DriverError {
  return new DriverError(
    'stillRunning',
    `pid ${pids.join(', ')} may belong to the member from before; end it by hand if so`,
  );
}
