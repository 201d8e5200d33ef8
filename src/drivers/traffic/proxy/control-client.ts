import { connect, type Socket } from 'node:net';
import { hearLines } from '../../lines.ts';
import { ControlChannel } from '../../control-channel.ts';
import { stallAwareTimeout } from '../../stall-aware-timeout.ts';
import type { Answer, FromProxy, Hello, Order, ProxyEvent } from './wire.ts';

// The agent's side of the control socket of one process. Whether an order that failed was carried out is unknown,
// which is why routes carry an epoch and may be given twice.

const HELLO_MS = 5000;

type ControlHandlers = {
  readonly onEvent: (event: ProxyEvent) => void;
  /** An order got no reply in time. */
  readonly onHang: () => void;
  /** `replaced`: a newer agent has the process now. */
  readonly onClose: (end: { readonly replaced: boolean }) => void;
};

export class ControlClient {
  readonly hello: Hello;
  readonly #socket: Socket;
  readonly #line: ControlChannel<Order, Answer>;
  #handlers: ControlHandlers | null = null;
  #replaced = false;

  constructor(socket: Socket, hello: Hello) {
    this.#socket = socket;
    this.hello = hello;
    this.#line = new ControlChannel(socket, {
      partner: 'proxy',
      onHang: () => this.#handlers?.onHang(),
    });
    socket.on('close', () => this.#onClose());
  }

  /** From now on events are told, and the end of the connection. */
  attach(handlers: ControlHandlers): void {
    this.#handlers = handlers;
    if (this.#line.closed) handlers.onClose({ replaced: this.#replaced });
  }

  ask(order: Order, patienceMs: number): Promise<Answer> {
    return this.#line.ask(order, patienceMs);
  }

  close(): void {
    this.#socket.destroy();
  }

  hear(message: FromProxy): void {
    if (message.type === 'event') this.#handlers?.onEvent(message.event);
    else if (message.type === 'replaced') this.#replaced = true;
    else if (message.type === 'reply') {
      const { id, reply } = message;
      if (reply.ok) this.#line.answer(id, reply.value);
      else this.#line.fail(id, reply.fault, reply.detail);
    }
  }

  #onClose(): void {
    this.#line.close();
    this.#handlers?.onClose({ replaced: this.#replaced });
  }
}

/** null: nobody listens there or answers, or it is no data plane. */
export function callProxy(path: string): Promise<ControlClient | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let client: ControlClient | null = null;
    const stopWaiting = stallAwareTimeout(HELLO_MS, () => socket.destroy());
    const hear = (message: FromProxy): void => {
      if (client !== null) {
        client.hear(message);
      } else if (message.type === 'hello') {
        stopWaiting();
        client = new ControlClient(socket, message);
        resolve(client);
      }
    };
    // The greeting's version vouches for the shape of what follows.
    hearLines(socket, (line) => hear(JSON.parse(line)));
    socket.on('close', () => {
      stopWaiting();
      resolve(null);
    });
  });
}
