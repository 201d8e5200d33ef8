import { assert } from '../../../core/assert.ts';
import { DriverError } from '../../driver-error.ts';
import { entrancesOf, type Cgroup } from './cgroup.ts';
import { memberEnv, throughShell, unsetByEnv, type LaunchEnv } from './environment.ts';
import { assertDirectory, findExecutable } from './executable.ts';
import type { LogPaths } from './log-files.ts';
import { readCommandLine, readUmask } from '../../os/proc.ts';
import { FIRST_FD, type Spawned, type Spawner } from './spawner.ts';
import { assertMayBecome, resolveAccount, type Account } from './user.ts';

// How a member's process comes to be. It must be inside its cgroup, and on record, before it runs its first
// instruction; else a child that it forks at once could escape, or a crash of the agent could orphan it
// unseen. Node can do neither between fork and exec, and moving a command that runs is a race. So /bin/sh runs a
// fixed text first: wait for the word, which is given once it was put into the cgroups and the record is
// written, then become the command by exec. The user's command is never text to the shell: it comes as arguments
// ("$@"), unexpanded. If the agent crashes before it gives the word, the read fails and the command never runs.
// The word comes by standard input, so that all further descriptors are the command's: dash cannot name one above 9.
// A shell changes some variables and drops those whose names are no identifiers, so the last step is env(1), which sets
// exactly what was planned, and for another user setpriv(1), which also gives the groups that login would.

export type LaunchPlan = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: LaunchEnv;
  readonly account: Account | null;
  /** What the process becomes first, with its arguments, so that it is the command with nothing added; may be empty. */
  readonly prelude: readonly string[];
  readonly handed: Handed;
};

/** A listening socket that the command gets: the socket holder's key of it, and what it is called in LISTEN_FDNAMES. */
export type HandedSocket = { readonly key: string; readonly name: string };

/** What the command gets besides its standard streams, in the order of the descriptors. */
export type Handed = {
  readonly sockets: readonly HandedSocket[];
  /** The sockets are put into blocking mode first, for all their holders. */
  readonly blocking: boolean;
  /** A named pipe, open for reading, from which it reads the signal to begin to accept; null: it begins at once. */
  readonly activationPipe: string | null;
  /** What the command should give to listen(2); null: nothing is said. */
  readonly backlog: number | null;
};

export const NOTHING_HANDED: Handed = {
  sockets: [],
  blocking: false,
  activationPipe: null,
  backlog: null,
};

type LaunchRequest = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Added last, so that the user's own variables cannot contradict them. */
  readonly fixedEnv: Readonly<Record<string, string>>;
  readonly user: string | null;
  readonly handed: Handed;
};

const LAUNCHER = '/bin/sh';
const ENV = '/usr/bin/env';
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LAUNCHER_FAILED = 125;
/** How the command line of every launcher begins, before it becomes the command. */
export const LAUNCHER_PREFIX = [LAUNCHER, '-c', '{ '].join('\0');

/** Checks all that can be checked before a process exists. Throws DriverError. */
export function planLaunch(request: LaunchRequest): LaunchPlan {
  const account = request.user === null ? null : resolveAccount(request.user);
  if (account !== null) assertMayBecome(account);
  assertDirectory(request.cwd);
  const env: Readonly<Record<string, string>> = {
    ...memberEnv(process.env, account !== null),
    PWD: request.cwd,
    ...accountEnv(account),
    ...request.env,
    ...request.fixedEnv,
    ...handedEnv(request.handed),
  };
  const [program, ...rest] = request.command;
  assert(program !== undefined, 'a command has at least its program');
  const path = findExecutable(program, request.cwd, env['PATH'] ?? DEFAULT_PATH);
  const { cwd, handed } = request;
  const prelude = preludeOf(account, path);
  return { command: [path, ...rest], cwd, env: throughShell(env), account, prelude, handed };
}

/** setpriv(1): as another user, with that user's groups. Also in front of a path that env(1) would take for a variable. */
function preludeOf(account: Account | null, program: string): readonly string[] {
  if (account === null && !program.includes('=')) return [];
  const setpriv = findExecutable('setpriv', '/', process.env['PATH'] ?? DEFAULT_PATH);
  if (account === null) return [setpriv];
  const groups = account.name === null ? '--clear-groups' : '--init-groups';
  return [setpriv, '--reuid', `${account.uid}`, '--regid', `${account.gid}`, groups];
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
  options: {
    readonly cgroup: Cgroup;
    /** Words that run the launcher in a PID namespace of its own; null: where it is. */
    readonly namespace: readonly string[] | null;
    readonly logs: LogPaths;
    readonly spawner: Spawner;
  },
): Promise<Launch> {
  const { command, cwd, env, prelude, handed } = plan;
  const script = launcherScript(plan, readUmask());
  const [program, ...flags] = options.namespace ?? [LAUNCHER, '-c'];
  assert(program !== undefined, 'a namespace is made by a program');
  const name = options.namespace === null ? ['hotwarm'] : [];
  const spawned = await options.spawner.spawn({
    program,
    args: [...flags, script, ...name, ...prelude, ...command],
    isNested: options.namespace !== null,
    cwd,
    env: env.env,
    logs: options.logs,
    sockets: handed.sockets.map(({ key }) => key),
    blocking: handed.blocking,
    activationPipe: handed.activationPipe,
    entrances: entrancesOf(options.cgroup),
  });
  const stages = [
    [LAUNCHER, '-c', script, ''],
    [ENV, ...unsetByEnv(env.carriers), ''],
  ];
  return {
    spawned,
    hasBegun: () =>
      hasLeft(
        spawned.main.pid,
        stages.map((words) => words.join('\0')),
      ),
  };
}

/** Why a process ended before it became the command; null: it may as well have been the command that ended. */
export function launchFailure(exitCode: number | null, plan: LaunchPlan): DriverError | null {
  const program = plan.command[0] ?? '';
  if (exitCode === LAUNCHER_FAILED) {
    return new DriverError('startFailed', `${program} was never given the word to start`);
  }
  if (exitCode === 126) {
    return new DriverError('permission', `${program} could not be executed${asAccount(plan)}`);
  }
  if (exitCode === 127) {
    return new DriverError('notFound', `${program} or its interpreter does not exist`);
  }
  return null;
}

function launcherScript({ env, handed }: LaunchPlan, umask: string): string {
  const words = [
    ENV,
    ...unsetByEnv(env.carriers),
    ...env.carriers.map((carrier) => `"$${carrier}"`),
    // By the protocol of sd_listen_fds(3): exec does not change the pid.
    ...(handed.sockets.length > 0 ? ['LISTEN_PID=$$'] : []),
  ];
  // The socket holder, if it is what spawns, has a stricter umask.
  return `{ read -r word; } || exit ${LAUNCHER_FAILED}; umask ${umask}; exec ${words.join(' ')} "$@" </dev/null`;
}

function hasLeft(pid: number, stages: readonly string[]): boolean {
  const line = readCommandLine(pid);
  return line !== null && line !== '' && !stages.some((stage) => line.startsWith(stage));
}

function handedEnv({ sockets, activationPipe, backlog }: Handed): Readonly<Record<string, string>> {
  const names = sockets.map(({ name }) => name).join(':');
  return {
    ...(sockets.length === 0 ? {} : { LISTEN_FDS: `${sockets.length}`, LISTEN_FDNAMES: names }),
    ...(activationPipe === null ? {} : { HOTWARM_ACTIVATE_FD: `${FIRST_FD + sockets.length}` }),
    ...(backlog === null ? {} : { HOTWARM_BACKLOG: `${backlog}` }),
  };
}

function accountEnv(account: Account | null): Readonly<Record<string, string>> {
  if (account === null) return {};
  const name = account.name ?? `${account.uid}`;
  return { USER: name, LOGNAME: name, HOME: account.home ?? '/' };
}

function asAccount(plan: LaunchPlan): string {
  return plan.account === null ? '' : ` by user ${plan.account.name ?? plan.account.uid}`;
}
