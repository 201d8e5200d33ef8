import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { constants as constantsOf } from 'node:os';
import { monotonicMs } from '../../../clock.ts';
import { assert } from '../../../core/assert.ts';
import { DriverError } from '../../driver-error.ts';
import { openLogs, type LogPaths } from './log-files.ts';
import { findNested, type Nested } from './pid-namespace.ts';
import { makeBlocking } from './blocking.ts';
import { errorCode, readProcessStat, sendSignal, type Identity } from '../../os/proc.ts';

// Makes processes: here, or in the socket holder (drivers/socket-holder), which outlives the agent and holds the listening
// sockets that members inherit. What is made is a launcher that waits for its word, see launch.ts.

/** Plain data, as it may be carried to another process. */
export type SpawnOrder = {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logs: LogPaths;
  /** Names of listening sockets that it gets as descriptors 3, 4, … */
  readonly sockets: readonly string[];
  /** Whether they are put into blocking mode first. */
  readonly blocking: boolean;
  /** A named pipe that it gets as the descriptor after those; null: none. */
  readonly activationPipe: string | null;
  /** Whether the program makes a PID namespace, in which a shell runs the launcher. */
  readonly isNested: boolean;
  /** The cgroup.procs of each cgroup that it is to be in. */
  readonly entrances: readonly string[];
};

export type SpawnExit = {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly at: number;
};

export type Spawned = {
  readonly main: Identity;
  /** Process 1 of its PID namespace; null: it has none of its own. */
  readonly init: Identity | null;
  /** Gives the word to go. */
  go(): void;
  /** Called once, also when it has ended already. */
  onExit(listener: (exit: SpawnExit) => void): void;
  /** It no longer keeps this process from ending. */
  unref(): void;
};

export interface Spawner {
  /** Throws DriverError where no process could be made. */
  spawn(order: SpawnOrder): Promise<Spawned>;
}

/** After the standard streams. */
export const FIRST_FD = 3;

export class LocalSpawner implements Spawner {
  readonly #socketFd: (name: string) => number;

  /** socketFd: the descriptor of a listening socket of this process. */
  constructor(socketFd: (name: string) => number = noSocket) {
    this.#socketFd = socketFd;
  }

  async spawn(order: SpawnOrder): Promise<Spawned> {
    const sockets = order.sockets.map(this.#socketFd);
    if (order.blocking) sockets.forEach(makeBlocking);
    const streams = openLogs(order.logs);
    const pipes = order.activationPipe === null ? [] : [openGoPipe(order.activationPipe)];
    try {
      const child = spawn(order.program, [...order.args], {
        cwd: order.cwd,
        env: order.env,
        detached: true,
        stdio: ['pipe', streams.output, streams.errors, ...sockets, ...pipes],
      });
      const { pid } = child;
      if (pid === undefined) throw await spawnFailure(child, order.program);
      // Read in the turn of the spawn, so that even a process that ended already is still there as a zombie.
      const stat = readProcessStat(pid);
      assert(stat !== null, 'a child that was not waited for is in /proc');
      // It waits for its word, so it cannot fork, nor become the command, before it is in.
      enterCgroups(order, pid);
      const { startTicks } = stat;
      if (!order.isNested) return spawnedOf(child, { main: { pid, startTicks }, init: null });
      return spawnedOf(child, await nestedIn(child, { pid, startTicks }));
    } finally {
      streams.close();
      for (const fd of pipes) closeSync(fd);
    }
  }
}

/** Throws DriverError, and leaves no process then. */
function enterCgroups({ program, args, entrances }: SpawnOrder, pid: number): void {
  try {
    for (const file of entrances) writeFileSync(file, `${pid}`, { flag: 'r+' });
  } catch (error) {
    sendSignal(pid, 'SIGKILL');
    const what = `${args.at(3) ?? program} could not be put into its cgroup`;
    throw new DriverError('startFailed', what, { cause: error });
  }
}

/** For reading and writing: so it neither waits for a writer, nor does the reader see an end when a writer leaves. */
function openGoPipe(path: string): number {
  try {
    return openSync(path, constants.O_RDWR);
  } catch (error) {
    throw new DriverError('permission', `${path} cannot be opened`, { cause: error });
  }
}

/** Throws DriverError, and leaves no process then. */
async function nestedIn(child: ChildProcess, unshare: Identity): Promise<Nested> {
  try {
    const { main, init } = await findNested(unshare);
    return { main: identityOf(main), init: identityOf(init) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function identityOf({ pid, startTicks }: Identity): Identity {
  return { pid, startTicks };
}

function spawnedOf(child: ChildProcess, made: Pick<Spawned, 'main' | 'init'>): Spawned {
  let exit: SpawnExit | null = null;
  let listener: ((exit: SpawnExit) => void) | null = null;
  child.once('exit', (exitCode, signal) => {
    exit = {
      ...(made.init === null ? { exitCode, signal } : untold(exitCode, signal)),
      at: monotonicMs(),
    };
    listener?.(exit);
  });
  return {
    ...made,
    go: () => giveWord(child),
    onExit: (hear) => {
      listener = hear;
      if (exit !== null) hear(exit);
    },
    unref: () => child.unref(),
  };
}

/** A shell that waited for a process which a signal ended tells so by its own exit code. */
function untold(exitCode: number | null, signal: string | null): Omit<SpawnExit, 'at'> {
  const name = Object.entries(constantsOf.signals).find(
    ([, number]) => number + 128 === exitCode,
  )?.[0];
  return name === undefined ? { exitCode, signal } : { exitCode: null, signal: name };
}

function giveWord({ stdin }: ChildProcess): void {
  assert(stdin !== null, 'the launcher has a standard input for the word');
  // A launcher that failed already has closed its end; its exit code says why.
  stdin.on('error', () => undefined);
  stdin.end('go\n', () => stdin.destroy());
}

async function spawnFailure(child: ChildProcess, program: string): Promise<DriverError> {
  const error = await new Promise<Error>((resolve) => child.once('error', resolve));
  const denied = errorCode(error) === 'EPERM' || errorCode(error) === 'EACCES';
  const text = `no process could be made of ${program}: ${error.message}`;
  return new DriverError(denied ? 'permission' : 'startFailed', text, { cause: error });
}

function noSocket(name: string): number {
  throw new DriverError('notFound', `there is no listening socket ${name} here`);
}
