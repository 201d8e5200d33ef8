import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledEnv } from '../compiled-env.ts';
import { DriverError } from '../driver-error.ts';
import { callControl, type ControlClient } from '../control/client.ts';
import { socketPath } from '../socket-path.ts';
import { whenGone } from '../member/process/exit-watch.ts';
import { endAll, findMarked, hasVariable, sendSignal, type Identity } from '../os/proc.ts';
import type { Spawned, Spawner, SpawnExit, SpawnOrder } from '../member/process/spawner.ts';
import {
  SOCKET_HOLDER_PROTOCOL,
  type SocketHolderAnswer,
  type SocketHolderEvent,
  type SocketHolderOrder,
  type ListenAt,
} from './wire.ts';

// The agent's side of the socket holder: takes over the one that an earlier agent left, or starts one. One that does not
// answer in time, or is of another version, is killed: nothing can be made through it any more.

const START_MS = 10_000;
const CALL_EVERY_MS = 10;
const REPLY_MS = 10_000;

/** In the environment of each socket holder: unlike its command line, a title of its own does not overwrite it. */
const MARK = 'HOTWARM_SOCKET_HOLDER';

/** Whether the process is the socket holder that an agent with this state directory started. */
export function isSocketHolderOf(pid: number, stateDir: string): boolean {
  return hasVariable(pid, `${MARK}=${stateDir}`);
}

type Control = ControlClient<object, SocketHolderOrder, SocketHolderAnswer, SocketHolderEvent>;

export class SocketHolderClient implements Spawner {
  readonly pid: number;
  readonly #control: Control;
  readonly #exits = new Map<number, SpawnExit>();
  readonly #watched = new Map<number, { main: Identity; tell: (exit: SpawnExit) => void }>();
  readonly #onLost: (() => void)[] = [];
  #isLeft = false;

  private constructor(control: Control) {
    this.#control = control;
    this.pid = control.hello.pid;
    control.unref();
    control.attach({
      onEvent: ({ pid, exit }) => this.#exited(pid, exit),
      onHang: () => sendSignal(this.pid, 'SIGKILL'),
      onClose: () => this.#lose(),
    });
  }

  /** Throws DriverError where none answers and none can be started. */
  static async open(stateDir: string): Promise<SocketHolderClient> {
    const path = socketPath(stateDir, 'socket-holder.sock');
    const running = await SocketHolderClient.#call(path);
    if (running !== null) return running;
    await endUnreachable(stateDir);
    start(path, stateDir);
    for (let left = START_MS; left > 0; left -= CALL_EVERY_MS) {
      const socketHolder = await SocketHolderClient.#call(path);
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
    const running = await SocketHolderClient.#call(socketPath(stateDir, 'socket-holder.sock'));
    await running?.stop();
    await endUnreachable(stateDir);
  }

  /** Called when the socket holder has exited. */
  onLost(listener: () => void): void {
    if (this.#control.closed) listener();
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
        else if (this.#control.closed) whenGone(main, listener);
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

  /** Lets go of it: it keeps running for the next agent. */
  leave(): void {
    this.#isLeft = true;
    this.#control.close();
  }

  #exited(pid: number, exit: SpawnExit): void {
    const watched = this.#watched.get(pid);
    this.#watched.delete(pid);
    if (watched === undefined) this.#exits.set(pid, exit);
    else watched.tell(exit);
  }

  /** null: no process listens there or greets in time, or it is no socket holder of this version. */
  static async #call(path: string): Promise<SocketHolderClient | null> {
    const control: Control | null = await callControl(path, 'socket holder');
    if (control === null) return null;
    if (control.hello.protocol === SOCKET_HOLDER_PROTOCOL) return new SocketHolderClient(control);
    control.close();
    return null;
  }

  #ask(order: SocketHolderOrder): Promise<SocketHolderAnswer> {
    return this.#control.ask(order, REPLY_MS);
  }

  #lose(): void {
    if (this.#isLeft) return;
    // Its children keep running, and no process will report their exit.
    for (const { main, tell } of this.#watched.values()) whenGone(main, tell);
    this.#watched.clear();
    for (const tell of this.#onLost) tell();
  }
}

/** Ends socket holders of this state directory that do not answer. The caller holds its lock, so no other agent's is met. */
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
