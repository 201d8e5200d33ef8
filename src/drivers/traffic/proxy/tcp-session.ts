import type { Socket } from 'node:net';
import { assert } from '../../../core/assert.ts';
import { monotonicMs } from '../../../clock.ts';
import { dial, readyEventOf } from '../../member-transport.ts';
import type { Context } from './context.ts';
import { endpointsOf, type Arrival } from './connection-setup.ts';
import type { Waiter } from './hold-queue.ts';
import type { Member, Occupant } from './member.ts';
import type { PendingConnect } from './connect-limiter.ts';
import type { Endpoints } from '../../proxy-protocol.ts';
import { relay, reset } from './relay.ts';
import { faultOf } from './upstream.ts';

// One connection in raw TCP mode. Until a member accepts it the client is not read, so it can be held and can
// go from one member to the next; once joined it lives and dies with its member, as its bytes mean nothing here.

const CONNECT_MS = 1000;

/** To reach a member; in its turn. */
type Attempt = PendingConnect & Occupant & { startedMs: number };

export class TcpSession implements Waiter {
  readonly heldBytes = 0;
  heldSinceMs = 0;
  readonly #context: Context;
  readonly #client: Socket;
  readonly #endpoints: Endpoints | null;
  /** null: none is under way. */
  #attempt: Attempt | null = null;
  #member: Socket | null = null;

  constructor(context: Context, { socket: client, claim }: Arrival) {
    this.#context = context;
    this.#client = client;
    this.#endpoints = context.transport.sendHeader ? senderOf(client, claim) : null;
    client.on('error', () => {});
    client.on('close', () => this.#clientClosed());
    context.counters.requests += 1;
  }

  dispatch(): void {
    const { members, router } = this.#context;
    // Whatever it is going to say, it cannot be said again.
    const name = router.sureTarget();
    if (name === null) {
      this.#hold();
      return;
    }
    const member = members.get(name);
    assert(member !== undefined, 'a route names known members only');
    const attempt: Attempt = {
      startedMs: Number.POSITIVE_INFINITY,
      open: () => this.#open(member, attempt),
      cut: () => this.#failed(member, attempt, 'cut'),
    };
    this.#attempt = attempt;
    member.enter(attempt);
    member.connects.enter(attempt);
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

  #open(member: Member, attempt: Attempt): void {
    const socket = dial(member.target, member.transport, this.#endpoints);
    this.#member = socket;
    attempt.startedMs = monotonicMs();
    socket.setTimeout(CONNECT_MS);
    socket.on('timeout', () => this.#failed(member, attempt, 'timeout'));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#failed(member, attempt, faultOf(error, false)),
    );
    socket.on(readyEventOf(member.transport), () => {
      if (this.#attempt !== attempt) return;
      this.#attempt = null;
      member.connects.accepted(attempt);
      member.leave(attempt);
      this.#join(member, socket, attempt);
    });
  }

  #failed(member: Member, attempt: Attempt, fault: ReturnType<typeof faultOf> | 'cut'): void {
    if (this.#attempt !== attempt) return;
    this.#giveUp(member, attempt, fault === 'timeout');
    if (fault === 'shortage') {
      this.refuse();
      return;
    }
    // Others got in meanwhile: the member has more to accept than its queue holds.
    const crowded = fault === 'timeout' && member.connects.hasAcceptedSince(attempt.startedMs);
    if (fault !== 'cut' && !crowded) {
      this.#context.router.markDead(member.name);
      this.#context.failures.add(member.name, fault);
    }
    if (!this.#client.destroyed) this.dispatch();
  }

  #giveUp(member: Member, attempt: Attempt, late: boolean): void {
    this.#attempt = null;
    this.#member?.destroy();
    this.#member = null;
    if (late) member.connects.late(attempt);
    else member.connects.leave(attempt);
    member.leave(attempt);
  }

  #join(member: Member, socket: Socket, pending: PendingConnect): void {
    const { counters, failures, router } = this.#context;
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
        member.connects.leave(pending);
        if (!memberFailed) return;
        counters.failed += 1;
        failures.add(member.name, 'reset');
      },
    });
    member.enter(occupant);
  }

  #clientClosed(): void {
    this.#context.hold.remove(this);
    // Ends the attempt; without a client there is no other one.
    this.#attempt?.cut();
  }
}

/** null: the proxy in front spoke for itself. */
function senderOf(client: Socket, claim: Arrival['claim']): Endpoints | null {
  if (claim === 'none') return endpointsOf(client);
  return claim === 'local' ? null : claim;
}
