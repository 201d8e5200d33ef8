import { DriverError } from '../../driver-error.ts';
import type { Exit } from '../contract.ts';
import type { Cgroup } from './cgroup.ts';
import {
  livePids,
  isFrozenNow,
  isGone,
  thawAll,
  waitUntil,
  type ProcessTree,
} from './process-tree.ts';
import { whenGone } from './exit-watch.ts';
import { launch, launchFailure, type Launch, type LaunchPlan } from './launch.ts';
import type { LogPaths } from './log-files.ts';
import { processStillRuns, readCommandLine, sendSignal, type Identity } from '../../os/proc.ts';
import { writeRecord, type RunRecord } from './run-record.ts';
import type { Spawner } from './spawner.ts';

/** One start of the member, from its launch to the proof of its death. */
export type Run = {
  readonly main: Identity;
  readonly tree: ProcessTree;
  /** null: the main process was not waited for yet. */
  exit: Exit | null;
  /** Whether start() has resolved, so that the exit may be reported. */
  announced: boolean;
  frozen: boolean;
  /** Nothing of this process keeps the agent from ending. */
  readonly unref: () => void;
};

/** A run whose process is still the launcher, waiting for the word. */
type MadeRun = { readonly run: Run; readonly launched: Launch; readonly plan: LaunchPlan };

/** onExit: the main process was waited for; `exit` is set. */
export async function makeRun(options: {
  readonly plan: LaunchPlan;
  readonly cgroup: Cgroup;
  readonly namespace: readonly string[] | null;
  readonly logs: LogPaths;
  readonly spawner: Spawner;
  readonly onExit: (run: Run) => void;
}): Promise<MadeRun> {
  const launched = await launch(options.plan, options);
  const { main, init } = launched.spawned;
  const run: Run = {
    main,
    tree: { main, cgroup: options.cgroup, init },
    exit: null,
    announced: false,
    frozen: false,
    unref: () => launched.spawned.unref(),
  };
  launched.spawned.onExit((exit) => {
    run.exit = { pid: main.pid, ...exit };
    options.onExit(run);
  });
  return { run, launched, plan: options.plan };
}

/** Puts the run on record, gives the word and waits until the command runs. Throws DriverError; kills nothing. */
export async function beginRun(
  { run, launched, plan }: MadeRun,
  options: { recordPath: string; runId: string; recipe: string; signal: AbortSignal },
): Promise<void> {
  const { cgroup, init } = run.tree;
  const { runId, recipe } = options;
  writeRecord(options.recordPath, { main: run.main, init, cgroup, runId, recipe });
  launched.spawned.go();
  const begun = (): boolean => run.exit !== null || launched.hasBegun();
  await waitUntil(begun, options.signal, calledOff);
  const failure = run.exit === null ? null : launchFailure(run.exit.exitCode, plan);
  if (failure !== null) throw failure;
}

/** SIGTERM to the main process, then to what it left behind. False: not all had ended when the signal aborted. */
export async function askToEnd(run: Run, signal: AbortSignal): Promise<boolean> {
  try {
    // A frozen process would see SIGTERM only once it runs again.
    if (run.frozen) await thawAll(run.tree, signal);
    if (processStillRuns(run.main.pid, run.main.startTicks)) sendSignal(run.main.pid, 'SIGTERM');
    await waitUntil(() => run.exit !== null, signal, calledOff);
    for (const pid of livePids(run.tree)) sendSignal(pid, 'SIGTERM');
    await waitUntil(() => isGone(run.tree), signal, calledOff);
    return true;
  } catch (error) {
    if (error instanceof DriverError) return false;
    throw error;
  }
}

export function calledOff(): DriverError {
  return new DriverError('timedOut', 'it was called off or ran out of time');
}

/** The run of an earlier agent, if its main process is the one on record, has become the command and lives. */
export function findRun(
  record: RunRecord,
  options: { readonly launcher: string; readonly onExit: (run: Run) => void },
): Run | null {
  const { main, init, cgroup } = record;
  if (!processStillRuns(main.pid, main.startTicks)) return null;
  // A launcher that was never given the word ends by itself.
  if (readCommandLine(main.pid)?.startsWith(options.launcher) !== false) return null;
  const tree = { main, init, cgroup };
  const stopLooking = whenGone(main, (exit) => {
    run.exit = { pid: main.pid, ...exit };
    options.onExit(run);
  });
  const run: Run = {
    main,
    tree,
    exit: null,
    announced: true,
    frozen: isFrozenNow(tree),
    unref: stopLooking,
  };
  return run;
}
