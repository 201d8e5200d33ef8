import { monotonicMs } from '../../../clock.ts';
import { assert } from '../../../core/assert.ts';
import type { MemberTransport, Target } from '../contract.ts';
import { ConnectLimiter } from './connect-limiter.ts';
import { ServiceRecord } from './record.ts';
import { Upstream, type UpstreamFault, type UpstreamHome, type UpstreamUser } from './upstream.ts';

// One member as the data plane sees it: its connections, busy, idle and given away to tunnels, and the record
// of its answers. The number of busy ones is bounded by that of clients, as each has one request at a time.

/** Something other than a request that occupies the member, such as a WebSocket. */
export interface Occupant {
  cut(): void;
}

const MAX_IDLE = 128;

export class Member implements UpstreamHome {
  readonly name: string;
  readonly target: Target;
  readonly transport: MemberTransport;
  readonly record = new ServiceRecord(monotonicMs());
  /** In the order in which their requests began to wait. */
  readonly busy = new Set<Upstream>();
  /** Connections that are begun or wait for it. */
  readonly connects = new ConnectLimiter();
  readonly #queued = new Set<Upstream>();
  readonly #occupants = new Set<Occupant>();
  readonly #mayForward: () => boolean;
  #idle: Upstream[] = [];
  #drains = 0;
  #onQuiet: (() => void)[] = [];

  constructor(target: Target, transport: MemberTransport, mayForward: () => boolean) {
    this.name = target.member;
    this.target = target;
    this.transport = transport;
    this.#mayForward = mayForward;
  }

  get inFlight(): number {
    return this.busy.size + this.#occupants.size;
  }

  get draining(): boolean {
    return this.#drains > 0;
  }

  mayForward(): boolean {
    return this.#mayForward();
  }

  /** A connection for the request: the one used last, as it is the least likely to be closed by now, or a new one. */
  take(
    user: UpstreamUser,
    options: { readonly fresh: boolean; readonly maxIdleMs: number },
  ): Upstream {
    const nowMs = monotonicMs();
    while (!options.fresh) {
      const upstream = this.#idle.pop();
      if (upstream === undefined) break;
      const idleMs = nowMs - upstream.idleSince;
      if (upstream.closed) continue;
      if (idleMs > Math.min(upstream.keepIdleMs, options.maxIdleMs)) {
        upstream.discard();
        continue;
      }
      upstream.assign(user, nowMs);
      this.busy.add(upstream);
      return upstream;
    }
    const upstream = new Upstream(this, user);
    this.busy.add(upstream);
    this.connects.enter(upstream);
    // One that must be fresh does not take what becomes free.
    if (!upstream.begun && !options.fresh) this.#queued.add(upstream);
    return upstream;
  }

  opened(upstream: Upstream): void {
    this.connects.accepted(upstream);
  }

  answered(upstream: Upstream, status: number): void {
    const { headAt, reused, waitingSince } = upstream;
    assert(headAt !== null, 'an answer begins with its head');
    if (!reused) this.connects.answered(upstream);
    this.record.answered(headAt - waitingSince, status);
  }

  freed(upstream: Upstream): void {
    this.busy.delete(upstream);
    upstream.idleSince = monotonicMs();
    const next = this.#nextQueued();
    if (next !== null) {
      this.#handOver(next, upstream);
      return;
    }
    if (this.draining || this.#idle.length >= MAX_IDLE || upstream.keepIdleMs === 0) {
      upstream.discard();
    } else {
      this.#idle.push(upstream);
    }
    this.#tellIfQuiet();
  }

  ended(upstream: Upstream, fault: UpstreamFault | null): void {
    this.#queued.delete(upstream);
    if (fault === 'timeout') this.connects.late(upstream);
    else this.connects.leave(upstream);
    if (!this.busy.delete(upstream)) {
      const at = this.#idle.indexOf(upstream);
      if (at >= 0) this.#idle.splice(at, 1);
    }
    this.#tellIfQuiet();
  }

  enter(occupant: Occupant): void {
    this.#occupants.add(occupant);
  }

  leave(occupant: Occupant): void {
    if (this.#occupants.delete(occupant)) this.#tellIfQuiet();
  }

  closeIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const upstream of idle) upstream.discard();
  }

  #nextQueued(): Upstream | null {
    for (const upstream of this.#queued) {
      this.#queued.delete(upstream);
      if (!upstream.begun) return upstream;
    }
    return null;
  }

  /** A request that waits for its turn to connect takes the connection that is free now. */
  #handOver(from: Upstream, to: Upstream): void {
    const { user } = from;
    assert(user !== null, 'what waits to connect has a request');
    to.assign(user, to.idleSince);
    this.busy.add(to);
    from.discard();
    user.moved(from, to);
  }

  /** Requests that wait to connect go elsewhere, because the member cannot be reached. */
  cutQueued(): void {
    for (const upstream of this.#queued) {
      if (!upstream.begun) upstream.fail('cut');
    }
  }

  /** Ends everything with the member; requests hear of it and may go elsewhere. */
  cutAll(): number {
    this.closeIdle();
    // Requests that are cut may come back to this very member.
    const busy = [...this.busy];
    const occupants = [...this.#occupants];
    for (const upstream of busy) upstream.fail('cut');
    for (const occupant of occupants) occupant.cut();
    return busy.length + occupants.length;
  }

  /** Resolves with how many had to be cut once nothing is in flight. */
  async drain(timeoutMs: number): Promise<number> {
    this.#drains += 1;
    this.closeIdle();
    const quiet = await this.#quietWithin(timeoutMs);
    const cut = quiet ? 0 : this.cutAll();
    this.#drains -= 1;
    return cut;
  }

  #quietWithin(timeoutMs: number): Promise<boolean> {
    if (this.inFlight === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const tell = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#onQuiet = this.#onQuiet.filter((other) => other !== tell);
        resolve(false);
      }, timeoutMs);
      this.#onQuiet.push(tell);
    });
  }

  #tellIfQuiet(): void {
    if (this.inFlight > 0 || this.#onQuiet.length === 0) return;
    const tell = this.#onQuiet;
    this.#onQuiet = [];
    for (const one of tell) one();
  }
}
