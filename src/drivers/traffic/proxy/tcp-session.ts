import type { Socket } from 'node:net';
import { assert } from '../../../core/assert.ts';
import { monotonicMs } from '../../../clock.ts';
import { dial, readyEventOf } from '../../member-link.ts';
import type { Context } from './context.ts';
import { endpointsOf, type Arrival } from './entrance.ts';
import type { Waiter } from './hold-queue.ts';
import type { Endpoints } from './proxy-header.ts';
import { relay, reset } from './relay.ts';
import { faultOf } from './upstream.ts';

// One connection in raw TCP mode. Until a member accepts it the client is not read, so it can be held and can
// go from one member to the next; once joined it lives and dies with its member, as its bytes mean nothing here.

const CONNECT_MS = 1000;

export class TcpSession implements Waiter {
  readonly heldBytes = 0;
  heldSinceMs = 0;
  readonly #context: Context;
  readonly #client: Socket;
  readonly #endpoints: Endpoints | null;
  #member: Socket | null = null;
  #joined = false;

  constructor(context: Context, { socket: client, claim }: Arrival) {
    this.#context = context;
    this.#client = client;
    this.#endpoints = context.link.sendHeader ? senderOf(client, claim) : null;
    client.on('error', () => {});
    client.on('close', () => this.#clientClosed());
    context.counters.requests += 1;
  }

  dispatch(): void {
    const { members, router } = this.#context;
    const name = router.target();
    if (name === null) {
      this.#hold();
      return;
    }
    const member = members.get(name);
    assert(member !== undefined, 'a route names known members only');
    const socket = dial(member.target, member.link, this.#endpoints);
    socket.setTimeout(CONNECT_MS);
    const occupant = { cut: (): void => this.#failed(name, socket, 'cut') };
    member.enter(occupant);
    this.#member = socket;
    socket.on('timeout', () => this.#failed(name, socket, 'timeout'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#failed(name, socket, faultOf(error, false)),
    );
    socket.on('close', () => member.leave(occupant));
    socket.on(readyEventOf(member.link), () => {
      member.leave(occupant);
      this.#join(name, socket);
    });
  }

  release(): void {
    this.dispatch();
  }

  refuse(): void {
    this.#context.counters.refused += 1;
    reset(this.#client);
  }

  #hold(): void {
    const { counters, hold, wake } = this.#context;
    const first = this.heldSinceMs === 0;
    if (first) this.heldSinceMs = monotonicMs();
    if (!hold.admit(this)) {
      this.refuse();
      return;
    }
    if (first) counters.heldTotal += 1;
    wake();
  }

  #failed(name: string, socket: Socket, fault: ReturnType<typeof faultOf> | 'cut'): void {
    if (this.#member !== socket || this.#joined) return;
    this.#member = null;
    socket.destroy();
    if (fault === 'shortage') {
      this.refuse();
      return;
    }
    if (fault !== 'cut') {
      this.#context.router.markDead(name);
      this.#context.failures.add(name, fault);
    }
    if (!this.#client.destroyed) this.dispatch();
  }

  #join(name: string, socket: Socket): void {
    const { counters, failures, members, router } = this.#context;
    const member = members.get(name);
    assert(member !== undefined, 'a connection belongs to a known member');
    this.#joined = true;
    socket.setTimeout(0);
    socket.removeAllListeners('error');
    const occupant = relay({
      client: this.#client,
      member: socket,
      mayForward: () => router.mayForward(),
      onBytes: (direction, bytes) => {
        if (direction === 'in') counters.bytesIn += bytes;
        else counters.bytesOut += bytes;
      },
      onEnd: ({ memberFailed }) => {
        member.leave(occupant);
        if (!memberFailed) return;
        counters.failed += 1;
        failures.add(name, 'reset');
      },
    });
    member.enter(occupant);
  }

  #clientClosed(): void {
    this.#context.hold.remove(this);
    if (!this.#joined) this.#member?.destroy();
    this.#member = null;
  }
}

/** null: the proxy in front spoke for itself. */
function senderOf(client: Socket, claim: Arrival['claim']): Endpoints | null {
  if (claim === 'none') return endpointsOf(client);
  return claim === 'local' ? null : claim;
}
