import { assert, unreachable } from '../../../core/assert.ts';
import { monotonicMs } from '../../../clock.ts';
import type { ProbeFault } from '../../../core/reasons.ts';
import type { Context } from './context.ts';
import { requestHeadFor, responseHeadFor } from './forward.ts';
import type { Waiter } from './hold-queue.ts';
import { RetryBuffer } from './retry-buffer.ts';
import type { Member } from './member.ts';
import { isFull } from './relay.ts';
import { isIdempotent, isSafe, type RequestHead } from '../../http1/request-head.ts';
import { isStale, retryDecisionFor, type Loss } from './retry-policy.ts';
import type { ResponseHead } from '../../http1/response-head.ts';
import type { Upstream, UpstreamFault, UpstreamUser } from './upstream.ts';

// One request of a client, from its head to the end of its answer: held, sent, sent again, or sent to two
// members at once, whatever it takes to answer it, within these rules.
// - A request that was not written to any member can always go elsewhere. One that could not be repeated is not written
//   to a suspect while there is another way or a verdict is near.
// - One that was written may be sent again only if repeating it does no harm (isIdempotent), nothing of an answer
//   has reached the client, its body is still kept whole, and its attempts are not used up: a request that kills
//   whoever reads it must not kill the standby too.
// - A safe one may wait on two members; the first answer wins and the other connection is ended.
// - Everything else fails cleanly: 502 if the client has seen nothing, else an aborted connection, and counted.
// Longer than other files, as it is one life told in order: every method changes the same few fields.

/** The body's bytes have 'gone' where they are needed no more, are 'waiting' in use, or fill the room as well ('full'). */
export type Flow = 'gone' | 'waiting' | 'full';

const NO_BYTES = Buffer.alloc(0);

/** The client's connection. */
export interface ExchangeClient {
  readonly address: string;
  /** It speaks TLS with the proxy. */
  readonly secure: boolean;
  /** A head, more of a body, or both. After 'full' no more should come until `writable`. */
  write(head: string, body: Buffer): Flow;
  pauseRequest(): void;
  resumeRequest(): void;
  /** The answer is complete. */
  finished(options: { readonly close: boolean }): void;
  /** Answers in the proxy's own name. */
  answer(status: 502 | 503 | 504): void;
  /** The answer cannot be completed. */
  abort(): void;
  /** The member agreed to another protocol: bytes go to and fro from here on. */
  tunnel(upstream: Upstream, member: Member, early: Buffer): void;
}

/** A request that cannot be repeated only takes a connection that was in use this lately. */
const SURE_WITHIN_MS = 1000;

export class Exchange implements UpstreamUser, Waiter {
  readonly head: RequestHead;
  readonly #context: Context;
  readonly #client: ExchangeClient;
  readonly #body: RetryBuffer;
  #upstreams: Upstream[] = [];
  #winner: Upstream | null = null;
  #bodyDone: boolean;
  #sends = 0;
  #retriedStale = false;
  #continued = false;
  #held = false;
  #over = false;
  #close = false;
  heldSinceMs = 0;

  constructor(context: Context, client: ExchangeClient, head: RequestHead) {
    this.#context = context;
    this.#client = client;
    this.head = head;
    this.#bodyDone = head.framing.kind === 'none';
    this.#body = new RetryBuffer(context.limits.replayBytes);
  }

  get heldBytes(): number {
    return this.head.text.length + this.#body.bytes;
  }

  /** Chooses a member and sends, or holds. */
  dispatch(): void {
    this.#goTo(this.#chosen());
  }

  release(): void {
    this.#held = false;
    this.dispatch();
  }

  refuse(): void {
    this.#held = false;
    this.#context.counters.refused += 1;
    this.#end();
    this.#client.answer(503);
  }

  /** More of the request's body, framing included. */
  takeBody(data: Buffer, done: boolean): void {
    if (this.#over) return;
    this.#bodyDone = done;
    const onWire = this.#upstreams.some((upstream) => upstream.sent);
    if (data.length > 0) {
      const room = this.#body.add(data, onWire);
      if (this.#held && !this.#context.hold.grow(data.length)) {
        this.#context.hold.remove(this);
        this.refuse();
        return;
      }
      if (!room) this.#client.pauseRequest();
    }
    for (const upstream of this.#upstreams) {
      if (!upstream.sent) continue;
      upstream.requestDone = done;
      if (data.length === 0) continue;
      upstream.socket.write(data);
      if (isFull(upstream.socket)) this.#client.pauseRequest();
    }
  }

  /** The client is gone. */
  cancel(): void {
    if (this.#over) return;
    this.#end();
  }

  /** The client reads on. */
  writable(): void {
    this.#winner?.socket.resume();
  }

  /** Sends a request that waits on a suspect also to a fallback; one that was not written moves there, or is held. */
  hedge(waitsOn: Upstream): void {
    if (this.#winner !== null || this.#upstreams.length !== 1) return;
    const { router, counters } = this.#context;
    const suspect = waitsOn.home.target.member;
    const fallback = router.fallbackFor(suspect);
    if (!waitsOn.sent) {
      const target = fallback ?? this.#chosen();
      if (target === suspect) return;
      this.#drop(waitsOn);
      this.#goTo(target);
    } else if (fallback !== null && isSafe(this.head) && this.#bodyDone && this.#maySendAgain()) {
      counters.hedged += 1;
      this.#sendTo(fallback, false);
    }
  }

  /** The member it waits on is no longer the active one, nor trusted as a fallback. */
  reroute(waitsOn: Upstream): void {
    if (this.#winner !== null || this.#upstreams.length !== 1) return;
    const { router, counters } = this.#context;
    const target = router.target();
    if (target === null || target === waitsOn.home.target.member) return;
    if (waitsOn.sent) {
      if (!isIdempotent(this.head) || !this.#maySendAgain()) return;
      counters.replayed += 1;
    }
    // A safe request may go on waiting where it is too, in case the old member is only slow; another may not,
    // as it could then be carried out by both.
    const race = waitsOn.sent && isSafe(this.head) && this.#bodyDone;
    if (!race) this.#drop(waitsOn);
    this.#sendTo(target, false);
  }

  connected(upstream: Upstream): void {
    const { router } = this.#context;
    if (!router.mayForward()) {
      upstream.fail('cut');
      return;
    }
    const { host, port } = upstream.home.target;
    const head = requestHeadFor(this.head, this.#client, `${host}:${port}`);
    this.#sends += 1;
    upstream.begin(this.head.method);
    upstream.requestDone = this.#bodyDone;
    upstream.unframe = !this.head.modern;
    let flowing: boolean;
    if (this.#body.bytes === 0) {
      flowing = upstream.socket.write(head, 'latin1');
    } else {
      upstream.socket.cork();
      upstream.socket.write(head, 'latin1');
      for (const piece of this.#body.pieces) upstream.socket.write(piece);
      flowing = !upstream.socket.writableNeedDrain;
      upstream.socket.uncork();
      this.#body.trim();
    }
    if (flowing) this.#client.resumeRequest();
    else this.#client.pauseRequest();
  }

  moved(from: Upstream, to: Upstream): void {
    this.#upstreams = this.#upstreams.map((upstream) => (upstream === from ? to : upstream));
    this.connected(to);
  }

  informed(upstream: Upstream, head: ResponseHead): void {
    if (!this.head.modern || this.#winner !== null || upstream !== this.#upstreams[0]) return;
    if (head.status === 100 && this.#continued) return;
    this.#continued ||= head.status === 100;
    this.#client.write(responseHeadFor(head, { close: false, unchunk: false }), NO_BYTES);
  }

  answered(upstream: Upstream, head: ResponseHead, body: Buffer, done: boolean): boolean {
    const tunnel = head.status === 101;
    if (tunnel && !this.head.upgrade) {
      upstream.fail('badAnswer');
      return false;
    }
    const member = this.#memberOf(upstream);
    this.#win(upstream);
    const unchunk = !this.head.modern && head.framing.kind === 'chunked';
    const ends = unchunk || head.framing.kind === 'untilClose';
    this.#close = !tunnel && (ends || !this.head.persistent || !this.#bodyDone);
    const text = responseHeadFor(head, { close: this.#close, unchunk });
    if (!tunnel) return this.#relay(upstream, text, body, done);
    this.#over = true;
    this.#client.write(text, NO_BYTES);
    this.#client.tunnel(upstream, member, body);
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
    if (this.#over) return;
    this.#upstreams = this.#upstreams.filter((other) => other !== upstream);
    // What the proxy ended itself is no attempt of the member's.
    if (fault === 'cut' && upstream.sent) this.#sends -= 1;
    const loss = this.#lossOf(upstream, fault);
    const isMembers = fault !== 'cut' && fault !== 'shortage';
    if (isMembers && (upstream.answering || !isStale(loss))) this.#blame(upstream, fault);
    if (this.#winner === upstream) this.#breakOff();
    else if (fault === 'shortage') this.#refuseUnlessSent();
    else if (this.#upstreams.length === 0) this.#retryOrGiveUp(upstream, loss);
  }

  /** No other member could be reached either. */
  #refuseUnlessSent(): void {
    if (this.#upstreams.length === 0) this.refuse();
  }

  #lossOf(upstream: Upstream, fault: UpstreamFault): Loss {
    // Of the dead, no connection was merely idle for too long; nor was one on which an answer began.
    const mayBeStale =
      upstream.reused &&
      upstream.headAt === null &&
      !this.#context.router.isProvedDead(upstream.home.target.member);
    return {
      fault,
      sent: upstream.sent,
      idledMs: mayBeStale ? upstream.idledMs : null,
      idempotent: isIdempotent(this.head),
      whole: this.#body.whole,
      attemptsLeft: this.#context.limits.attempts - this.#sends,
      staleBefore: this.#retriedStale,
    };
  }

  #blame(upstream: Upstream, fault: ProbeFault): void {
    const { failures, router } = this.#context;
    const member = this.#memberOf(upstream);
    const connecting = fault === 'timeout' && !upstream.ready;
    // Others got in meanwhile: the member has more to accept than its queue holds.
    if (connecting && member.connects.hasAcceptedSince(upstream.waitingSince)) return;
    if (!upstream.answering) member.record.unanswered();
    // Silence and nonsense come from the living; but whom nobody can reach is as good as dead.
    const alive = fault === 'badAnswer' || (fault === 'timeout' && upstream.ready);
    if (!alive) {
      router.markDead(member.name);
      member.cutQueued();
    }
    failures.add(member.name, fault);
  }

  #retryOrGiveUp(upstream: Upstream, loss: Loss): void {
    const { counters, router } = this.#context;
    const { member } = upstream.home.target;
    const decision = retryDecisionFor(loss);
    switch (decision) {
      case 'dispatch':
        this.dispatch();
        return;
      case 'sameMember':
        this.#retriedStale = true;
        this.#sends -= 1;
        this.#sendTo(member, true);
        return;
      case 'replay': {
        counters.replayed += 1;
        // A member that is only silent is not dead, so that the route alone would choose it again.
        const other = loss.fault === 'timeout' ? router.fallbackFor(member) : null;
        if (other === null) this.dispatch();
        else this.#sendTo(other, false);
        return;
      }
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
    return this.#isRepeatable() ? router.target() : router.sureTarget();
  }

  /** As far as its head tells: a body without a length may yet outgrow what is kept. */
  #isRepeatable(): boolean {
    const { attempts, replayBytes } = this.#context.limits;
    const { framing } = this.head;
    if (attempts < 2 || !isIdempotent(this.head)) return false;
    return framing.kind !== 'length' || framing.bytes <= replayBytes;
  }

  #goTo(target: string | null): void {
    if (target === null) this.#hold();
    else this.#sendTo(target, false);
  }

  #maySendAgain(): boolean {
    return this.#body.whole && this.#sends < this.#context.limits.attempts;
  }

  #sendTo(name: string, fresh: boolean): void {
    const member = this.#context.members.get(name);
    assert(member !== undefined, 'a route names known members only');
    const maxIdleMs = isIdempotent(this.head) ? Number.POSITIVE_INFINITY : SURE_WITHIN_MS;
    const upstream = member.take(this, { fresh, maxIdleMs });
    this.#upstreams.push(upstream);
    this.#context.wake();
    if (upstream.ready) this.#context.writeBatch.add(upstream);
  }

  #hold(): void {
    const { counters, hold, wake } = this.#context;
    const first = this.heldSinceMs === 0;
    if (first) this.heldSinceMs = monotonicMs();
    this.#held = hold.admit(this);
    if (!this.#held) {
      this.refuse();
      return;
    }
    if (first) counters.heldTotal += 1;
    wake();
  }

  #win(upstream: Upstream): void {
    this.#winner = upstream;
    for (const other of this.#upstreams) {
      if (other !== upstream) other.discard();
    }
    this.#upstreams = [upstream];
  }

  /** True: the body's bytes are needed until the client has taken them. */
  #relay(upstream: Upstream, head: string, body: Buffer, done: boolean): boolean {
    const flow = this.#client.write(head, body);
    if (done) {
      this.#over = true;
      this.#upstreams = [];
      this.#winner = null;
      this.#client.finished({ close: this.#close });
    } else if (flow === 'full') {
      upstream.socket.pause();
    }
    return flow !== 'gone';
  }

  /** Part of the answer has gone to the client: it must see that the rest is missing. */
  #breakOff(): void {
    this.#context.counters.failed += 1;
    this.#end();
    this.#client.abort();
  }

  #drop(upstream: Upstream): void {
    this.#upstreams = this.#upstreams.filter((other) => other !== upstream);
    upstream.discard();
  }

  #end(): void {
    this.#over = true;
    if (this.#held) this.#context.hold.remove(this);
    this.#held = false;
    const upstreams = this.#upstreams;
    this.#upstreams = [];
    this.#winner = null;
    for (const upstream of upstreams) upstream.discard();
  }

  #memberOf(upstream: Upstream): Member {
    const member = this.#context.members.get(upstream.home.target.member);
    assert(member !== undefined, 'a connection belongs to a known member');
    return member;
  }
}
