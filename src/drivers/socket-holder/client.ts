import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledEnv } from '../compiled-env.ts';
import { DriverError } from '../driver-error.ts';
import { hearLines } from '../lines.ts';
import { ControlChannel } from '../control-channel.ts';
import { stallAwareTimeout } from '../stall-aware-timeout.ts';
import { socketPath } from '../socket-path.ts';
import { whenGone } from '../member/process/exit-watch.ts';
import { endAll, findMarked, hasVariable, sendSignal, type Identity } from '../os/proc.ts';
import type { Spawned, Spawner, SpawnExit, SpawnOrder } from '../member/process/spawner.ts';
import {
  SOCKET_HOLDER_PROTOCOL,
  type FromSocketHolder,
  type SocketHolderAnswer,
  type SocketHolderOrder,
  type ListenAt,
} from './wire.ts';

// The agent's side of the socket holder: takes over the one that an earlier agent left, or starts one. One that does not
// answer in time, or is of another version, is killed: nothing can be made through it any more.

const START_MS = 10_000;
const CALL_EVERY_MS = 10;
const HELLO_MS = 5000;
const REPLY_MS = 10_000;

/** In the environment of each socket holder: unlike its command line, a title of its own does not overwrite it. */
const MARK = 'HOTWARM_SOCKET_HOLDER';

/** Whether the process is the socket holder that an agent with this state directory started. */
export function isSocketHolderOf(pid: number, stateDir: string): boolean {
  return hasVariable(pid, `${MARK}=${stateDir}`);
}

export class SocketHolderClient implements Spawner {
  readonly pid: number;
  readonly #socket: Socket;
  readonly #line: ControlChannel<SocketHolderOrder, SocketHolderAnswer>;
  readonly #exits = new Map<number, SpawnExit>();
  readonly #watched = new Map<number, { main: Identity; tell: (exit: SpawnExit) => void }>();
  readonly #onLost: (() => void)[] = [];
  #isLeft = false;

  private constructor(socket: Socket, pid: number) {
    this.#socket = socket;
    this.pid = pid;
    this.#line = new ControlChannel(socket, {
      partner: 'socket holder',
      onHang: () => sendSignal(pid, 'SIGKILL'),
    });
    socket.unref();
    socket.on('close', () => this.#lose());
  }

  /** Throws DriverError where none answers and none can be started. */
  static async open(stateDir: string): Promise<SocketHolderClient> {
    const path = socketPath(stateDir, 'socket-holder.sock');
    const running = await call(path);
    if (running !== null) return running;
    await endUnreachable(stateDir);
    start(path, stateDir);
    for (let left = START_MS; left > 0; left -= CALL_EVERY_MS) {
      const socketHolder = await call(path);
      if (socketHolder !== null) return socketHolder;
      await new Promise((resolve) => setTimeout(resolve, CALL_EVERY_MS));
    }
    throw new DriverError(
      'startFailed',
      `the socket holder does not answer; see ${stateDir}/socket-holder.log`,
    );
  }

  /** Ends the socket holder that an earlier agent left, if there is one. */
  static async discard(stateDir: string): Promise<void> {
    const running = await call(socketPath(stateDir, 'socket-holder.sock'));
    await running?.stop();
    await endUnreachable(stateDir);
  }

  /** Called when the socket holder has died. */
  onLost(listener: () => void): void {
    if (this.#line.closed) listener();
    else this.#onLost.push(listener);
  }

  async listen(key: string, at: ListenAt): Promise<void> {
    await this.#ask({ type: 'listen', key, at });
  }

  async release(key: string): Promise<void> {
    await this.#ask({ type: 'release', key });
  }

  /** Releases every socket but these. */
  async retain(keys: readonly string[]): Promise<void> {
    await this.#ask({ type: 'retain', keys });
  }

  async spawn(order: SpawnOrder): Promise<Spawned> {
    const answer = await this.#ask({ type: 'spawn', order });
    if (answer.type !== 'spawned')
      throw new DriverError('driverFailed', 'the socket holder made nothing');
    const { main, init } = answer;
    return {
      main,
      init,
      go: () => void this.#ask({ type: 'go', pid: main.pid }).catch(() => undefined),
      onExit: (listener) => {
        const exit = this.#exits.get(main.pid);
        this.#exits.delete(main.pid);
        if (exit !== undefined) listener(exit);
        else if (this.#line.closed) whenGone(main, listener);
        else this.#watched.set(main.pid, { main, tell: listener });
      },
      unref: () => undefined,
    };
  }

  /** Ends the socket holder. */
  async stop(): Promise<void> {
    await this.#ask({ type: 'stop' }).catch(() => undefined);
    this.leave();
  }

  /** Lets go of it: it goes on for the next agent. */
  leave(): void {
    this.#isLeft = true;
    this.#socket.destroy();
  }

  hear(message: FromSocketHolder): void {
    switch (message.type) {
      case 'reply':
        this.#line.answer(message.id, message.answer);
        return;
      case 'failed':
        this.#line.fail(message.id, message.fault, message.detail);
        return;
      case 'exited': {
        const watched = this.#watched.get(message.pid);
        this.#watched.delete(message.pid);
        if (watched === undefined) this.#exits.set(message.pid, message.exit);
        else watched.tell(message.exit);
        return;
      }
      default:
    }
  }

  static of(socket: Socket, hello: FromSocketHolder & { type: 'hello' }): SocketHolderClient {
    return new SocketHolderClient(socket, hello.pid);
  }

  #ask(order: SocketHolderOrder): Promise<SocketHolderAnswer> {
    return this.#line.ask(order, REPLY_MS);
  }

  #lose(): void {
    this.#line.close();
    if (this.#isLeft) return;
    // Its children live on, and nobody will tell of their end.
    for (const { main, tell } of this.#watched.values()) whenGone(main, tell);
    this.#watched.clear();
    for (const tell of this.#onLost) tell();
  }
}

/** Ends socket holders of this state directory that do not answer. The caller holds it, so nobody else's is met. */
async function endUnreachable(stateDir: string): Promise<void> {
  await endAll(findMarked((variable) => variable === `${MARK}=${stateDir}`));
}

/** A session of its own, nothing shared with the agent but a log file. */
function start(path: string, stateDir: string): void {
  const own = fileURLToPath(import.meta.url);
  const entry = fileURLToPath(new URL(`./main${extname(own)}`, import.meta.url));
  const log = openSync(join(stateDir, 'socket-holder.log'), 'a', 0o600);
  // A Unix socket must not be open to all until its mode is set. Launchers restore the umask for their members.
  const umask = process.umask(0o077);
  const child = spawn(process.execPath, [entry, path], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...compiledEnv(), [MARK]: stateDir },
  });
  process.umask(umask);
  closeSync(log);
  child.unref();
}

/** null: nobody listens there or answers, or it is no socket holder of this version. */
function call(path: string): Promise<SocketHolderClient | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let client: SocketHolderClient | null = null;
    const stopWaiting = stallAwareTimeout(HELLO_MS, () => socket.destroy());
    const hear = (message: FromSocketHolder): void => {
      if (client !== null) client.hear(message);
      else if (message.type === 'hello' && message.protocol === SOCKET_HOLDER_PROTOCOL) {
        stopWaiting();
        client = SocketHolderClient.of(socket, message);
        resolve(client);
      } else socket.destroy();
    };
    // The greeting's version vouches for the shape of what follows.
    hearLines(socket, (line) => hear(JSON.parse(line)));
    socket.on('close', () => {
      stopWaiting();
      resolve(null);
    });
  });
}
