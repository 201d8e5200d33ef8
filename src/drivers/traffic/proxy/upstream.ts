import type { Socket } from 'node:net';
import { monotonicMs } from '../../../clock.ts';
import { assert } from '../../../core/assert.ts';
import type { ProbeFault } from '../../../core/reasons.ts';
import { dial, readyEventOf } from '../../member-transport.ts';
import type { MemberTransport, Target } from '../contract.ts';
import type { Writer } from './write-batch.ts';
import { MALFORMED, scannerOf, type BodyScanner } from '../../http1/framing.ts';
import { ReadBuffer } from './read-buffer.ts';
import {
  MAX_RESPONSE_HEAD_BYTES,
  readResponseHead,
  type ResponseHead,
} from '../../http1/response-head.ts';

// One connection to a member. It serves one request at a time and frames the answers, because only framing
// tells a finished answer from one cut short: the kernel closes a killed process's sockets politely, so an
// end of the stream before the end of the answer is how a crash looks from here.
// Every answer of every client passes here: its bytes are read into memory that is used again, scanned where they lie
// and written from there. No buffer, copy, timer or closure is made for a piece of a body (read-buffer.ts says why).
// Longer than most files, as sending, framing and letting go of one connection share its state at every step.

/** 'cut': ended by this proxy, 'shortage': this host has no room for a connection; neither says anything about the member. */
export type UpstreamFault = ProbeFault | 'cut' | 'shortage';

/** The request that a connection serves. After completed or failed it hears no more of the connection. */
export interface UpstreamUser {
  connected(upstream: Upstream): void;
  informed(upstream: Upstream, head: ResponseHead): void;
  /**
   * The final head, with whatever of the body came along; `done` if that was all. True: `body` is needed on; else its
   * memory is used again as soon as this returns.
   */
  answered(upstream: Upstream, head: ResponseHead, body: Buffer, done: boolean): boolean;
  /** As `answered`. */
  received(upstream: Upstream, body: Buffer, done: boolean): boolean;
  failed(upstream: Upstream, fault: UpstreamFault): void;
  drained(upstream: Upstream): void;
  /** The member is suspect and the answer is late. */
  hedge(upstream: Upstream): void;
  /** The route no longer names the member. */
  reroute(upstream: Upstream): void;
  /** Before its turn to be opened came, another connection became free. */
  moved(from: Upstream, to: Upstream): void;
}

/** The member that a connection belongs to. */
export interface UpstreamHome {
  readonly target: Target;
  readonly transport: MemberTransport;
  mayForward(): boolean;
  /** The member took the connection. */
  opened(upstream: Upstream): void;
  /** The answer to its request begins. */
  answered(upstream: Upstream, status: number): void;
  /** The connection can serve another request. */
  freed(upstream: Upstream): void;
  /** fault null: it serves something else from now on. */
  ended(upstream: Upstream, fault: UpstreamFault | null): void;
}

const NO_BYTES = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
/** A connection is not kept idle for longer, as its member may just then close it. */
const KEEP_IDLE_MS = 4000;
/** Taken from the time for which a member says that it keeps a connection. */
const KEEP_MARGIN_MS = 1000;

export class Upstream implements Writer {
  readonly home: UpstreamHome;
  user: UpstreamUser | null;
  /** When its request began to wait: when it was sent, or first, when the connection was begun. */
  waitingSince = monotonicMs();
  ready = false;
  /** The present request was written to it. */
  sent = false;
  answering = false;
  /** When the head of the answer to the present request came; null: not yet. */
  headAt: number | null = null;
  /** The whole request was written; else the connection cannot serve another one. */
  requestDone = false;
  /** The client knows no chunks: bodies are handed on without their framing. */
  unframe = false;
  reused = false;
  /** How long it had been idle before the present request. */
  idledMs = 0;
  idleSince = 0;
  keepIdleMs = KEEP_IDLE_MS;
  readonly #buffer = new ReadBuffer();
  #socket: Socket | null = null;
  #method = 'GET';
  #partial: Buffer | null = null;
  /** It came without any of the body that it promises. */
  #headAlone: ResponseHead | null = null;
  #body: BodyScanner | null = null;
  #persistent = true;
  #untilClose = false;
  #closed = false;
  #released = false;

  constructor(home: UpstreamHome, user: UpstreamUser) {
    this.home = home;
    this.user = user;
  }

  /** Begins the connection. */
  open(): void {
    const { target, transport } = this.home;
    this.waitingSince = monotonicMs();
    const onread = { buffer: this.#buffer.memory, callback: this.#onRead };
    this.#socket = dial(target, transport, null, onread)
      .on(readyEventOf(transport), this.#onReady)
      .on('data', this.#onData)
      .on('drain', this.#onDrain)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose);
  }

  /** Of a connection that was begun. */
  get socket(): Socket {
    assert(this.#socket !== null, 'a connection is used after it was begun');
    return this.#socket;
  }

  get begun(): boolean {
    return this.#socket !== null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Takes the next request on an idle connection. */
  assign(user: UpstreamUser, nowMs: number): void {
    this.user = user;
    this.reused = true;
    this.idledMs = nowMs - this.idleSince;
    this.waitingSince = nowMs;
    this.sent = false;
    this.answering = false;
    this.headAt = null;
    this.requestDone = false;
  }

  /** The request's head has been written: an answer may come. */
  begin(method: string): void {
    this.#method = method;
    this.sent = true;
    this.waitingSince = monotonicMs();
  }

  writeNow(): void {
    // Since this write was scheduled, its request may have ended and another one may have taken the connection.
    if (!this.#closed && !this.sent) this.user?.connected(this);
  }

  /** Hands a head on whose body has not come. */
  passHead(): void {
    const { user } = this;
    const head = this.#headAlone;
    if (head === null || user === null) return;
    this.#headAlone = null;
    this.#answer(head, NO_BYTES, 0, user);
  }

  /** Ends the connection; its user hears `fault`. */
  fail(fault: UpstreamFault): void {
    this.#end(fault);
  }

  /** Ends the connection; its user hears nothing. */
  discard(): void {
    this.user = null;
    this.#end('cut');
  }

  /** Gives the socket away: no more framing, no more reports. */
  release(): Socket {
    this.user = null;
    this.#closed = true;
    this.socket
      .off('data', this.#onData)
      .off('drain', this.#onDrain)
      .off('end', this.#onEnd)
      .off('error', this.#onError)
      .off('close', this.#onClose);
    this.home.ended(this, null);
    this.#released = true;
    return this.socket;
  }

  readonly #onReady = (): void => {
    this.ready = true;
    this.home.opened(this);
    this.user?.connected(this);
  };

  readonly #onDrain = (): void => this.user?.drained(this);

  readonly #onError = (error: NodeJS.ErrnoException): void => this.#end(faultOf(error, this.ready));

  readonly #onClose = (): void => this.#end('reset');

  /** Of a plain connection: `data` lies in memory that is read into again. */
  readonly #onRead = (bytes: number, memory: Uint8Array): boolean => {
    const data = Buffer.from(memory.buffer, memory.byteOffset, bytes);
    // The socket was given away: its new owner reads it as any other.
    if (this.#released) return this.socket.push(Buffer.from(data));
    this.#onData(data);
    return true;
  };

  readonly #onData = (data: Buffer): void => {
    if (!this.home.mayForward()) {
      this.#end('cut');
      return;
    }
    if (this.user === null || !this.sent) {
      // Nothing was asked, so this is no answer to anything.
      this.#end('badAnswer');
    } else if (this.#body !== null) {
      this.#takeBody(data, this.#body);
    } else if (this.#headAlone !== null) {
      const head = this.#headAlone;
      this.#headAlone = null;
      this.#answer(head, data, 0, this.user);
    } else {
      this.#takeHead(this.#partial === null ? data : Buffer.concat([this.#partial, data]));
    }
  };

  #takeHead(data: Buffer): void {
    let from = 0;
    for (;;) {
      const at = data.indexOf(HEAD_END, from);
      if (at < 0) {
        if (data.length - from > MAX_RESPONSE_HEAD_BYTES) this.#end('badAnswer');
        else this.#partial = from === data.length ? null : Buffer.from(data.subarray(from));
        return;
      }
      const end = at + HEAD_END.length;
      const head = readResponseHead(data.toString('latin1', from, end), this.#method);
      const { user } = this;
      if (head === null || user === null) {
        this.#end('badAnswer');
        return;
      }
      from = end;
      if (head.status < 200 && head.status !== 101) {
        user.informed(this, head);
        continue;
      }
      this.#partial = null;
      this.headAt = monotonicMs();
      if (from === data.length && hasBody(head)) this.#headAlone = head;
      else this.#answer(head, data, from, user);
      return;
    }
  }

  #answer(head: ResponseHead, data: Buffer, from: number, user: UpstreamUser): void {
    this.answering = true;
    this.home.answered(this, head.status);
    this.#persistent = head.persistent;
    this.#untilClose = head.framing.kind === 'untilClose';
    if (head.keepAliveMs !== null) {
      this.keepIdleMs = Math.max(0, Math.min(KEEP_IDLE_MS, head.keepAliveMs - KEEP_MARGIN_MS));
    }
    if (head.status === 101) {
      this.#settle(user.answered(this, head, data.subarray(from), true));
      return;
    }
    const body = scannerOf(head.framing);
    this.#body = body;
    const bytes = this.#scan(body, data, from);
    if (bytes === null) {
      this.#end('badAnswer');
      return;
    }
    const { done } = body;
    if (done) this.#complete();
    this.#settle(user.answered(this, head, bytes, done));
  }

  #settle(needed: boolean): void {
    if (needed) this.#buffer.keep();
  }

  /** What of the data belongs to the body; null where it is malformed. */
  #scan(body: BodyScanner, data: Buffer, from: number): Buffer | null {
    const payload: Buffer[] | undefined = this.unframe ? [] : undefined;
    const end = body.take(data, from, payload);
    if (end === MALFORMED) return null;
    // More than was asked for: the connection cannot be trusted with another request.
    if (end < data.length) this.#persistent = false;
    if (payload !== undefined) return Buffer.concat(payload);
    return end === from ? NO_BYTES : data.subarray(from, end);
  }

  #takeBody(data: Buffer, body: BodyScanner): void {
    const { user } = this;
    const bytes = this.#scan(body, data, 0);
    if (bytes === null || user === null) {
      this.#end('badAnswer');
      return;
    }
    const { done } = body;
    if (done) this.#complete();
    this.#settle(user.received(this, bytes, done));
  }

  /** The connection is free before its user hears of the end, so that the user's next request can have it. */
  #complete(): void {
    const reusable = this.#persistent && this.requestDone && !this.#closed;
    this.user = null;
    this.#body = null;
    this.sent = false;
    this.answering = false;
    if (reusable) this.home.freed(this);
    else this.#end('cut');
  }

  readonly #onEnd = (): void => {
    if (this.#headAlone?.framing.kind === 'untilClose') this.passHead();
    const { user } = this;
    if (this.#untilClose && this.#body !== null && user !== null) {
      this.#persistent = false;
      this.#complete();
      user.received(this, NO_BYTES, true);
    } else {
      this.#end('closed');
    }
  };

  #end(fault: UpstreamFault): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.destroy();
    const { user } = this;
    this.user = null;
    this.home.ended(this, fault);
    user?.failed(this, fault);
  }
}

/** More than the head is to come. */
function hasBody({ status, framing }: ResponseHead): boolean {
  if (status === 101 || framing.kind === 'none') return false;
  return framing.kind !== 'length' || framing.bytes > 0;
}

/** Of this host, which has run out of them: descriptors, ports, buffers. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM']);

export function faultOf(error: NodeJS.ErrnoException, connected: boolean): ProbeFault | 'shortage' {
  const { code } = error;
  if (!connected && code !== undefined && SHORTAGES.has(code)) return 'shortage';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
  if (code === 'ETIMEDOUT') return 'timeout';
  return connected ? 'reset' : 'unreachable';
}
