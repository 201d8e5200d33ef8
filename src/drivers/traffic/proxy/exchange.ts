import { assert, unreachable } from '../../../core/assert.ts';
import { monotonicMs } from '../../../clock.ts';
import type { RequestHead } from '../../http1/request-head.ts';
import type { ResponseHead } from '../../http1/response-head.ts';
import { Attempts } from './attempts.ts';
import { blame } from './blame.ts';
import type { Context } from './context.ts';
import type { ExchangeClient } from './exchange-client.ts';
import { CHOOSING, HELD, OVER, upstreamsOf, type ExchangeState } from './exchange-state.ts';
import { responseHeadFor } from './forward.ts';
import type { Waiter } from './hold-queue.ts';
import type { Member } from './member.ts';
import { isFull } from './relay.ts';
import { isStale, retryDecisionFor, type Loss } from './retry-policy.ts';
import type { Upstream, UpstreamFault, UpstreamUser } from './upstream.ts';

// One request of a client, from its head to the end of its response: held, sent, retried, or sent to two members at
// once, within these rules.
// - A request that was not written to any member can always go elsewhere. One that could not be retried is not written
//   to a suspected member while there is another way or a verdict is near.
// - One that was written may be sent again only if repeating it does no harm (isIdempotent), nothing of a response
//   has reached the client, its body is still buffered whole, and its attempts are not used up: a request that kills
//   its reader must not kill the standby too.
// - A safe one may wait on two members; the first response wins and the proxy closes the other connection.
// - Everything else fails cleanly: 502 if the client has received nothing, else an aborted connection, and counted.
// What the request itself allows is in attempts.ts, what to do after a loss in retry-policy.ts. Longer than most files, as
// each method is one transition of the same state.

const NO_BYTES = Buffer.alloc(0);

export class Exchange implements UpstreamUser, Waiter {
  readonly #context: Context;
  readonly #client: ExchangeClient;
  readonly #attempts: Attempts;
  #state: ExchangeState = CHOOSING;
  /** The client was told to send its body. */
  #continued = false;
  heldSinceMs = 0;

  constructor(context: Context, client: ExchangeClient, head: RequestHead) {
    this.#context = context;
    this.#client = client;
    this.#attempts = new Attempts(head, context.limits);
  }

  get heldBytes(): number {
    const { head, body } = this.#attempts;
    return head.text.length + body.bytes;
  }

  /** Chooses a member and sends, or holds. */
  dispatch(): void {
    this.#goTo(this.#chosen());
  }

  release(): void {
    this.#become(CHOOSING);
    this.dispatch();
  }

  refuse(): void {
    this.#context.counters.refused += 1;
    this.#end();
    this.#client.answer(503);
  }

  /** More of the request's body, framing included. */
  takeBody(data: Buffer, done: boolean): void {
    if (this.#state.at === 'over') return;
    const attempts = this.#attempts;
    attempts.bodyDone = done;
    const upstreams = this.#upstreams;
    if (data.length > 0) {
      const isOnWire = upstreams.some((upstream) => upstream.sent);
      const hasRoom = attempts.body.add(data, isOnWire);
      if (this.#state.at === 'held' && !this.#context.hold.grow(data.length)) {
        this.refuse();
        return;
      }
      if (!hasRoom) this.#client.pauseRequest();
    }
    for (const upstream of upstreams) {
      if (!upstream.sent) continue;
      upstream.requestDone = done;
      if (data.length === 0) continue;
      upstream.socket.write(data);
      if (isFull(upstream.socket)) this.#client.pauseRequest();
    }
  }

  /** The client is gone. */
  cancel(): void {
    if (this.#state.at !== 'over') this.#end();
  }

  /** The client reads on. */
  writable(): void {
    if (this.#state.at === 'answering') this.#state.upstreams[0].socket.resume();
  }

  /** Sends a request that waits on a suspect also to a fallback; one that was not written moves there, or is held. */
  hedge(waitsOn: Upstream): void {
    if (!this.#waitsOnlyOn(waitsOn)) return;
    const { router, counters } = this.#context;
    const suspect = waitsOn.home.target.member;
    const fallback = router.fallbackFor(suspect);
    if (!waitsOn.sent) {
      const target = fallback ?? this.#chosen();
      if (target === suspect) return;
      this.#drop(waitsOn);
      this.#goTo(target);
    } else if (fallback !== null && this.#attempts.mayRace && this.#attempts.maySendAgain) {
      counters.hedged += 1;
      this.#sendTo(fallback, false);
    }
  }

  /** The member it waits on is no longer the active one, nor trusted as a fallback. */
  reroute(waitsOn: Upstream): void {
    if (!this.#waitsOnlyOn(waitsOn)) return;
    const { router, counters } = this.#context;
    const attempts = this.#attempts;
    const target = router.target();
    if (target === null || target === waitsOn.home.target.member) return;
    if (waitsOn.sent) {
      if (!attempts.isIdempotent || !attempts.maySendAgain) return;
      counters.replayed += 1;
    }
    // A safe request may keep waiting where it is too, in case the old member is only slow; another may not, because
    // both members could then execute it.
    if (!waitsOn.sent || !attempts.mayRace) this.#drop(waitsOn);
    this.#sendTo(target, false);
  }

  connected(upstream: Upstream): void {
    if (!this.#context.router.mayForward()) {
      upstream.fail('cut');
      return;
    }
    const isFlowing = this.#attempts.writeTo(upstream, this.#client);
    if (isFlowing) this.#client.resumeRequest();
    else this.#client.pauseRequest();
  }

  moved(from: Upstream, to: Upstream): void {
    const upstreams = this.#upstreams.map((upstream) => (upstream === from ? to : upstream));
    this.#become({ at: 'racing', upstreams });
    this.connected(to);
  }

  informed(upstream: Upstream, head: ResponseHead): void {
    const isFirst = this.#state.at === 'racing' && upstream === this.#state.upstreams[0];
    if (!this.#attempts.head.modern || !isFirst) return;
    if (head.status === 100 && this.#continued) return;
    this.#continued ||= head.status === 100;
    this.#client.write(responseHeadFor(head, { close: false, unchunk: false }), NO_BYTES);
  }

  answered(upstream: Upstream, head: ResponseHead, body: Buffer, done: boolean): boolean {
    const { head: request, bodyDone } = this.#attempts;
    const tunnel = head.status === 101;
    if (tunnel && !request.upgrade) {
      upstream.fail('badAnswer');
      return false;
    }
    const unchunk = !request.modern && head.framing.kind === 'chunked';
    const ends = unchunk || head.framing.kind === 'untilClose';
    const close = !tunnel && (ends || !request.persistent || !bodyDone);
    this.#win(upstream, close);
    const text = responseHeadFor(head, { close, unchunk });
    if (!tunnel) return this.#relay(upstream, text, body, done);
    this.#become(OVER);
    this.#client.write(text, NO_BYTES);
    this.#client.tunnel(upstream, this.#memberOf(upstream), body);
    return true;
  }

  received(upstream: Upstream, body: Buffer, done: boolean): boolean {
    return this.#relay(upstream, '', body, done);
  }

  drained(upstream: Upstream): void {
    // With two members the slower one sets the pace.
    if (this.#upstreams.every((other) => !other.begun || !other.socket.writableNeedDrain)) {
      if (upstream.sent) this.#client.resumeRequest();
    }
  }

  failed(upstream: Upstream, fault: UpstreamFault): void {
    if (this.#state.at === 'over') return;
    // An attempt that the proxy ended itself is not one of the member's.
    if (fault === 'cut' && upstream.sent) this.#attempts.notCounted();
    const { router } = this.#context;
    const member = this.#memberOf(upstream);
    const loss = this.#attempts.lossOf(upstream, fault, router.isProvedDead(member.name));
    const wasAnswering = this.#state.at === 'answering';
    this.#remove(upstream);
    const isMembers = fault !== 'cut' && fault !== 'shortage';
    if (isMembers && (upstream.answering || !isStale(loss)))
      blame(this.#context, member, upstream, fault);
    if (wasAnswering) this.#breakOff();
    else if (this.#state.at === 'choosing') this.#goOnAfter(loss, member.name);
  }

  #goOnAfter(loss: Loss, member: string): void {
    // Without room for a connection on this host no other member could be reached either.
    if (loss.fault === 'shortage') {
      this.refuse();
      return;
    }
    const { counters, router } = this.#context;
    const decision = retryDecisionFor(loss);
    switch (decision) {
      case 'dispatch':
        this.dispatch();
        return;
      case 'sameMember':
        this.#attempts.wasStale();
        this.#sendTo(member, true);
        return;
      case 'replay':
        counters.replayed += 1;
        // A member that is only silent is not dead, so that the route alone would choose it again.
        this.#goTo(
          (loss.fault === 'timeout' ? router.fallbackFor(member) : null) ?? this.#chosen(),
        );
        return;
      case 'giveUp':
        counters.failed += 1;
        this.#end();
        this.#client.answer(loss.fault === 'timeout' ? 504 : 502);
        return;
      default:
        unreachable(decision);
    }
  }

  /** The member to send to now; null: none yet. */
  #chosen(): string | null {
    const { router } = this.#context;
    return this.#attempts.isRepeatable ? router.target() : router.sureTarget();
  }

  #goTo(target: string | null): void {
    if (target === null) this.#hold();
    else this.#sendTo(target, false);
  }

  #sendTo(name: string, fresh: boolean): void {
    const member = this.#context.members.get(name);
    assert(member !== undefined, 'a route names known members only');
    const upstream = member.take(this, { fresh, maxIdleMs: this.#attempts.maxIdleMs });
    const others = this.#upstreams;
    const upstreams = others.length === 0 ? [upstream] : [...others, upstream];
    this.#become({ at: 'racing', upstreams });
    this.#context.wake();
    if (upstream.ready) this.#context.writeBatch.add(upstream);
  }

  #hold(): void {
    const { counters, hold, wake } = this.#context;
    const isFirst = this.heldSinceMs === 0;
    if (isFirst) this.heldSinceMs = monotonicMs();
    if (!hold.admit(this)) {
      this.refuse();
      return;
    }
    this.#become(HELD);
    if (isFirst) counters.heldTotal += 1;
    wake();
  }

  #win(winner: Upstream, close: boolean): void {
    const upstreams = this.#upstreams;
    assert(upstreams.includes(winner), 'a response comes from a member that was asked');
    this.#become({ at: 'answering', upstreams: [winner], close });
    for (const other of upstreams) if (other !== winner) other.discard();
  }

  /** True: the body's bytes are needed until the client has taken them. */
  #relay(upstream: Upstream, head: string, body: Buffer, done: boolean): boolean {
    const state = this.#state;
    assert(state.at === 'answering', 'a response is relayed once it has begun');
    const flow = this.#client.write(head, body);
    if (done) {
      this.#become(OVER);
      this.#client.finished({ close: state.close });
    } else if (flow === 'full') {
      upstream.socket.pause();
    }
    return flow !== 'gone';
  }

  /** Part of the response has gone to the client: it must see that the rest is missing. */
  #breakOff(): void {
    this.#context.counters.failed += 1;
    this.#end();
    this.#client.abort();
  }

  get #upstreams(): readonly Upstream[] {
    return upstreamsOf(this.#state);
  }

  #waitsOnlyOn(upstream: Upstream): boolean {
    const { at } = this.#state;
    return at === 'racing' && this.#upstreams.length === 1 && this.#upstreams[0] === upstream;
  }

  #drop(upstream: Upstream): void {
    this.#remove(upstream);
    upstream.discard();
  }

  #remove(upstream: Upstream): void {
    assert(this.#upstreams.includes(upstream), 'a connection that is lost had the request');
    const upstreams = this.#upstreams.filter((other) => other !== upstream);
    this.#become(upstreams.length === 0 ? CHOOSING : { at: 'racing', upstreams });
  }

  #end(): void {
    const upstreams = this.#upstreams;
    if (this.#state.at === 'held') this.#context.hold.remove(this);
    this.#become(OVER);
    for (const upstream of upstreams) upstream.discard();
  }

  #become(state: ExchangeState): void {
    assert(this.#state.at !== 'over', 'what is over stays over');
    this.#state = state;
  }

  #memberOf(upstream: Upstream): Member {
    const member = this.#context.members.get(upstream.home.target.member);
    assert(member !== undefined, 'a connection belongs to a known member');
    return member;
  }
}
