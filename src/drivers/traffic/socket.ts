import type { Route } from '../../core/effect.ts';
import { DriverError } from '../driver-error.ts';
import type { SocketHolderClient } from '../socket-holder/client.ts';
import type { NamedListener, UnixAccess } from '../listen-address.ts';
import { identifyPipe, activate } from '../member/process/activation-pipe.ts';
import type { HandedSocket } from '../member/process/launch.ts';
import type {
  Target,
  TrafficAbilities,
  TrafficDriver,
  TrafficEvent,
  TrafficStats,
} from './contract.ts';
import { type Accept, socketAbilities } from './socket-abilities.ts';

// The traffic driver without a hop: the socket holder owns the service's listening socket, and each member inherits it.
// Every running member accepts, so what a route says comes about by which members are frozen, started and ended; this driver only
// keeps the address open. Members that wait to be told to accept may run as standbys, and the route is what tells
// them. While no member accepts, connections wait in the kernel's backlog.
// Each member also inherits a socket of its own, where it is probed, so that a standby can be seen without a client.
// Not guaranteed: requests on connections that a member had accepted when it died; no other member has seen them.

const RETRY_MS = 1000;
const CHECK_INTERVAL_MS = 1000;
/** Of the sockets that members are probed on. */
const PROBE_BACKLOG = 128;

type SocketOptions = {
  readonly service: string;
  readonly listeners: readonly NamedListener[];
  readonly backlog: number;
  /** Of those that are Unix sockets. */
  readonly access: UnixAccess | null;
  readonly accept: Accept;
  /** The pipe that activates each member; empty: members accept at once. */
  readonly activationPipes: ReadonlyMap<string, string>;
  /** How many connections of clients a member has open. */
  readonly clientsOf: (member: string) => number;
  readonly targets: readonly Target[];
  readonly socketHolder: () => Promise<SocketHolderClient>;
  readonly onEvent: (event: TrafficEvent) => void;
};

/** The listening sockets of one member, in the order of their descriptors: the service's first, its own last. */
export function socketsOf(
  service: string,
  listeners: readonly NamedListener[],
  member: string,
): readonly HandedSocket[] {
  return [
    ...listeners.map(({ name }) => ({ key: clientKey(service, name), name })),
    { key: probeKey(service, member), name: 'member' },
  ];
}

function clientKey(service: string, listener: string): string {
  return `${service}/clients/${listener}`;
}

function probeKey(service: string, member: string): string {
  return `${service}/probes/${member}`;
}

export class SocketDriver implements TrafficDriver {
  readonly abilities: TrafficAbilities;
  readonly #options: SocketOptions;
  #epoch = 0;
  #isOpen = false;
  #isLeft = false;
  #retryTimer: NodeJS.Timeout | null = null;
  #lookTimer: NodeJS.Timeout | null = null;
  /** By member, the pipe of the newest start that was told to accept, or complained of: each has one of its own. */
  readonly #told = new Map<string, string>();

  constructor(options: SocketOptions) {
    this.#options = options;
    this.abilities = socketAbilities(options.accept);
  }

  async open(): Promise<void> {
    const { service, listeners, targets, socketHolder, backlog, access } = this.#options;
    const kept = await socketHolder();
    for (const { name, address } of listeners)
      await kept.listen(clientKey(service, name), { address, backlog, access });
    for (const { member, host, port } of targets) {
      const at = { address: { host, port }, backlog: PROBE_BACKLOG, access: null };
      await kept.listen(probeKey(service, member), at);
    }
    // A driver that was left meanwhile must report nothing more.
    if (this.#isLeft) return;
    this.#isOpen = true;
    kept.onLost(() => this.#lost());
    if (this.#options.activationPipes.size > 0)
      this.#lookTimer ??= setInterval(() => this.#checkEarly(), CHECK_INTERVAL_MS).unref();
  }

  openEventually(): void {
    this.#unkept();
  }

  async route(route: Route): Promise<void> {
    if (route.epoch < this.#epoch)
      throw new DriverError('conflict', `epoch ${route.epoch} is older than ${this.#epoch}`);
    this.#epoch = route.epoch;
    const { active } = route;
    const activationPipe = active === null ? undefined : this.#options.activationPipes.get(active);
    if (active !== null && activationPipe !== undefined)
      this.#told.set(active, activate(activationPipe));
  }

  /** A member that accepts cannot be told to stop accepting: it is ended instead, which is the core's to order. */
  async drain(): Promise<{ cut: number }> {
    return { cut: 0 };
  }

  async stats(): Promise<TrafficStats | null> {
    return null;
  }

  async close(): Promise<void> {
    // What was opened in part goes with the socket holder.
    if (!this.#isOpen) return;
    this.leave();
    const kept = await this.#options.socketHolder();
    for (const key of this.#keys()) await kept.release(key);
  }

  leave(): void {
    this.#isOpen = false;
    this.#isLeft = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#lookTimer !== null) clearInterval(this.#lookTimer);
  }

  /** Nothing but its connections shows whether a member waits as it should. */
  #checkEarly(): void {
    const { activationPipes, clientsOf, onEvent } = this.#options;
    for (const [member, path] of activationPipes) {
      const pipe = identifyPipe(path);
      if (pipe === null || pipe === this.#told.get(member) || clientsOf(member) === 0) continue;
      this.#told.set(member, pipe);
      onEvent({ type: 'acceptedEarly', member });
    }
  }

  #keys(): readonly string[] {
    const { service, listeners, targets } = this.#options;
    return [
      ...listeners.map(({ name }) => clientKey(service, name)),
      ...targets.map(({ member }) => probeKey(service, member)),
    ];
  }

  /** The members hold the socket and serve on, but no new one can inherit it until the last of them has ended. */
  #lost(): void {
    if (this.#isOpen) this.#unkept();
  }

  #unkept(): void {
    this.#options.onEvent({ type: 'process', change: 'unkept' });
    this.#retry();
  }

  #retry(): void {
    if (this.#isLeft) return;
    this.#retryTimer = setTimeout(() => {
      this.open().then(
        () => this.#options.onEvent({ type: 'process', change: 'kept' }),
        () => this.#retry(),
      );
    }, RETRY_MS);
  }
}
