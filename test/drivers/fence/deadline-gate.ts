import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { monotonicMs } from '../../../src/clock.ts';
import { DriverError } from '../../../src/drivers/driver-error.ts';
import type { Fence, FenceExtension } from '../../../src/drivers/fence/contract.ts';

// A fence with a deadline that it really enforces, as the kernel would with a set element that times out: the only way
// to the member leads through a relay, which carries nothing past the deadline, and asks nobody.

export class DeadlineGate implements Fence {
  readonly abilities = { proof: 'cutOff', extendable: true } as const;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #epoch = 0;
  /** null: no limit. */
  #until: number | null = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Orders are carried out one after the other, each some turns later, as a command for the kernel would be. */
  #last: Promise<void> = Promise.resolve();

  private constructor(memberPort: number) {
    this.#server = createServer((client) => this.#relay(client, memberPort));
  }

  static async open(memberPort: number): Promise<DeadlineGate> {
    const gate = new DeadlineGate(memberPort);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new TypeError('it does not listen');
    return address.port;
  }

  async extend({ epoch, until }: FenceExtension): Promise<void> {
    await this.#order(() => {
      if (epoch < this.#epoch) throw new DriverError('conflict', `epoch ${epoch} is over`);
      this.#epoch = epoch;
      this.#shutAt(until);
    });
  }

  async fence({ signal }: { signal: AbortSignal }): Promise<void> {
    if (signal.aborted) throw new DriverError('timedOut', 'nothing was ordered');
    await this.#order(() => this.#shutAt(0));
  }

  async close(): Promise<void> {
    this.#shutAt(0);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #order(carryOut: () => void): Promise<void> {
    const before = this.#last;
    const done = (async () => {
      await before;
      await new Promise((resolve) => setImmediate(resolve));
      carryOut();
    })();
    this.#last = done.catch(() => {});
    return done;
  }

  #shutAt(until: number | null): void {
    this.#until = until;
    clearTimeout(this.#timer);
    if (until === null) return;
    const leftMs = until - monotonicMs();
    if (leftMs <= 0) for (const socket of this.#open) socket.destroy();
    else this.#timer = setTimeout(() => this.#shutAt(until), leftMs);
  }

  #relay(client: Socket, memberPort: number): void {
    if (this.#until !== null && monotonicMs() >= this.#until) return void client.destroy();
    const member = connect(memberPort, '127.0.0.1');
    for (const [one, other] of [
      [client, member],
      [member, client],
    ] as const) {
      this.#open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
