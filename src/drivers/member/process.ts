import { createHash, randomUUID } from 'node:crypto';
import { assert } from '../../core/assert.ts';
import { DriverError } from '../driver-error.ts';
import type { ListenAddress } from '../listen-address.ts';
import type { Adopted, Collapse, Exit, MemberDriver, Started } from './contract.ts';
import { findCgroupMounts, type CgroupMounts } from './process/cgroup-mounts.ts';
import {
  canFreeze,
  hasCgroup,
  isCgroupEmpty,
  openCgroup,
  removeCgroup,
  setCpuShare,
  setFrozen,
  type Cgroup,
} from './process/cgroup.ts';
import { whenExitingEarly } from './process/early-exit-watch.ts';
import { beginThaw, livePids, isGone, killAll, thawAll } from './process/process-tree.ts';
import { countClients, freezeIdle } from './process/freeze-idle.ts';
import { killOrphans } from './process/orphans.ts';
import { makeActivationPipe } from './process/activation-pipe.ts';
import {
  LAUNCHER_PREFIX,
  NOTHING_HANDED,
  planLaunch,
  type Handed,
  type LaunchPlan,
} from './process/launch.ts';
import {
  logPaths,
  rotateLogs,
  watchLogs,
  type LogLimits,
  type LogPaths,
} from './process/log-files.ts';
import { findPidNamespace } from './process/pid-namespace.ts';
import {
  memberCgroupName,
  memberFileName,
  readRecord,
  recordPath,
  removeRecord,
  reserveRecord,
  runIdPrefix,
} from './process/run-record.ts';
import { askToEnd, beginRun, calledOff, findRun, makeRun, type Run } from './process/run.ts';
import { LocalSpawner, type Spawner } from './process/spawner.ts';

// A member that is a process of this host. Each start is a session and a cgroup of its own, so that the whole
// of it can be frozen, limited and killed, and its death proven, workers and orphans included. The driver
// notices the exit of the main process at once and reports it, but does not then kill what is left: whether
// to fence is the agent's decision. Until something has proven that nothing is left, there is no new start.
// Capacity is an economy and not a safety property: without a cpu controller a member that is started at
// reduced capacity simply runs at full capacity, whereas reducing a running one is reported as impossible.
// Longer than other files, as all of it is about the one run that there is.

export type ProcessMemberOptions = {
  readonly service: string;
  readonly member: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** Added to the agent's own environment, less what is meant for the agent alone. */
  readonly env: Readonly<Record<string, string>>;
  /** A name of /etc/passwd, `uid` or `uid:gid`; null: the agent's own user. */
  readonly user: string | null;
  /** Where the member is to listen: HOTWARM_ADDRESS and PORT in its environment. */
  readonly address: string;
  readonly port: number;
  /** At reduced capacity, the share of one CPU that all its processes may use together; null: never limited. */
  readonly reducedCpuShare: number | null;
  /** Holds logs/ and run/. */
  readonly stateDir: string;
  readonly logLimits: LogLimits;
  /** What it inherits besides its standard streams; `spawner` must have the sockets. */
  readonly handed?: Handed;
  /** The inherited sockets that all members accept clients from. */
  readonly sharedSockets?: readonly ListenAddress[];
  /** Default: the agent's own process. */
  readonly spawner?: Spawner;
  /** Default: what this host has. */
  readonly cgroups?: CgroupMounts;
  /** Words that make a PID namespace; default: what this host has, where there is no cgroup. */
  readonly namespace?: readonly string[] | null;
  /** The main process ended. Called at once, but never before start() has resolved for it. */
  readonly onExit: (exit: Exit) => void;
  /** The main process is ending; its exit follows. */
  readonly onCollapse: (collapse: Collapse) => void;
};

export function createProcessMember(options: ProcessMemberOptions): MemberDriver {
  return new ProcessMember(options);
}

/** A start in progress, for kill() to cancel. */
type Start = { readonly settled: Promise<unknown>; readonly callOff: AbortController };

class ProcessMember implements MemberDriver {
  readonly #options: ProcessMemberOptions;
  readonly #mounts: CgroupMounts;
  readonly #spawner: Spawner;
  readonly #unwatchLogs: () => void;
  #run: Run | null = null;
  #start: Start | null = null;
  /** Of the last start; removed when empty. */
  #cgroup: Cgroup | null = null;
  #looksForCollapse = false;
  #stopLooking: () => void = () => undefined;
  #closed = false;
  /** Nothing of an earlier agent's is left but what was adopted. */
  #isCleared = false;

  constructor(options: ProcessMemberOptions) {
    this.#options = options;
    this.#mounts = options.cgroups ?? findCgroupMounts();
    this.#spawner = options.spawner ?? new LocalSpawner();
    reserveRecord(this.#recordPath());
    this.#unwatchLogs = watchLogs(this.#logPaths(), options.logLimits);
  }

  async start(options: { capacity: 'full' | 'reduced'; signal: AbortSignal }): Promise<Started> {
    if (this.#closed) throw new DriverError('conflict', 'the driver of the member is closed');
    if (this.#start !== null) {
      throw new DriverError('conflict', 'the member is being started already');
    }
    this.#assertNothingRuns();
    const callOff = new AbortController();
    const signal = AbortSignal.any([options.signal, callOff.signal]);
    const begun = this.#begin({ capacity: options.capacity, signal });
    this.#start = { settled: begun.catch(() => undefined), callOff };
    try {
      const run = await begun;
      // From the next turn on, so that the caller that awaits this start learns of it before the exit.
      setImmediate(() => this.#announce(run));
      return run.main;
    } finally {
      this.#start = null;
    }
  }

  adopt(): Adopted | null {
    assert(this.#run === null && this.#start === null, 'a driver adopts before it starts anything');
    const { stateDir, service, member } = this.#options;
    const record = readRecord(stateDir, service, member);
    if (record === null || record === 'damaged' || record.recipe !== recipeOf(this.#options))
      return null;
    const run = findRun(record, {
      launcher: LAUNCHER_PREFIX,
      onExit: (ended) => this.#report(ended),
    });
    if (run === null) return null;
    // Its agent may have crashed before a freeze was confirmed, or before the check for clients, who would wait as long.
    if (!run.frozen || countClients(run.tree, this.#options.sharedSockets ?? []) > 0) {
      beginThaw(run.tree);
      run.frozen = false;
    }
    this.#run = run;
    this.#cgroup = record.cgroup;
    this.#check();
    return { ...run.main, frozen: run.frozen };
  }

  async clear({ signal }: { signal: AbortSignal }): Promise<void> {
    if (this.#isCleared || this.#run !== null) return;
    const { stateDir, service, member } = this.#options;
    await killOrphans({ stateDir, service, member, signal, cgroups: this.#mounts });
    this.#isCleared = true;
  }

  async stop(options: { graceMs: number; signal: AbortSignal }): Promise<void> {
    const run = this.#run;
    if (run === null || this.#start !== null) return await this.kill({ signal: options.signal });
    const grace = AbortSignal.any([options.signal, AbortSignal.timeout(options.graceMs)]);
    await askToEnd(run, grace);
    await this.kill({ signal: options.signal });
  }

  async kill(options: { signal: AbortSignal }): Promise<void> {
    // A start that has not resolved kills what it made when it is called off.
    this.#start?.callOff.abort();
    await this.#start?.settled;
    const run = this.#run;
    if (run === null) return;
    await killAll(run.tree, { reaped: () => run.exit !== null, signal: options.signal });
    this.#release(run);
  }

  async freeze(options: { signal: AbortSignal }): Promise<void> {
    const run = this.#running();
    await freezeIdle(run.tree, this.#options.sharedSockets ?? [], options.signal);
    run.frozen = true;
  }

  async thaw(options: { signal: AbortSignal }): Promise<void> {
    const run = this.#running();
    await thawAll(run.tree, options.signal);
    run.frozen = false;
  }

  clients(): number {
    const run = this.#run;
    return run === null ? 0 : countClients(run.tree, this.#options.sharedSockets ?? []);
  }

  async setCapacity(
    capacity: 'full' | 'reduced',
    _options: { signal: AbortSignal },
  ): Promise<void> {
    const { cgroup } = this.#running().tree;
    const share = this.#share(capacity);
    if (!setCpuShare(cgroup, share) && share !== null) {
      throw new DriverError('permission', 'there is no cgroup with a cpu controller to limit it');
    }
  }

  lookForCollapse(on: boolean): void {
    if (on === this.#looksForCollapse) return;
    this.#looksForCollapse = on;
    this.#check();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#check();
    this.#unwatchLogs();
    const run = this.#run;
    run?.unref();
    if (run !== null && run.exit !== null && isGone(run.tree)) this.#release(run);
    if (this.#cgroup !== null) removeCgroup(this.#cgroup);
  }

  async #begin(options: { capacity: 'full' | 'reduced'; signal: AbortSignal }): Promise<Run> {
    const { stateDir, service, member, logLimits } = this.#options;
    const { signal } = options;
    await this.clear({ signal });
    const name = memberCgroupName(stateDir, service, member);
    const runId = `${runIdPrefix(name)}${randomUUID()}`;
    const plan = this.#plan(runId);
    const logs = this.#logPaths();
    await rotateLogs(logs, logLimits);
    const cgroup = openCgroup(this.#mounts, name);
    this.#cgroup = cgroup;
    if (!isCgroupEmpty(cgroup)) {
      throw new DriverError('stillRunning', 'processes of a former start are in its cgroup');
    }
    if (canFreeze(cgroup)) setFrozen(cgroup, false);
    setCpuShare(cgroup, this.#share(options.capacity));
    if (signal.aborted) throw calledOff();
    const activationPipe = plan.handed.activationPipe;
    if (activationPipe !== null) makeActivationPipe(activationPipe);
    const made = await makeRun({
      plan,
      cgroup,
      namespace: hasCgroup(cgroup) ? null : this.#namespace(),
      logs,
      spawner: this.#spawner,
      onExit: (run) => this.#report(run),
    });
    this.#run = made.run;
    try {
      await beginRun(made, {
        recordPath: this.#recordPath(),
        runId,
        recipe: recipeOf(this.#options),
        signal,
      });
    } catch (error) {
      const limit = AbortSignal.timeout(FAILED_START_KILL_MS);
      await killAll(made.run.tree, { reaped: () => made.run.exit !== null, signal: limit });
      this.#release(made.run);
      throw error;
    }
    return made.run;
  }

  #announce(run: Run): void {
    run.announced = true;
    this.#check();
    this.#report(run);
  }

  /** Looks for the collapse of what runs, if that is wanted; ends an earlier look. */
  #check(): void {
    this.#stopLooking();
    this.#stopLooking = () => undefined;
    const run = this.#run;
    if (!this.#looksForCollapse || this.#closed || run === null || !run.announced) return;
    if (run.exit !== null) return;
    this.#stopLooking = whenExitingEarly(run.main, (collapse) =>
      this.#options.onCollapse(collapse),
    );
  }

  #report(run: Run): void {
    if (run === this.#run) this.#check();
    if (run.exit !== null && run.announced && !this.#closed) this.#options.onExit(run.exit);
  }

  #assertNothingRuns(): void {
    const run = this.#run;
    if (run === null) return;
    if (run.exit === null) throw new DriverError('conflict', 'the member is running already');
    if (!isGone(run.tree)) {
      const pids = livePids(run.tree).join(', ');
      throw new DriverError('stillRunning', `the main process ended but pid ${pids} is left of it`);
    }
    this.#release(run);
  }

  #running(): Run {
    if (this.#run === null || this.#run.exit !== null) {
      throw new DriverError('conflict', 'the member is not running');
    }
    return this.#run;
  }

  /** Only on proof that nothing of it is left. */
  #release(run: Run): void {
    if (this.#run !== run) return;
    this.#run = null;
    // A group that the kernel still holds for a moment is used again by the next start.
    removeCgroup(run.tree.cgroup);
    removeRecord(this.#recordPath());
  }

  #plan(runId: string): LaunchPlan {
    const { service, member, command, cwd, env, user, address, port, handed } = this.#options;
    const fixedEnv = {
      PORT: `${port}`,
      HOTWARM_ADDRESS: address,
      HOTWARM_MEMBER: member,
      HOTWARM_SERVICE: service,
      HOTWARM_RUN: runId,
    };
    return planLaunch({ command, cwd, env, fixedEnv, user, handed: handed ?? NOTHING_HANDED });
  }

  #namespace(): readonly string[] | null {
    const { namespace } = this.#options;
    return namespace === undefined ? findPidNamespace() : namespace;
  }

  #share(capacity: 'full' | 'reduced'): number | null {
    return capacity === 'full' ? null : this.#options.reducedCpuShare;
  }

  #logPaths(): LogPaths {
    const { stateDir, service, member } = this.#options;
    return logPaths(stateDir, memberFileName(service, member));
  }

  #recordPath(): string {
    const { stateDir, service, member } = this.#options;
    return recordPath(stateDir, service, member);
  }
}

/** A member of another recipe would serve somewhere else, or something else, than the configuration says. */
function recipeOf(options: ProcessMemberOptions): string {
  const { command, cwd, env, user, address, port, handed, sharedSockets } = options;
  const recipe = JSON.stringify([command, cwd, env, user, address, port, handed, sharedSockets]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 16);
}

/** A launcher or a command that has run for a moment only; SIGKILL ends it at once. */
const FAILED_START_KILL_MS = 2000;
