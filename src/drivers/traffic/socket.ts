import type { Route } from '../../core/effect.ts';
import { DriverError } from '../driver-error.ts';
import type { KeeperClient } from '../keeper/client.ts';
import type { HandedSocket } from '../member/process/launch.ts';
import type { TrafficDriver, TrafficEvent, TrafficStats, Target } from './contract.ts';

// The traffic driver without a hop: the keeper owns the service's listening socket, and each member inherits it.
// Whoever runs accepts, so what a route says is brought about by who is frozen, started and ended; this driver only
// keeps the address open. While nobody accepts, connections wait in the kernel's backlog.
// Each member also inherits a socket of its own, where it is probed, so that a standby can be seen without a client.
// Not guaranteed: requests on connections that a member had accepted when it died; nobody else has seen them.

/** As long as the kernel's own limit allows, /proc/sys/net/core/somaxconn. */
const BACKLOG = 4096;
const RETRY_MS = 1000;

export type SocketOptions = {
  readonly service: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly targets: readonly Target[];
  readonly keeper: () => Promise<KeeperClient>;
  readonly onEvent: (event: TrafficEvent) => void;
};

export function memberKey(service: string, member: string): string {
  return `${service}/${member}`;
}

/** The listening sockets of one member, in the order of their descriptors. */
export function socketsOf(service: string, member: string): readonly HandedSocket[] {
  return [
    { key: service, name: 'service' },
    { key: memberKey(service, member), name: 'member' },
  ];
}

export class SocketDriver implements TrafficDriver {
  readonly #options: SocketOptions;
  #epoch = 0;
  #isOpen = false;
  #retryTimer: NodeJS.Timeout | null = null;

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { service, listen, targets, keeper } = this.#options;
    const kept = await keeper();
    await kept.listen(service, { ...listen, backlog: BACKLOG });
    for (const { member, host, port } of targets)
      await kept.listen(memberKey(service, member), { host, port, backlog: BACKLOG });
    this.#isOpen = true;
    kept.onLost(() => this.#lost());
  }

  async route(route: Route): Promise<void> {
    if (route.epoch < this.#epoch)
      throw new DriverError('conflict', `epoch ${route.epoch} is older than ${this.#epoch}`);
    this.#epoch = route.epoch;
  }

  /** A member that accepts cannot be told to stop accepting: it is ended instead, which is the core's to order. */
  async drain(): Promise<{ cut: number }> {
    return { cut: 0 };
  }

  async stats(): Promise<TrafficStats | null> {
    return null;
  }

  async close(): Promise<void> {
    // What was opened in part goes with the keeper.
    if (!this.#isOpen) return;
    this.leave();
    const { service, targets, keeper } = this.#options;
    const kept = await keeper();
    for (const key of [service, ...targets.map(({ member }) => memberKey(service, member))])
      await kept.release(key);
  }

  leave(): void {
    this.#isOpen = false;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
  }

  /** The members hold the socket and serve on, but no new one can inherit it until the last of them has ended. */
  #lost(): void {
    if (!this.#isOpen) return;
    this.#options.onEvent({ type: 'lost' });
    this.#retry();
  }

  #retry(): void {
    this.#retryTimer = setTimeout(() => {
      this.open().then(
        () => this.#options.onEvent({ type: 'restored' }),
        () => this.#retry(),
      );
    }, RETRY_MS);
  }
}
