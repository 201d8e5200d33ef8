import type { Socket } from 'node:net';
import { unreachable } from '../../../core/assert.ts';
import type { Context } from './context.ts';
import type { Writer } from './write-batch.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeClient, Flow } from './exchange-client.ts';
import type { Arrival } from './connection-setup.ts';
import { ownResponse } from './forward.ts';
import type { Member, Occupant } from './member.ts';
import { isFull, relay, reset } from './relay.ts';
import type { RequestHead } from '../../http1/request-head.ts';
import { RequestReader } from './request-reader.ts';
import type { Upstream } from './upstream.ts';

// A client's connection: reads its requests and has one exchange at a time. Requests sent
// ahead of their turn (pipelining) wait in the connection, which is read no further once they fill READ_AHEAD_BYTES.
// A client that closes its side while its request is unanswered may be gone or may only have finished speaking,
// which TCP cannot tell apart: it gets a short while for its answer, then its request is dropped.

const READ_AHEAD_BYTES = 64 * 1024;

/** How often `sweep` is called. */
export const SWEEP_MS = 1000;
/** How long a connection may stand still in states of the proxy's own, in sweeps. */
const LIMITS = { closing: 5, halfClosed: 1 } as const;
/** How much of a refused request is read, so that the client can see the answer before a reset. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

/** Up to here a body is copied behind its head for one plain write, which costs less than a write of two pieces. */
const COPIED_BYTES = 4096;

type State = 'head' | 'body' | 'answer' | 'closing' | 'tunnel' | 'closed';

export class ClientConnection implements ExchangeClient, Writer {
  readonly address: string;
  readonly secure: boolean;
  readonly #context: Context;
  readonly #socket: Socket;
  readonly #onClose: () => void;
  #state: State = 'head';
  readonly #reader = new RequestReader();
  #exchange: Exchange | null = null;
  #head: RequestHead | null = null;
  #advancing = false;
  #ended = false;
  #retiring = false;
  #discarded = 0;
  #sweeps = 0;

  constructor(context: Context, { socket, secure, claim }: Arrival, onClose: () => void) {
    this.#context = context;
    this.#socket = socket;
    this.#onClose = onClose;
    this.secure = secure;
    this.address = typeof claim === 'object' ? claim.source.address : addressOf(socket);
    socket.on('data', (data: Buffer) => this.#onData(data));
    socket.on('drain', () => {
      this.#sweeps = 0;
      this.#exchange?.writable();
    });
    socket.on('end', () => this.#onEnd());
    // The close that follows every error does what has to be done.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClosed());
  }

  /** Called at intervals: ends what has not moved for too long. */
  sweep(): void {
    this.#sweeps += 1;
    if (this.#sweeps <= this.#limit()) return;
    if (this.#state === 'head' && this.#reader.unreadBytes > 0) this.#reject(408);
    else this.#socket.destroy();
  }

  /** No further request; at once where there is none. */
  retire(): void {
    this.#retiring = true;
    if (this.#state === 'head' && this.#reader.unreadBytes === 0) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  write(head: string, body: Buffer): Flow {
    const socket = this.#socket;
    this.#context.counters.bytesOut += head.length + body.length;
    if (head.length === 0) {
      if (body.length > 0) socket.write(body);
    } else if (body.length === 0) {
      socket.write(head, 'latin1');
    } else if (body.length <= COPIED_BYTES) {
      socket.cork();
      socket.write(joined(head, body));
      this.#context.writeBatch.add(this);
      return isFull(socket) ? 'full' : 'gone';
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    if (socket.writableLength === 0) return 'gone';
    return isFull(socket) ? 'full' : 'waiting';
  }

  writeNow(): void {
    this.#socket.uncork();
  }

  pauseRequest(): void {
    if (this.#state === 'body') this.#socket.pause();
  }

  resumeRequest(): void {
    // In its last piece the body may have been paused and finished at once.
    if (this.#state === 'body' || this.#state === 'answer') this.#socket.resume();
  }

  finished(options: { readonly close: boolean }): void {
    this.#exchange = null;
    if (options.close || this.#retiring || this.#state === 'body') {
      this.#closeAfterWrite();
      return;
    }
    this.#state = 'head';
    this.#sweeps = 0;
    this.#advance();
  }

  answer(status: 502 | 503 | 504): void {
    const close = this.#state === 'body' || this.#retiring || this.#head?.persistent !== true;
    this.#say(ownResponse(status, { close, head: this.#head?.method === 'HEAD' }));
    this.finished({ close });
  }

  abort(): void {
    this.#exchange = null;
    reset(this.#socket);
  }

  tunnel(upstream: Upstream, member: Member, early: Buffer): void {
    const { counters, router } = this.#context;
    this.#state = 'tunnel';
    this.#exchange = null;
    const socket = upstream.release();
    const client = this.#socket;
    client.removeAllListeners('data').removeAllListeners('end').removeAllListeners('drain');
    if (early.length > 0) this.write('', early);
    const sentEarly = this.#reader.takeRest();
    if (sentEarly !== null) socket.write(sentEarly);
    const ends = relay({
      client,
      member: socket,
      mayForward: () => router.mayForward(),
      onBytes: (direction, bytes) => {
        if (direction === 'in') counters.bytesIn += bytes;
        else counters.bytesOut += bytes;
      },
      onEnd: () => member.leave(occupant),
    });
    const occupant: Occupant = ends;
    member.enter(occupant);
    if (this.#ended) socket.end();
  }

  #onData(data: Buffer): void {
    // The time for a head counts from its first byte.
    if (this.#state !== 'head' || this.#reader.unreadBytes === 0) this.#sweeps = 0;
    this.#context.counters.bytesIn += data.length;
    if (this.#state === 'closing') {
      this.#discarded += data.length;
      if (this.#discarded > MAX_DISCARDED_BYTES) this.#socket.destroy();
      return;
    }
    this.#reader.push(data);
    this.#advance();
  }

  #advance(): void {
    // An exchange may end while it is begun; the loop below then continues by itself.
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#step());
    this.#advancing = false;
    if (this.#state === 'head' && this.#ended) this.#closeAfterWrite();
  }

  /** True: there may be more to do. */
  #step(): boolean {
    if (this.#state === 'head') return this.#takeHead();
    if (this.#state === 'body') return this.#takeBody();
    if (this.#state === 'answer' && this.#reader.unreadBytes >= READ_AHEAD_BYTES) {
      this.#socket.pause();
    }
    return false;
  }

  #takeHead(): boolean {
    if (this.#socket.isPaused()) this.#socket.resume();
    const head = this.#reader.takeHead();
    if (head === null) return false;
    if (head.kind === 'fault') {
      this.#reject(head.status);
      return false;
    }
    this.#head = head;
    this.#state = head.framing.kind === 'none' ? 'answer' : 'body';
    this.#context.counters.requests += 1;
    this.#exchange = new Exchange(this.#context, this, head);
    this.#exchange.dispatch();
    return true;
  }

  #takeBody(): boolean {
    const exchange = this.#exchange;
    const piece = exchange === null ? null : this.#reader.takeBody();
    if (exchange === null || piece === null) return false;
    if (piece === 'malformed') {
      exchange.cancel();
      this.#reject(400);
      return false;
    }
    if (piece.done) this.#state = 'answer';
    exchange.takeBody(piece.data, piece.done);
    return true;
  }

  #say(text: string): void {
    this.#context.counters.bytesOut += text.length;
    this.#socket.write(text, 'latin1');
  }

  #reject(status: number): void {
    this.#context.counters.rejected += 1;
    this.#exchange = null;
    this.#say(ownResponse(status, { close: true, head: false }));
    this.#closeAfterWrite();
  }

  #closeAfterWrite(): void {
    this.#state = 'closing';
    this.#reader.takeRest();
    this.#sweeps = 0;
    this.#socket.end();
    this.#socket.resume();
    if (this.#ended) this.#socket.destroySoon();
  }

  #onEnd(): void {
    this.#ended = true;
    this.#sweeps = 0;
    if (this.#state === 'body') this.#socket.destroy();
    else if (this.#state !== 'answer') this.#socket.destroySoon();
  }

  #onClosed(): void {
    if (this.#state !== 'tunnel') this.#state = 'closed';
    this.#exchange?.cancel();
    this.#exchange = null;
    this.#onClose();
  }

  #limit(): number {
    const { idleMs, headMs, stallMs } = this.#context.clients;
    switch (this.#state) {
      case 'head':
        return (this.#reader.unreadBytes === 0 ? idleMs : headMs) / SWEEP_MS;
      case 'body':
        return stallMs / SWEEP_MS;
      case 'answer':
        if (this.#ended) return LIMITS.halfClosed;
        return this.#socket.writableNeedDrain ? stallMs / SWEEP_MS : Number.POSITIVE_INFINITY;
      case 'closing':
        return LIMITS.closing;
      case 'tunnel':
      case 'closed':
        return Number.POSITIVE_INFINITY;
      default:
        return unreachable(this.#state);
    }
  }
}

/** IPv4 clients of a dual-stack socket are known by their IPv4 address. */
function addressOf(socket: Socket): string {
  const address = socket.remoteAddress ?? 'unknown';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function joined(head: string, body: Buffer): Buffer {
  const data = Buffer.allocUnsafe(head.length + body.length);
  data.write(head, 0, 'latin1');
  body.copy(data, head.length);
  return data;
}
