import { createServer, type Server, type Socket } from 'node:net';
import { DriverError } from '../driver-error.ts';
import { listenPrivately } from '../socket-path.ts';
import { hearLines } from './lines.ts';
import { lineOf, type FromProcess, type Hello, type ToProcess } from './protocol.ts';

// The process's side of the control socket. Agents come and go; the newest one gives the orders and hears the events,
// and an older one is dropped. An agent that does not read loses events, which are worth nothing when late, and never
// makes the process keep them.

const MAX_UNREAD_BYTES = 1024 * 1024;

type ControlServerOptions<Greeting, Order, Answer> = {
  readonly path: string;
  readonly hello: () => Omit<Hello<Greeting>, 'type' | 'pid'>;
  /** Rejects with a DriverError where the order did not succeed. */
  readonly obey: (order: Order) => Promise<Answer>;
  /** The agent that gave the orders is gone, or a newer one has come. */
  readonly onAgentLost?: () => void;
};

export class ControlServer<Greeting, Order, Answer, Event> {
  readonly #options: ControlServerOptions<Greeting, Order, Answer>;
  readonly #server: Server;
  #agent: Socket | null = null;

  constructor(options: ControlServerOptions<Greeting, Order, Answer>) {
    this.#options = options;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  async listen(): Promise<void> {
    await listenPrivately(this.#server, this.#options.path);
  }

  tell(event: Event): void {
    const agent = this.#agent;
    if (agent !== null) send(agent, { type: 'event', event });
  }

  /** Resolves once the agent has been sent everything. */
  async close(): Promise<void> {
    this.#server.close();
    const agent = this.#agent;
    if (agent !== null) await new Promise<void>((resolve) => agent.end(resolve));
  }

  #greet(socket: Socket): void {
    this.#agent?.end(lineOf({ type: 'replaced' }));
    this.#lose();
    this.#agent = socket;
    // The greeting's version vouches for the shape of the orders.
    hearLines(socket, (line) => void this.#answer(socket, JSON.parse(line)));
    socket.on('close', () => {
      if (this.#agent === socket) this.#lose();
    });
    send(socket, { type: 'hello', pid: process.pid, ...this.#options.hello() });
  }

  #lose(): void {
    this.#agent = null;
    this.#options.onAgentLost?.();
  }

  async #answer(socket: Socket, { id, order }: ToProcess<Order>): Promise<void> {
    if (socket !== this.#agent) return;
    try {
      send(socket, { type: 'reply', id, answer: await this.#options.obey(order) });
    } catch (error) {
      const fault = error instanceof DriverError ? error.fault : 'driverFailed';
      const detail = error instanceof Error ? error.message : String(error);
      send(socket, { type: 'failed', id, fault, detail });
    }
  }
}

function send(agent: Socket, message: FromProcess<object, unknown, unknown>): void {
  if (!agent.writable || agent.writableLength > MAX_UNREAD_BYTES) return;
  agent.write(lineOf(message));
}
