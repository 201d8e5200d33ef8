import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { monotonicMs } from '../../../clock.ts';
import { assert } from '../../../core/assert.ts';
import { DriverError } from '../../driver-error.ts';
import { openLogs, type LogPaths } from './log-files.ts';
import { errorCode, readProcessStat, type Identity } from './proc.ts';

// Makes processes: here, or in the keeper (drivers/keeper), which outlives the agent and holds the listening
// sockets that members inherit. What is made is a launcher that waits for its word, see launch.ts.

/** Plain data, as it may be carried to another process. */
export type SpawnOrder = {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** null: the agent's own user. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly logs: LogPaths;
  /** Names of listening sockets that it gets as descriptors 3, 4, … */
  readonly sockets: readonly string[];
  /** Files opened for writing, as descriptors after that of the word. */
  readonly entrances: readonly string[];
};

export type SpawnExit = {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly at: number;
};

export type Spawned = {
  readonly main: Identity;
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

const FIRST_FD = 3;

export class LocalSpawner implements Spawner {
  readonly #socketFd: (name: string) => number;

  /** socketFd: the descriptor of a listening socket of this process. */
  constructor(socketFd: (name: string) => number = noSocket) {
    this.#socketFd = socketFd;
  }

  async spawn(order: SpawnOrder): Promise<Spawned> {
    const sockets = order.sockets.map(this.#socketFd);
    const wordFd = FIRST_FD + sockets.length;
    const streams = openLogs(order.logs);
    const entrances = order.entrances.map((file) => openSync(file, 'w'));
    try {
      const child = spawn(order.program, [...order.args], {
        cwd: order.cwd,
        env: order.env,
        detached: true,
        stdio: ['ignore', streams.output, streams.errors, ...sockets, 'pipe', ...entrances],
        // With these, libuv also gives up the supplementary groups.
        ...order.owner,
      });
      const { pid } = child;
      if (pid === undefined) throw await spawnFailure(child, order.program);
      // Read in the turn of the spawn, so that even a process that ended already is still there as a zombie.
      const stat = readProcessStat(pid);
      assert(stat !== null, 'a child that was not waited for is in /proc');
      return spawnedOf(child, { pid, startTicks: stat.startTicks }, wordFd);
    } finally {
      streams.close();
      for (const fd of entrances) closeSync(fd);
    }
  }
}

function spawnedOf(child: ChildProcess, main: Identity, wordFd: number): Spawned {
  let exit: SpawnExit | null = null;
  let listener: ((exit: SpawnExit) => void) | null = null;
  child.once('exit', (exitCode, signal) => {
    exit = { exitCode, signal, at: monotonicMs() };
    listener?.(exit);
  });
  return {
    main,
    go: () => giveWord(child, wordFd),
    onExit: (hear) => {
      listener = hear;
      if (exit !== null) hear(exit);
    },
    unref: () => child.unref(),
  };
}

function giveWord(child: ChildProcess, wordFd: number): void {
  const stream = child.stdio.at(wordFd);
  assert(stream instanceof Duplex, 'the launcher has a descriptor for the word');
  // A launcher that failed already has closed its end; its exit code says why.
  stream.on('error', () => undefined);
  stream.end('go\n', () => stream.destroy());
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
