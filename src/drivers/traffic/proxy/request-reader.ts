import { MALFORMED, scannerOf, type BodyScanner } from '../../http1/framing.ts';
import {
  MAX_HEAD_BYTES,
  readRequestHead,
  type RequestFault,
  type RequestHead,
} from '../../http1/request-head.ts';

// Finds where each request begins and ends in what a client sends, however the network splits it. It is asked for
// the next head or the next piece of the body in turn and keeps what is not yet its turn; it knows no sockets.

const HEAD_END = Buffer.from('\r\n\r\n');
const LF = 0x0a;
const CR = 0x0d;
const [A, Z] = [0x41, 0x5a];
/** Some clients send an empty line after a body. */
const MAX_BLANK_BYTES = 4;

type BodyPiece = { readonly data: Buffer; readonly done: boolean };

export class RequestReader {
  #unread: Buffer | null = null;
  #body: BodyScanner | null = null;

  get unreadBytes(): number {
    return this.#unread === null ? 0 : this.#unread.length;
  }

  push(data: Buffer): void {
    this.#unread = this.#unread === null ? data : Buffer.concat([this.#unread, data]);
  }

  /** Everything that was pushed and not taken. */
  takeRest(): Buffer | null {
    const rest = this.#unread;
    this.#unread = null;
    return rest;
  }

  /** null: more has to come. After a fault nothing that follows means anything. */
  takeHead(): RequestHead | RequestFault | null {
    const data = this.#unread;
    if (data === null) return null;
    const from = blankBytes(data);
    const at = data.indexOf(HEAD_END, from);
    const end = at + HEAD_END.length;
    if (at < 0) return faultOfPartial(data, from);
    if (end - from > MAX_HEAD_BYTES) return tooLarge(data, from);
    this.#keep(data, end);
    const head = readRequestHead(data.toString('latin1', from, end));
    if (head.kind === 'head') this.#body = scannerOf(head.framing);
    return head;
  }

  /** Framing included, as it is passed on. null: more has to come, or there is no body. */
  takeBody(): BodyPiece | 'malformed' | null {
    const data = this.#unread;
    const body = this.#body;
    if (data === null || body === null || body.done) return null;
    const end = body.take(data, 0);
    if (end === MALFORMED) return 'malformed';
    this.#keep(data, end);
    return { data: end === data.length ? data : data.subarray(0, end), done: body.done };
  }

  #keep(data: Buffer, from: number): void {
    this.#unread = from === data.length ? null : data.subarray(from);
  }
}

function blankBytes(data: Buffer): number {
  let at = 0;
  while (at < MAX_BLANK_BYTES && data[at] === CR && data[at + 1] === LF) at += 2;
  return at;
}

/** Refuses at once what would otherwise wait for the end of a head that cannot come. */
function faultOfPartial(data: Buffer, from: number): RequestFault | null {
  if (data.length - from > MAX_HEAD_BYTES) return tooLarge(data, from);
  const first = data[from];
  if (first !== undefined && first !== CR && (first < A || first > Z)) {
    return { kind: 'fault', status: 400 };
  }
  for (let at = data.indexOf(LF, from); at >= 0; at = data.indexOf(LF, at + 1)) {
    if (at === from || data[at - 1] !== CR) return { kind: 'fault', status: 400 };
  }
  return null;
}

function tooLarge(data: Buffer, from: number): RequestFault {
  const line = data.indexOf(LF, from);
  return { kind: 'fault', status: line < 0 || line - from > MAX_HEAD_BYTES ? 414 : 431 };
}
