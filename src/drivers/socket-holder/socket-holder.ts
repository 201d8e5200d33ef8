import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { unreachable } from '../../core/assert.ts';
import { ControlServer } from '../control/server.ts';
import { DriverError } from '../driver-error.ts';
import { sendSignal } from '../os/proc.ts';
import { LocalSpawner, type Spawned } from '../member/process/spawner.ts';
import { Listener } from './listener.ts';
import {
  SOCKET_HOLDER_PROTOCOL,
  type SocketHolderAnswer,
  type SocketHolderEvent,
  type SocketHolderOrder,
} from './wire.ts';

// Holds listening sockets and makes the processes that inherit them: proxies, or members where there is no proxy. It
// is apart from the agent so that both outlive an agent, and small so that it does not crash itself. It decides nothing:
// it restarts nothing.
// Not guaranteed: after its own death a new one cannot get a socket back while another process holds it.

export class SocketHolder {
  readonly #controlPath: string;
  readonly #onStop: () => void;
  readonly #control: ControlServer<
    object,
    SocketHolderOrder,
    SocketHolderAnswer,
    SocketHolderEvent
  >;
  readonly #listeners = new Map<string, Listener>();
  readonly #waiting = new Map<number, Spawned>();
  readonly #spawner = new LocalSpawner((key) => this.#fdOf(key));

  constructor(controlPath: string, onStop: () => void) {
    this.#controlPath = controlPath;
    this.#onStop = onStop;
    this.#control = new ControlServer({
      path: controlPath,
      hello: () => ({ protocol: SOCKET_HOLDER_PROTOCOL }),
      obey: async (order) => await this.#obey(order),
      onAgentLost: () => this.#endWaiting(),
    });
  }

  async open(): Promise<void> {
    await this.#control.listen();
  }

  /** Launchers that no agent will give the word to start must not wait for ever. */
  #endWaiting(): void {
    for (const pid of this.#waiting.keys()) sendSignal(pid, 'SIGKILL');
    this.#waiting.clear();
  }

  async #obey(order: SocketHolderOrder): Promise<SocketHolderAnswer> {
    switch (order.type) {
      case 'listen':
        await this.#listen(order);
        return { type: 'done' };
      case 'release':
        await this.#release(order.key);
        return { type: 'done' };
      case 'retain':
        for (const key of this.#listeners.keys())
          if (!order.keys.includes(key)) await this.#release(key);
        return { type: 'done' };
      case 'spawn':
        return await this.#spawn(order.order);
      case 'go':
        this.#waiting.get(order.pid)?.go();
        this.#waiting.delete(order.pid);
        return { type: 'done' };
      case 'stop':
        for (const key of this.#listeners.keys()) await this.#release(key);
        rmSync(this.#controlPath, { force: true });
        // After the reply.
        setImmediate(() => void this.#control.close().then(this.#onStop));
        return { type: 'done' };
      default:
        return unreachable(order);
    }
  }

  async #listen({ key, at }: SocketHolderOrder & { type: 'listen' }): Promise<void> {
    const held = this.#listeners.get(key);
    if (held !== undefined && isDeepStrictEqual(held.at.address, at.address)) {
      held.adjust(at);
      return;
    }
    await this.#release(key);
    this.#listeners.set(key, await Listener.open(at));
  }

  async #release(key: string): Promise<void> {
    const listener = this.#listeners.get(key);
    this.#listeners.delete(key);
    await listener?.close();
  }

  async #spawn(order: Parameters<LocalSpawner['spawn']>[0]): Promise<SocketHolderAnswer> {
    const spawned = await this.#spawner.spawn(order);
    const { main, init } = spawned;
    this.#waiting.set(main.pid, spawned);
    // After the reply, so that the agent knows the pid that exited.
    setImmediate(() =>
      spawned.onExit((exit) => {
        this.#waiting.delete(main.pid);
        this.#control.tell({ type: 'exited', pid: main.pid, exit });
      }),
    );
    return { type: 'spawned', main, init };
  }

  #fdOf(key: string): number {
    const listener = this.#listeners.get(key);
    if (listener === undefined)
      throw new DriverError('notFound', `the socket holder holds no listening socket ${key}`);
    return listener.fd;
  }
}
