import { connect, type Socket } from 'node:net';
import type { ProbeFault } from '../../core/reasons.ts';
import { dial, PLAIN_TRANSPORT } from '../member-transport.ts';
import { AnswerReader, type AnswerState } from './http-answer.ts';
import { socketFault } from './socket-fault.ts';
import type { ProbeTarget } from './spec.ts';

export type Reply =
  | { readonly ok: true; readonly status: number; readonly text: string }
  /** stale: the connection had been used before and nothing of an answer came, as when it was closed for idleness. */
  | {
      readonly ok: false;
      readonly fault: ProbeFault;
      readonly detail: string;
      readonly stale: boolean;
    };

/** Shared by all connections, since what is read is used up within the callback. */
const READ_BUFFER = Buffer.alloc(16 * 1024);

/** One connection for one request at a time. Ends for good with the first failure, or when it is closed while idle. */
export class HttpConnection {
  readonly #socket: Socket;
  #reader: AnswerReader | null = null;
  #onReply: ((reply: Reply) => void) | null = null;
  #uses = 0;
  #open = true;

  constructor(target: ProbeTarget) {
    this.#socket = this.#connect(target);
    this.#socket.on('error', (error) => this.#fail(socketFault(error)));
    this.#socket.on('end', () => this.#takeEnd());
    this.#socket.on('close', () => this.#takeEnd());
  }

  #connect({ host, port, transport = PLAIN_TRANSPORT }: ProbeTarget): Socket {
    if (transport.tls !== null || transport.sendHeader) {
      return dial({ host, port }, transport).on('data', (data: Buffer) => this.#take(data));
    }
    const onread = {
      buffer: READ_BUFFER,
      callback: (bytes: number) => this.#take(READ_BUFFER.subarray(0, bytes)),
    };
    return connect({ host, port, onread, noDelay: true });
  }

  /** Whether it can take a request. */
  get usable(): boolean {
    return this.#open && this.#onReply === null;
  }

  /** The reply always comes, after destroy() too. The caller limits the time by destroy(). */
  ask(request: string, onReply: (reply: Reply) => void): void {
    this.#uses += 1;
    this.#reader = new AnswerReader();
    this.#onReply = onReply;
    this.#socket.ref();
    this.#socket.write(request, 'latin1');
  }

  /** An in-flight request fails with `closed`. */
  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #take(data: Buffer): boolean {
    if (this.#reader === null) {
      // Nothing was asked: the server says farewell, as some do on an idle connection.
      this.destroy();
      return false;
    }
    this.#judge(this.#reader.take(data));
    return true;
  }

  #takeEnd(): void {
    const state = this.#reader?.end();
    if (state === undefined) this.destroy();
    else if (state.kind !== 'partial') this.#judge(state);
    else this.#fail({ fault: 'closed', detail: 'the connection ended before the answer did' });
  }

  #judge(state: AnswerState): void {
    if (state.kind === 'partial') return;
    if (state.kind === 'malformed') {
      this.#fail({ fault: 'badAnswer', detail: 'the answer is no well-formed HTTP/1.1' });
      return;
    }
    if (!state.reusable) this.destroy();
    // An idle connection must not keep the process alive.
    this.#socket.unref();
    this.#reply({ ok: true, status: state.head.status, text: state.head.statusText });
  }

  #fail(fault: { readonly fault: ProbeFault; readonly detail: string }): void {
    const lost = fault.fault === 'closed' || fault.fault === 'reset';
    const stale = this.#open && lost && this.#uses > 1 && this.#reader?.begun === false;
    this.destroy();
    this.#reply({ ok: false, fault: fault.fault, detail: fault.detail, stale });
  }

  #reply(reply: Reply): void {
    const onReply = this.#onReply;
    this.#onReply = null;
    this.#reader = null;
    onReply?.(reply);
  }
}
