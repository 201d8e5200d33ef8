import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { unreachable } from '../../core/assert.ts';
import { DriverError } from '../driver-error.ts';
import { hearLines } from '../lines.ts';
import { listenPrivately } from '../socket-path.ts';
import { sendSignal } from '../os/proc.ts';
import { LocalSpawner, type Spawned } from '../member/process/spawner.ts';
import { Listener } from './listener.ts';
import {
  SOCKET_HOLDER_PROTOCOL,
  type FromSocketHolder,
  type SocketHolderAnswer,
  type SocketHolderOrder,
  type ToSocketHolder,
} from './wire.ts';

// Holds listening sockets and makes the processes that inherit them: proxies, or members where there is no proxy. It
// is apart from the agent so that both outlive an agent, and small so that it does not die itself. It decides nothing:
// it restarts nobody.
// Not guaranteed: after its own death a new one cannot get a socket back while another process holds it.

const MAX_UNREAD_BYTES = 1024 * 1024;

export class SocketHolder {
  readonly #controlPath: string;
  readonly #onStop: () => void;
  readonly #server: Server;
  readonly #listeners = new Map<string, Listener>();
  readonly #waiting = new Map<number, Spawned>();
  readonly #spawner = new LocalSpawner((key) => this.#fdOf(key));
  #agent: Socket | null = null;

  constructor(controlPath: string, onStop: () => void) {
    this.#controlPath = controlPath;
    this.#onStop = onStop;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  async open(): Promise<void> {
    await listenPrivately(this.#server, this.#controlPath);
  }

  #greet(socket: Socket): void {
    this.#agent?.destroy();
    this.#lose();
    this.#agent = socket;
    // The greeting's version vouches for the shape of the orders.
    hearLines(socket, (line) => void this.#answer(socket, JSON.parse(line)));
    socket.on('close', () => {
      if (this.#agent === socket) this.#lose();
    });
    this.#tell({ type: 'hello', protocol: SOCKET_HOLDER_PROTOCOL, pid: process.pid });
  }

  /** Launchers that nobody will give their word any more must not wait for ever. */
  #lose(): void {
    this.#agent = null;
    for (const pid of this.#waiting.keys()) sendSignal(pid, 'SIGKILL');
    this.#waiting.clear();
  }

  #tell(message: FromSocketHolder): void {
    const agent = this.#agent;
    if (agent === null || agent.writableLength > MAX_UNREAD_BYTES) return;
    agent.write(`${JSON.stringify(message)}\n`);
  }

  async #answer(socket: Socket, { id, order }: ToSocketHolder): Promise<void> {
    if (socket !== this.#agent) return;
    try {
      this.#tell({ type: 'reply', id, answer: await this.#obey(order) });
    } catch (error) {
      const fault = error instanceof DriverError ? error.fault : 'driverFailed';
      const detail = error instanceof Error ? error.message : String(error);
      this.#tell({ type: 'failed', id, fault, detail });
    }
    if (order.type === 'stop') this.#agent?.end(() => this.#onStop());
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
    // After the reply, so that whoever ordered it knows the pid that ended.
    setImmediate(() =>
      spawned.onExit((exit) => {
        this.#waiting.delete(main.pid);
        this.#tell({ type: 'exited', pid: main.pid, exit });
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
