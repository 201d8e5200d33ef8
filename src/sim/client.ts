import type { DataPlane, Answer } from './data-plane.ts';
import type { History, Operation } from './history.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

// A client: one request after the other, with a timeout, to the data plane that last served it; after a failure to the next
// host's. Its clock is true time. Every request ends in ok, fail or unknown.

type ClientOptions = {
  readonly number: number;
  readonly node: number;
  readonly planes: readonly DataPlane[];
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly history: History;
  readonly timeoutMs: number;
  readonly pauseMs: { readonly low: number; readonly high: number };
  readonly writes: number;
  /** A unique number for each request. */
  readonly nextRequest: () => number;
};

export class Client {
  readonly #options: ClientOptions;
  #plane = 0;
  #stopped = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  start(): void {
    this.#pause();
  }

  /** Finishes the current request and sends no more. */
  stop(): void {
    this.#stopped = true;
  }

  #pause(): void {
    const { scheduler, random, pauseMs } = this.#options;
    scheduler.in(random.skewed(pauseMs.low, pauseMs.high) * 1000, () => this.#ask());
  }

  #ask(): void {
    if (this.#stopped) return;
    const { history, scheduler, random, planes, nextRequest, writes, number } = this.#options;
    const plane = planes[this.#plane % planes.length];
    if (plane === undefined) return;
    const id = nextRequest();
    const type = random.chance(writes) ? 'write' : 'read';
    const operation = history.begin({
      client: number,
      service: plane.service,
      type,
      value: type === 'write' ? id : 0,
      calledAt: scheduler.now,
    });
    const { network, node, timeoutMs } = this.#options;
    const request = {
      id,
      operation: type === 'write' ? ({ type, write: id } as const) : ({ type } as const),
    };
    const answered = (answer: Answer): void =>
      network.send({
        from: plane.host.node,
        to: node,
        deliver: () => this.#end(operation, answer),
      });
    network.send({
      from: node,
      to: plane.host.node,
      deliver: () =>
        plane.host.run(() => {
          if (plane.up) plane.request(request, answered);
          else answered({ type: 'refused' });
        }),
    });
    scheduler.in(timeoutMs * 1000, () => this.#end(operation, { type: 'reset' }));
  }

  #end(operation: Operation, answer: Answer): void {
    if (operation.outcome !== 'open') return;
    operation.endedAt = this.#options.scheduler.now;
    if (answer.type === 'ok') {
      operation.outcome = 'ok';
      if (operation.type === 'read') operation.value = answer.value;
    } else {
      const never = operation.type === 'read' || answer.type !== 'reset';
      operation.outcome = never ? 'fail' : 'unknown';
      this.#plane += 1;
    }
    this.#pause();
  }
}
