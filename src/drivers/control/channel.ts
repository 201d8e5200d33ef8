import type { Socket } from 'node:net';
import { DriverError } from '../driver-error.ts';
import { stallAwareTimeout } from '../stall-aware-timeout.ts';

// The agent's side of a control socket: numbered orders, each of which awaits its reply. One that gets none in time,
// or whose connection breaks, fails with a DriverError; whether it was carried out is then unknown.

type Waiting<Answer> = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: DriverError) => void;
  readonly stopWaiting: () => void;
};

export class ControlChannel<Order extends { readonly type: string }, Answer> {
  readonly #socket: Socket;
  /** The process that gets the orders, as messages name it. */
  readonly #partner: string;
  readonly #onHang: () => void;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #lastId = 0;
  #closed = false;

  /** `onHang`: an order got no reply in time. */
  constructor(socket: Socket, options: { readonly partner: string; readonly onHang: () => void }) {
    this.#socket = socket;
    this.#partner = options.partner;
    this.#onHang = options.onHang;
  }

  get closed(): boolean {
    return this.#closed;
  }

  ask(order: Order, timeoutMs: number): Promise<Answer> {
    if (this.#closed) return Promise.reject(this.#lost());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const stopWaiting = stallAwareTimeout(timeoutMs, () => {
        this.fail(id, 'timedOut', `the ${this.#partner} did not reply to ${order.type}`);
        this.#onHang();
      });
      this.#waiting.set(id, { resolve, reject, stopWaiting });
      this.#socket.write(`${JSON.stringify({ id, order })}\n`);
    });
  }

  answer(id: number, answer: Answer): void {
    this.#take(id)?.resolve(answer);
  }

  fail(id: number, fault: DriverError['fault'], detail: string): void {
    this.#take(id)?.reject(new DriverError(fault, detail));
  }

  /** Its connection has ended. */
  close(): void {
    this.#closed = true;
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(this.#lost());
  }

  #take(id: number): Waiting<Answer> | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.stopWaiting();
    return waiting;
  }

  #lost(): DriverError {
    return new DriverError('driverFailed', `the connection to the ${this.#partner} is lost`);
  }
}
