import { connect, type Socket } from 'node:net';
import { unreachable } from '../../core/assert.ts';
import { stallAwareTimeout } from '../stall-aware-timeout.ts';
import { ControlChannel } from './channel.ts';
import { hearLines } from './lines.ts';
import type { FromProcess, Hello } from './protocol.ts';

// The agent's side of the control socket of one process. Whether an order that failed was carried out is unknown, so
// orders are such that they may be given twice.

const HELLO_MS = 5000;

type ControlHandlers<Event> = {
  readonly onEvent: (event: Event) => void;
  /** An order got no reply in time. */
  readonly onHang: () => void;
  /** `replaced`: a newer agent has the process now. */
  readonly onClose: (end: { readonly replaced: boolean }) => void;
};

export class ControlClient<Greeting, Order extends { readonly type: string }, Answer, Event> {
  readonly hello: Hello<Greeting>;
  readonly #socket: Socket;
  readonly #channel: ControlChannel<Order, Answer>;
  #handlers: ControlHandlers<Event> | null = null;
  #replaced = false;

  constructor(socket: Socket, partner: string, hello: Hello<Greeting>) {
    this.hello = hello;
    this.#socket = socket;
    this.#channel = new ControlChannel(socket, {
      partner,
      onHang: () => this.#handlers?.onHang(),
    });
    socket.on('close', () => this.#onClose());
  }

  get closed(): boolean {
    return this.#channel.closed;
  }

  /** From now on events and the end of the connection are reported; an end that was before, at once. */
  attach(handlers: ControlHandlers<Event>): void {
    this.#handlers = handlers;
    if (this.closed) handlers.onClose({ replaced: this.#replaced });
  }

  /** Rejects with a DriverError. */
  ask(order: Order, timeoutMs: number): Promise<Answer> {
    return this.#channel.ask(order, timeoutMs);
  }

  /** The connection does not keep this process running. */
  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  hear(message: FromProcess<Greeting, Answer, Event>): void {
    switch (message.type) {
      case 'reply':
        this.#channel.answer(message.id, message.answer);
        return;
      case 'failed':
        this.#channel.fail(message.id, message.fault, message.detail);
        return;
      case 'event':
        this.#handlers?.onEvent(message.event);
        return;
      case 'replaced':
        this.#replaced = true;
        return;
      case 'hello':
        return;
      default:
        unreachable(message);
    }
  }

  #onClose(): void {
    this.#channel.close();
    this.#handlers?.onClose({ replaced: this.#replaced });
  }
}

/** null: no process listens there, or none greets in time. `partner`: its name in messages. */
export function callControl<Greeting, Order extends { readonly type: string }, Answer, Event>(
  path: string,
  partner: string,
): Promise<ControlClient<Greeting, Order, Answer, Event> | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let client: ControlClient<Greeting, Order, Answer, Event> | null = null;
    const stopWaiting = stallAwareTimeout(HELLO_MS, () => socket.destroy());
    const hear = (message: FromProcess<Greeting, Answer, Event>): void => {
      if (client !== null) {
        client.hear(message);
      } else if (message.type === 'hello') {
        stopWaiting();
        client = new ControlClient(socket, partner, message);
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
