import type { Random } from './random.ts';
import type { Scheduler, TrueTime } from './scheduler.ts';

// The network between nodes: hosts, the store, clients. Each message has a random delay. A lost message on a connection
// arrives later, like a TCP retransmission; a message into a partition never arrives. Messages of a stream keep their order;
// others can overtake each other. A node always reaches itself.

export type NetworkOptions = {
  readonly latencyMs: { readonly low: number; readonly high: number };
  /** Share of retransmitted messages. */
  readonly loss: number;
  /** Share of duplicated messages, if they are repeatable. */
  readonly duplication: number;
};

type Message = {
  readonly from: number;
  readonly to: number;
  readonly deliver: () => void;
  /** Messages with the same name on the same link keep their order. */
  readonly stream?: string;
  readonly repeatable?: boolean;
};

const LOCAL_US = 40;
const RETRANSMIT_US = { low: 200_000, high: 1_200_000 } as const;
/** Buffer of a held link; a full buffer drops messages. */
const HELD_LIMIT = 10_000;

type Link = {
  blocked: boolean;
  held: Message[] | null;
  slowness: number;
  readonly streams: Map<string, TrueTime>;
};

export class Network {
  readonly #options: NetworkOptions;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #links: Link[][];

  constructor(nodes: number, options: NetworkOptions, random: Random, scheduler: Scheduler) {
    this.#options = options;
    this.#random = random;
    this.#scheduler = scheduler;
    this.#links = Array.from({ length: nodes }, () =>
      Array.from({ length: nodes }, () => ({
        blocked: false,
        held: null,
        slowness: 1,
        streams: new Map<string, TrueTime>(),
      })),
    );
  }

  send(message: Message): void {
    if (message.from === message.to) {
      this.#scheduler.in(LOCAL_US, message.deliver);
      return;
    }
    const link = this.#link(message.from, message.to);
    if (link.blocked) return;
    if (link.held !== null) {
      if (link.held.length < HELD_LIMIT) link.held.push(message);
      return;
    }
    this.#carry(message, link);
    if (message.repeatable === true && this.#random.chance(this.#options.duplication))
      this.#carry(message, link);
  }

  /** One direction only. */
  block(from: number, to: number): void {
    this.#link(from, to).blocked = true;
  }

  unblock(from: number, to: number): void {
    this.#link(from, to).blocked = false;
  }

  /** Messages wait until release(): a stalled switch, a full buffer. */
  hold(from: number, to: number): void {
    this.#link(from, to).held ??= [];
  }

  release(from: number, to: number): void {
    const link = this.#link(from, to);
    const held = link.held ?? [];
    link.held = null;
    for (const message of held) this.#carry(message, link);
  }

  /** Factor for the delays of a link; 1: normal. */
  slow(from: number, to: number, factor: number): void {
    this.#link(from, to).slowness = factor;
  }

  /** Removes all faults. */
  heal(): void {
    this.#links.forEach((row, from) =>
      row.forEach((link, to) => {
        link.blocked = false;
        link.slowness = 1;
        this.release(from, to);
      }),
    );
  }

  #carry(message: Message, link: Link): void {
    const { latencyMs, loss } = this.#options;
    const usual = this.#random.skewed(latencyMs.low, latencyMs.high) * 1000 * link.slowness;
    const again = this.#random.chance(loss)
      ? this.#random.integer(RETRANSMIT_US.low, RETRANSMIT_US.high)
      : 0;
    let at = this.#scheduler.now + usual + again;
    if (message.stream !== undefined) {
      at = Math.max(at, link.streams.get(message.stream) ?? 0);
      link.streams.set(message.stream, at);
    }
    this.#scheduler.at(at, message.deliver);
  }

  #link(from: number, to: number): Link {
    const link = this.#links[from]?.[to];
    if (link === undefined) throw new RangeError(`no link from ${from} to ${to}`);
    return link;
  }
}
