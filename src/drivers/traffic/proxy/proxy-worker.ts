import { createServer, type Server, type Socket } from 'node:net';
import { monotonicMs } from '../../../clock.ts';
import type { Route } from '../../../core/effect.ts';
import type { ProxyProcessStats } from '../contract.ts';
import type { Pair } from '../certificate.ts';
import { ClientConnection, SWEEP_MS } from './client.ts';
import { noCounts, type Context } from './context.ts';
import { WriteBatch } from './write-batch.ts';
import { clientRoom } from './descriptors.ts';
import { ConnectionSetup, type Arrival } from './connection-setup.ts';
import { FailureReport } from './failure-report.ts';
import { HoldQueue } from './hold-queue.ts';
import { Member } from './member.ts';
import { DeadMemberCheck } from './dead-member-check.ts';
import { Router } from './router.ts';
import { TcpSession } from './tcp-session.ts';
import { waitingOn, Watch } from './watch.ts';
import { BACKLOG, LISTEN_FD, type ProxyEvent, type ProxyOptions } from './wire.ts';

// One process of a service's data plane: the listening socket, the members, and what a change of the route means for
// the requests that are under way. It knows nothing of the agent beyond the routes that it is given.

/** How long what cannot be repeated waits for a verdict on a suspect; a verdict takes two time-outs of a probe. */
const DOUBT_MS = 3000;
const MAX_TIMER_MS = 2 ** 31 - 1;

export class ProxyWorker {
  readonly #options: ProxyOptions;
  readonly #context: Context;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #router: Router;
  readonly #watch: Watch;
  readonly #deadMemberCheck: DeadMemberCheck;
  readonly #server: Server;
  readonly #setup: ConnectionSetup;
  readonly #clients = new Set<{ sweep(): void; retire(): void; destroy(): void }>();
  #leaseTimer: NodeJS.Timeout | null = null;
  #sweepTimer: NodeJS.Timeout | null = null;
  #doubtTimer: NodeJS.Timeout | null = null;
  #closing = false;

  /** `pair`: of the certificate; null: without TLS. */
  constructor(options: ProxyOptions, pair: Pair | null, tell: (event: ProxyEvent) => void) {
    this.#options = options;
    const mayForward = (): boolean => this.#router.mayForward();
    this.#members = new Map(
      options.targets.map((target) => [
        target.member,
        new Member(target, options.transport, mayForward),
      ]),
    );
    this.#router = new Router({
      onFallback: (from, to) => tell({ type: 'fellBack', from, to }),
      onDeath: () => this.#deadMemberCheck.start(),
      mayTake: (name) => this.#members.get(name)?.draining === false,
    });
    this.#context = {
      limits: options.limits,
      clients: options.clients,
      transport: options.transport,
      router: this.#router,
      hold: new HoldQueue(options.limits),
      members: this.#members,
      counters: noCounts(),
      failures: new FailureReport(tell),
      writeBatch: new WriteBatch(),
      wake: () => this.#watch.start(),
    };
    this.#watch = new Watch(this.#context, tell);
    this.#deadMemberCheck = new DeadMemberCheck(this.#router, this.#members, (member) => {
      this.#router.revive(member);
      this.#context.hold.releaseAll();
    });
    const { protocol, acceptHeader, clients } = options;
    const { counters } = this.#context;
    this.#setup = new ConnectionSetup({
      acceptHeader,
      pair,
      protocol,
      timeoutMs: clients.headMs,
      onArrival: (arrival) => this.#admit(arrival),
      onRejected: () => {
        counters.rejected += 1;
      },
    });
    this.#server = createServer(
      { allowHalfOpen: true, noDelay: true, pauseOnConnect: protocol === 'tcp' },
      (socket) => this.#accept(socket),
    );
    this.#server.maxConnections = Math.min(clients.connections, clientRoom());
    this.#server.on('drop', () => {
      counters.refused += 1;
    });
  }

  get route(): Route | null {
    return this.#router.route;
  }

  /** On the socket that the process inherited; from then on clients are accepted. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // As an option beside a descriptor the backlog would be ignored.
      this.#server.listen({ fd: LISTEN_FD }, BACKLOG, () => {
        this.#server.off('error', reject);
        // Out of descriptors, for instance: the connection is lost, the server keeps running.
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  /** A certificate for the handshakes from now on. */
  use(pair: Pair): void {
    this.#setup.use(pair);
  }

  /** Every request dispatched from now on obeys the route. */
  take(route: Route): 'taken' | 'conflict' | 'unknownMember' {
    const named = [route.active, ...route.fallbacks].filter((name) => name !== null);
    if (named.some((name) => !this.#members.has(name))) return 'unknownMember';
    if (this.#router.take(route) === 'conflict') return 'conflict';
    this.#armLease(route);
    this.#armDoubt();
    if (route.dead.length > 0) setImmediate(() => this.#endWaiting(route.dead));
    if (!this.#router.mayForward()) return 'taken';
    this.#moveWaiting(route);
    this.#context.hold.releaseAll();
    return 'taken';
  }

  async drain(name: string, timeoutMs: number): Promise<number | 'unknownMember'> {
    const member = this.#members.get(name);
    return member === undefined ? 'unknownMember' : member.drain(timeoutMs);
  }

  stats(): ProxyProcessStats {
    const inFlight: Record<string, number> = {};
    for (const member of this.#members.values()) inFlight[member.name] = member.inFlight;
    return {
      process: this.#options.process,
      pid: process.pid,
      ...this.#context.counters,
      heldNow: this.#context.hold.size,
      inFlight,
    };
  }

  /** Ends what is idle at once and the rest as its answers end, or at the time-out. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#setup.close();
    for (const client of this.#clients) client.retire();
    this.#context.hold.refuseAll();
    const timer = setTimeout(() => {
      for (const client of this.#clients) client.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(timer);
    for (const member of this.#members.values()) member.cutAll();
    this.#watch.close();
    this.#deadMemberCheck.close();
    this.#context.failures.close();
    if (this.#leaseTimer !== null) clearTimeout(this.#leaseTimer);
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer);
    if (this.#doubtTimer !== null) clearTimeout(this.#doubtTimer);
  }

  #accept(socket: Socket): void {
    const { counters } = this.#context;
    if (this.#closing) {
      socket.destroy();
      return;
    }
    counters.connections += 1;
    socket.on('close', () => {
      counters.connections -= 1;
    });
    this.#setup.take(socket);
  }

  #admit(arrival: Arrival): void {
    const leave = (): void => {
      this.#clients.delete(client);
      if (this.#clients.size === 0 && this.#sweepTimer !== null) {
        clearInterval(this.#sweepTimer);
        this.#sweepTimer = null;
      }
    };
    const client =
      this.#options.protocol === 'tcp'
        ? this.#admitTcp(arrival, leave)
        : new ClientConnection(this.#context, arrival, leave);
    this.#clients.add(client);
    this.#sweepTimer ??= setInterval(() => {
      for (const one of this.#clients) one.sweep();
    }, SWEEP_MS);
  }

  #admitTcp(
    arrival: Arrival,
    leave: () => void,
  ): { sweep(): void; retire(): void; destroy(): void } {
    const { socket } = arrival;
    socket.on('close', leave);
    new TcpSession(this.#context, arrival).dispatch();
    // A raw connection lasts as long as both ends keep it open; the proxy sets no limit on its idle time.
    return { sweep: () => {}, retire: () => {}, destroy: () => socket.destroy() };
  }

  /** Requests that wait on a member that the new route dropped or suspects go on at once. */
  #moveWaiting(route: Route): void {
    for (const member of this.#members.values()) {
      if (route.suspects.includes(member.name)) {
        for (const upstream of waitingOn(member)) upstream.user?.hedge(upstream);
      }
      if (member.name === route.active || route.fallbacks.includes(member.name)) continue;
      for (const upstream of waitingOn(member)) upstream.user?.reroute(upstream);
    }
  }

  /** Requests that wait on the dead, once everything that these had sent has been read. */
  #endWaiting(dead: readonly string[]): void {
    for (const name of dead) {
      const member = this.#members.get(name);
      if (member === undefined) continue;
      for (const upstream of waitingOn(member)) upstream.fail('closed');
    }
  }

  #armLease(route: Route): void {
    if (this.#leaseTimer !== null) clearTimeout(this.#leaseTimer);
    this.#leaseTimer = null;
    if (route.leaseUntil === null) return;
    const leftMs = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(route.leaseUntil - monotonicMs())));
    this.#leaseTimer = setTimeout(() => {
      if (this.#router.mayForward()) this.#armLease(route);
      else this.#endLease();
    }, leftMs);
  }

  /** Runs from the first route that suspects to the first that does not. */
  #armDoubt(): void {
    if (!this.#router.inDoubt) {
      if (this.#doubtTimer !== null) clearTimeout(this.#doubtTimer);
      this.#doubtTimer = null;
      return;
    }
    this.#doubtTimer ??= setTimeout(() => {
      this.#doubtTimer = null;
      this.#router.trust();
      this.#context.hold.releaseAll();
    }, DOUBT_MS);
  }

  /** Nothing more may reach a member: what can wait is held, the rest is cut. */
  #endLease(): void {
    for (const member of this.#members.values()) member.cutAll();
  }
}
