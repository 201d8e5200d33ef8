import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Duplex } from 'node:stream';
import { assert } from '../../../core/assert.ts';
import { DriverError } from '../../driver-error.ts';
import { openEntrances, type Cgroup } from './cgroup.ts';
import { inheritedEnv } from './environment.ts';
import { assertDirectory, findExecutable } from './executable.ts';
import { errorCode, readCommandLine } from './proc.ts';
import { assertMayBecome, resolveAccount, type Account } from './user.ts';

// How a member's process comes to be. It must be inside its cgroup, and on record, before it runs its first
// instruction; else a child that it forks at once could escape, or a crash of the agent could orphan it
// unseen. Node can do neither between fork and exec, and moving it afterwards is a race. So /bin/sh runs a
// fixed text first: enter the cgroups, wait for the word that the record is written, become the command by
// exec. The user's command is never text to the shell: it comes as arguments ("$@"), unexpanded. If the agent
// dies before it gives the word, the read fails and the command never runs.
// The cgroups are entered by descriptors that the agent opened, so this works after root was given up.
// Not guaranteed: dash, the usual /bin/sh, drops environment variables whose names are no identifiers.

export type LaunchPlan = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly account: Account | null;
};

export type LaunchRequest = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added last, so that the user's own variables cannot contradict them. */
  readonly fixedEnv: Readonly<Record<string, string>>;
  readonly user: string | null;
};

/** Descriptor of the word to go; those of the cgroups follow it. */
const GO_FD = 3;
const LAUNCHER = '/bin/sh';
const LAUNCHER_FAILED = 125;
/** How the command line of every launcher begins, before it becomes the command. */
export const LAUNCHER_PREFIX = [LAUNCHER, '-c', '{ '].join('\0');

/** Checks all that can be checked before a process exists. Throws DriverError. */
export function planLaunch(request: LaunchRequest): LaunchPlan {
  const account = request.user === null ? null : resolveAccount(request.user);
  if (account !== null) assertMayBecome(account);
  assertDirectory(request.cwd);
  const env = {
    ...inheritedEnv(process.env),
    ...accountEnv(account),
    ...request.env,
    ...request.fixedEnv,
  };
  const [program, ...rest] = request.command;
  assert(program !== undefined, 'a command has at least its program');
  const path = findExecutable(program, request.cwd, env['PATH'] ?? '/usr/bin:/bin');
  return { command: [path, ...rest], cwd: request.cwd, env, account };
}

/** A process that waits, inside its cgroups, for the word to go. */
export type Launch = {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lets it become the command. */
  go(): void;
  /** Whether it has become the command. */
  hasBegun(): boolean;
};

/** output, errors: descriptors for its stdout and stderr. Throws DriverError where no process could be made. */
export async function launch(
  plan: LaunchPlan,
  cgroup: Cgroup,
  streams: { output: number; errors: number },
): Promise<Launch> {
  const entrances = openEntrances(cgroup);
  try {
    const script = launcherScript(entrances.length);
    const child = spawn(LAUNCHER, ['-c', script, 'hotwarm', ...plan.command], {
      cwd: plan.cwd,
      env: plan.env,
      detached: true,
      stdio: ['ignore', streams.output, streams.errors, 'pipe', ...entrances],
      // With these, libuv also gives up the supplementary groups.
      ...(plan.account === null ? {} : { uid: plan.account.uid, gid: plan.account.gid }),
    });
    const { pid } = child;
    if (pid === undefined) throw await spawnFailure(child);
    const prefix = [LAUNCHER, '-c', script, ''].join('\0');
    return { child, pid, go: () => giveWord(child), hasBegun: () => hasLeft(pid, prefix) };
  } finally {
    for (const fd of entrances) closeSync(fd);
  }
}

/** Why a process ended before it became the command; null: it may as well have been the command that ended. */
export function launchFailure(exitCode: number | null, plan: LaunchPlan): DriverError | null {
  const program = plan.command[0] ?? '';
  if (exitCode === LAUNCHER_FAILED) {
    return new DriverError('startFailed', `${program} could not be put into its cgroup`);
  }
  if (exitCode === 126) {
    return new DriverError('permission', `${program} could not be executed${asAccount(plan)}`);
  }
  if (exitCode === 127) {
    return new DriverError('notFound', `${program} or its interpreter does not exist`);
  }
  return null;
}

function launcherScript(entrances: number): string {
  const fds = Array.from({ length: entrances }, (_, index) => GO_FD + 1 + index);
  const enter = fds.map((fd) => `echo 0 >&${fd}`);
  const steps = [...enter, `read -r word <&${GO_FD}`].join(' && ');
  const closed = [GO_FD, ...fds].map((fd) => `${fd}>&-`).join(' ');
  return `{ ${steps}; } || exit ${LAUNCHER_FAILED}; exec "$@" ${closed}`;
}

function giveWord(child: ChildProcess): void {
  const stream = child.stdio[GO_FD];
  assert(stream instanceof Duplex, 'the launcher has a descriptor for the word');
  // A launcher that failed already has closed its end; its exit code says why.
  stream.on('error', () => undefined);
  stream.end('go\n', () => stream.destroy());
}

function hasLeft(pid: number, launcherPrefix: string): boolean {
  const line = readCommandLine(pid);
  return line !== null && line !== '' && !line.startsWith(launcherPrefix);
}

function accountEnv(account: Account | null): Readonly<Record<string, string>> {
  if (account === null) return {};
  const name = account.name ?? `${account.uid}`;
  return { USER: name, LOGNAME: name, HOME: account.home ?? '/' };
}

function asAccount(plan: LaunchPlan): string {
  return plan.account === null ? '' : ` by user ${plan.account.name ?? plan.account.uid}`;
}

async function spawnFailure(child: ChildProcess): Promise<DriverError> {
  const error = await new Promise<Error>((resolve) => child.once('error', resolve));
  const denied = errorCode(error) === 'EPERM' || errorCode(error) === 'EACCES';
  const text = `no process could be made in ${dirname(LAUNCHER)}: ${error.message}`;
  return new DriverError(denied ? 'permission' : 'startFailed', text, { cause: error });
}
