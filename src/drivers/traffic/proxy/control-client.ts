import { connect, type Socket } from 'node:net';
import type { TrafficEvent } from '../contract.ts';
import { DriverError } from '../../driver-error.ts';
import { hearLines } from '../../lines.ts';
import { lineOf, type Answer, type FromProxy, type Hello, type Order, type Reply } from './wire.ts';

// The agent's side of the control socket. An order that gets no reply in time, or whose connection breaks, fails
// with a DriverError; whether it was carried out is then unknown, which is why routes carry an epoch and may be
// given twice.

const REPLY_MS = 5000;
const HELLO_MS = 5000;

type Waiting = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: DriverError) => void;
  readonly timer: NodeJS.Timeout;
};

export type ControlHandlers = {
  readonly onEvent: (event: TrafficEvent) => void;
  /** `replaced`: a newer agent has the process now. */
  readonly onClose: (end: { readonly replaced: boolean }) => void;
};

export class ControlClient {
  readonly hello: Hello;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #handlers: ControlHandlers | null = null;
  #lastId = 0;
  #closed = false;
  #replaced = false;

  constructor(socket: Socket, hello: Hello) {
    this.#socket = socket;
    this.hello = hello;
    socket.on('close', () => this.#onClose());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** From now on events are told, and the end of the connection. */
  attach(handlers: ControlHandlers): void {
    this.#handlers = handlers;
    if (this.#closed) handlers.onClose({ replaced: this.#replaced });
  }

  ask(order: Order, withinMs = REPLY_MS): Promise<Answer> {
    if (this.#closed) return Promise.reject(lost());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new DriverError('timedOut', `the proxy did not reply to ${order.type}`));
      }, withinMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.write(lineOf({ id, order }));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  hear(message: FromProxy): void {
    if (message.type === 'event') this.#handlers?.onEvent(message.event);
    else if (message.type === 'reply') this.#settle(message.id, message.reply);
    else if (message.type === 'replaced') this.#replaced = true;
  }

  #settle(id: number, reply: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (reply.ok) waiting.resolve(reply.value);
    else waiting.reject(new DriverError(reply.fault, reply.detail));
  }

  #onClose(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timer);
      waiting.reject(lost());
    }
    this.#waiting.clear();
    this.#handlers?.onClose({ replaced: this.#replaced });
  }
}

function lost(): DriverError {
  return new DriverError('driverFailed', 'the connection to the proxy is lost');
}

/** null: nobody listens there, or it is no data plane. */
export function callProxy(path: string): Promise<ControlClient | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let client: ControlClient | null = null;
    const timer = setTimeout(() => socket.destroy(), HELLO_MS);
    const hear = (message: FromProxy): void => {
      if (client !== null) {
        client.hear(message);
      } else if (message.type === 'hello') {
        clearTimeout(timer);
        client = new ControlClient(socket, message);
        resolve(client);
      }
    };
    // The greeting's version vouches for the shape of what follows.
    hearLines(socket, (line) => hear(JSON.parse(line)));
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}
