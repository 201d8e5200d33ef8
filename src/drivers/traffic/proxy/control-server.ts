import { createServer, type Server, type Socket } from 'node:net';
import { unreachable } from '../../../core/assert.ts';
import type { ProxyWorker } from './proxy-worker.ts';
import { hearLines } from '../../lines.ts';
import { listenPrivately } from '../../socket-path.ts';
import {
  lineOf,
  PROTOCOL_VERSION,
  type ProxyEvent,
  type ProxyOptions,
  type Reply,
  type ToProxy,
} from './wire.ts';

// The process's side of the control socket. Agents come and go; the newest one gives the orders and hears the
// events, an older one is dropped. Without any, traffic flows on by the last route. An agent that does not read
// loses events, which are worth nothing when late, and never makes the process keep them.

const MAX_UNREAD_BYTES = 1024 * 1024;

export class ControlServer {
  readonly #options: ProxyOptions;
  readonly #worker: ProxyWorker;
  readonly #onStop: (graceMs: number) => void;
  readonly #server: Server;
  #agent: Socket | null = null;

  constructor(options: ProxyOptions, worker: ProxyWorker, onStop: (graceMs: number) => void) {
    this.#options = options;
    this.#worker = worker;
    this.#onStop = onStop;
    this.#server = createServer((socket) => this.#greet(socket));
  }

  async listen(): Promise<void> {
    await listenPrivately(this.#server, this.#options.controlPath);
  }

  tell(event: ProxyEvent): void {
    const agent = this.#agent;
    if (agent === null || agent.writableLength > MAX_UNREAD_BYTES) return;
    agent.write(lineOf({ type: 'event', event }));
  }

  close(): void {
    this.#server.close();
    this.#agent?.end();
  }

  #greet(socket: Socket): void {
    this.#agent?.end(lineOf({ type: 'replaced' }));
    this.#agent = socket;
    // The greeting's version vouches for the shape of the orders.
    hearLines(socket, (line) => this.#obey(socket, JSON.parse(line)));
    socket.on('close', () => {
      if (this.#agent === socket) this.#agent = null;
    });
    socket.write(
      lineOf({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        pid: process.pid,
        options: this.#options,
        route: this.#worker.route,
      }),
    );
  }

  #obey(socket: Socket, { id, order }: ToProxy): void {
    if (socket !== this.#agent) return;
    const reply = (answer: Reply): void => {
      if (!socket.destroyed) socket.write(lineOf({ type: 'reply', id, reply: answer }));
    };
    switch (order.type) {
      case 'route':
        reply(this.#route(order.route));
        return;
      case 'drain':
        void this.#drain(order.member, order.timeoutMs).then(reply);
        return;
      case 'stats':
        reply({ ok: true, value: { type: 'stats', stats: this.#worker.stats() } });
        return;
      case 'stop':
        reply({ ok: true, value: { type: 'done' } });
        this.#onStop(order.graceMs);
        return;
      default:
        unreachable(order);
    }
  }

  async #drain(member: string, timeoutMs: number): Promise<Reply> {
    const cut = await this.#worker.drain(member, timeoutMs);
    if (cut !== 'unknownMember') return { ok: true, value: { type: 'drained', cut } };
    return { ok: false, fault: 'notFound', detail: `no member ${member}` };
  }

  #route(route: Parameters<ProxyWorker['take']>[0]): Reply {
    const outcome = this.#worker.take(route);
    switch (outcome) {
      case 'taken':
        return { ok: true, value: { type: 'done' } };
      case 'conflict':
        return {
          ok: false,
          fault: 'conflict',
          detail: `epoch ${route.epoch} is older than the route's`,
        };
      case 'unknownMember':
        return {
          ok: false,
          fault: 'notFound',
          detail: 'the route names a member without a target',
        };
      default:
        return unreachable(outcome);
    }
  }
}
