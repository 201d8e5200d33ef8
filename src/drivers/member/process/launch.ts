import { assert } from '../../../core/assert.ts';
import { DriverError } from '../../driver-error.ts';
import { entrancesOf, type Cgroup } from './cgroup.ts';
import { inheritedEnv } from './environment.ts';
import { assertDirectory, findExecutable } from './executable.ts';
import type { LogPaths } from './log-files.ts';
import { readCommandLine } from './proc.ts';
import type { Spawned, Spawner } from './spawner.ts';
import { assertMayBecome, resolveAccount, type Account } from './user.ts';

// How a member's process comes to be. It must be inside its cgroup, and on record, before it runs its first
// instruction; else a child that it forks at once could escape, or a crash of the agent could orphan it
// unseen. Node can do neither between fork and exec, and moving it afterwards is a race. So /bin/sh runs a
// fixed text first: enter the cgroups, wait for the word that the record is written, become the command by
// exec. The user's command is never text to the shell: it comes as arguments ("$@"), unexpanded. If the agent
// dies before it gives the word, the read fails and the command never runs.
// The cgroups are entered by descriptors that the spawner opened, so this works after root was given up.
// Not guaranteed: dash, the usual /bin/sh, drops environment variables whose names are no identifiers.

export type LaunchPlan = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly account: Account | null;
  readonly sockets: readonly HandedSocket[];
};

/** A listening socket that the command gets: the keeper's key of it, and what it is called in LISTEN_FDNAMES. */
export type HandedSocket = { readonly key: string; readonly name: string };

export type LaunchRequest = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added last, so that the user's own variables cannot contradict them. */
  readonly fixedEnv: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly sockets: readonly HandedSocket[];
};

/** Listening sockets first, as their protocol demands; then the descriptor of the word, then those of the cgroups. */
const FIRST_FD = 3;
/** dash reads one digit before a redirection. */
const MAX_SHELL_FD = 9;
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
    ...listenEnv(request.sockets),
  };
  const [program, ...rest] = request.command;
  assert(program !== undefined, 'a command has at least its program');
  const path = findExecutable(program, request.cwd, env['PATH'] ?? '/usr/bin:/bin');
  const { cwd, sockets } = request;
  return { command: [path, ...rest], cwd, env, account, sockets };
}

/** A process that waits, inside its cgroups, for the word to go. */
export type Launch = {
  readonly spawned: Spawned;
  /** Whether it has become the command. */
  hasBegun(): boolean;
};

/** Throws DriverError where no process could be made. */
export async function launch(
  plan: LaunchPlan,
  options: { readonly cgroup: Cgroup; readonly logs: LogPaths; readonly spawner: Spawner },
): Promise<Launch> {
  const { command, cwd, env, account, sockets } = plan;
  const entrances = entrancesOf(options.cgroup);
  const script = launcherScript(sockets.length, entrances.length);
  const spawned = await options.spawner.spawn({
    program: LAUNCHER,
    args: ['-c', script, 'hotwarm', ...command],
    cwd,
    env,
    owner: account === null ? null : { uid: account.uid, gid: account.gid },
    logs: options.logs,
    sockets: sockets.map(({ key }) => key),
    entrances,
  });
  const prefix = [LAUNCHER, '-c', script, ''].join('\0');
  return { spawned, hasBegun: () => hasLeft(spawned.main.pid, prefix) };
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

function launcherScript(sockets: number, entrances: number): string {
  const wordFd = FIRST_FD + sockets;
  const fds = Array.from({ length: entrances }, (_, index) => wordFd + 1 + index);
  assert(wordFd + entrances <= MAX_SHELL_FD, 'the shell can name every descriptor of the launcher');
  const enter = fds.map((fd) => `echo 0 >&${fd}`);
  const steps = [...enter, `read -r word <&${wordFd}`].join(' && ');
  const closed = [wordFd, ...fds].map((fd) => `${fd}>&-`).join(' ');
  // By the protocol of sd_listen_fds(3), which exec does not change the pid of.
  const adopt = sockets === 0 ? '' : 'export LISTEN_PID=$$; ';
  return `{ ${steps}; } || exit ${LAUNCHER_FAILED}; ${adopt}exec "$@" ${closed}`;
}

function hasLeft(pid: number, launcherPrefix: string): boolean {
  const line = readCommandLine(pid);
  return line !== null && line !== '' && !line.startsWith(launcherPrefix);
}

function listenEnv(sockets: readonly HandedSocket[]): Readonly<Record<string, string>> {
  if (sockets.length === 0) return {};
  const names = sockets.map(({ name }) => name).join(':');
  return { LISTEN_FDS: `${sockets.length}`, LISTEN_FDNAMES: names };
}

function accountEnv(account: Account | null): Readonly<Record<string, string>> {
  if (account === null) return {};
  const name = account.name ?? `${account.uid}`;
  return { USER: name, LOGNAME: name, HOME: account.home ?? '/' };
}

function asAccount(plan: LaunchPlan): string {
  return plan.account === null ? '' : ` by user ${plan.account.name ?? plan.account.uid}`;
}
