import type { HoldLimits } from '../contract.ts';
import { isIdempotent, isSafe, type RequestHead } from '../../http1/request-head.ts';
import { requestHeadFor, type Peer } from './forward.ts';
import { RetryBuffer } from './retry-buffer.ts';
import type { Loss } from './retry-policy.ts';
import type { Upstream, UpstreamFault } from './upstream.ts';

// One request as it is sent to members, and the facts that decide whether it may be sent (again).

/** A request that cannot be retried only takes a connection that was in use this recently. */
const SURE_WITHIN_MS = 1000;

export class Attempts {
  readonly head: RequestHead;
  readonly body: RetryBuffer;
  readonly #limits: HoldLimits;
  /** All of the request's body has come. */
  bodyDone: boolean;
  #sends = 0;
  #retriedStale = false;

  constructor(head: RequestHead, limits: HoldLimits) {
    this.head = head;
    this.#limits = limits;
    this.bodyDone = head.framing.kind === 'none';
    this.body = new RetryBuffer(limits.replayBytes);
  }

  /** As far as the head tells: a body without a length may still outgrow the buffer. */
  get isRepeatable(): boolean {
    const { attempts, replayBytes } = this.#limits;
    const { framing } = this.head;
    if (attempts < 2 || !isIdempotent(this.head)) return false;
    return framing.kind !== 'length' || framing.bytes <= replayBytes;
  }

  get maySendAgain(): boolean {
    return this.body.whole && this.#sends < this.#limits.attempts;
  }

  get isIdempotent(): boolean {
    return isIdempotent(this.head);
  }

  /** It may wait on two members at once. */
  get mayRace(): boolean {
    return isSafe(this.head) && this.bodyDone;
  }

  /** How long a connection may have been idle before it takes this request. */
  get maxIdleMs(): number {
    return isIdempotent(this.head) ? Number.POSITIVE_INFINITY : SURE_WITHIN_MS;
  }

  /** Writes the head and what has come of the body. False: the connection takes no more for now. */
  writeTo(upstream: Upstream, peer: Peer): boolean {
    const { head, body } = this;
    const { host, port } = upstream.home.target;
    const text = requestHeadFor(head, peer, `${host}:${port}`);
    this.#sends += 1;
    upstream.begin(head.method);
    upstream.requestDone = this.bodyDone;
    upstream.unframe = !head.modern;
    const { socket } = upstream;
    if (body.bytes === 0) return socket.write(text, 'latin1');
    socket.cork();
    socket.write(text, 'latin1');
    for (const piece of body.pieces) socket.write(piece);
    const isFlowing = !socket.writableNeedDrain;
    socket.uncork();
    body.trim();
    return isFlowing;
  }

  /** The attempt does not count: the proxy itself ended it. */
  notCounted(): void {
    this.#sends -= 1;
  }

  /** Nor does one on a connection that the member had just closed; the next time it is a crash. */
  wasStale(): void {
    this.#retriedStale = true;
    this.#sends -= 1;
  }

  lossOf(upstream: Upstream, fault: UpstreamFault, isProvedDead: boolean): Loss {
    // A dead member's connection was not merely idle for too long, nor was one on which a response began.
    const mayBeStale = upstream.reused && upstream.headAt === null && !isProvedDead;
    return {
      fault,
      sent: upstream.sent,
      idledMs: mayBeStale ? upstream.idledMs : null,
      idempotent: isIdempotent(this.head),
      whole: this.body.whole,
      attemptsLeft: this.#limits.attempts - this.#sends,
      staleBefore: this.#retriedStale,
    };
  }
}
