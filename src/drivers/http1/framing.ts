import { unreachable } from '../../core/assert.ts';
import { readFields } from './fields.ts';

// Where a message body ends (RFC 9112 §6–7). A scanner is fed the bytes as they come, split anywhere, and says
// how many of them belong to the body; the bytes themselves are passed on unchanged and never copied here.
// What a scanner keeps is bounded: one chunk-size line, one trailer section, and a count of extension bytes,
// as endless extensions or trailers are a way to make a proxy work for nothing.

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'untilClose' };

export interface BodyScanner {
  readonly done: boolean;
  /** End of the body's bytes in `data` from `start` on, or MALFORMED. `payload` collects the bytes without their framing. */
  take(data: Buffer, start: number, payload?: Buffer[]): number;
}

export const MALFORMED = -1;

const MAX_SIZE_LINE = 1024;
const MAX_EXTENSION_BYTES = 16 * 1024;
const MAX_TRAILER_BYTES = 8 * 1024;
const LF = 0x0a;
const CR = 0x0d;

export function scannerOf(framing: Framing): BodyScanner {
  switch (framing.kind) {
    case 'none':
      return NO_BODY;
    case 'length':
      return framing.bytes === 0 ? NO_BODY : new LengthScanner(framing.bytes);
    case 'chunked':
      return new ChunkedScanner();
    case 'untilClose':
      return UNTIL_CLOSE;
    default:
      return unreachable(framing);
  }
}

const NO_BODY: BodyScanner = { done: true, take: (_data, start) => start };

const UNTIL_CLOSE: BodyScanner = {
  done: false,
  take(data, start, payload) {
    payload?.push(data.subarray(start));
    return data.length;
  },
};

class LengthScanner implements BodyScanner {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(data: Buffer, start: number, payload?: Buffer[]): number {
    const end = Math.min(data.length, start + this.#left);
    this.#left -= end - start;
    if (end > start) payload?.push(data.subarray(start, end));
    return end;
  }
}

// chunk-size *( ";" name [ "=" ( token / quoted-string ) ] ), without the white space that old servers allowed.
const SIZE_LINE =
  /^([0-9A-Fa-f]{1,13})((?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"))?)*)\r\n$/;

/** Fields that would change the framing or the routing if a reader merged the trailers into the head. */
const FORBIDDEN_TRAILERS = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'connection',
  'trailer',
  'te',
  'upgrade',
  'expect',
  'authorization',
  'content-encoding',
  'content-type',
  'content-range',
]);

type ChunkState = 'size' | 'data' | 'dataEnd' | 'trailers' | 'done';

class ChunkedScanner implements BodyScanner {
  #state: ChunkState = 'size';
  #line = '';
  #trailers = '';
  #left = 0;
  #extensionBytes = 0;

  get done(): boolean {
    return this.#state === 'done';
  }

  take(data: Buffer, start: number, payload?: Buffer[]): number {
    let at = start;
    while (at < data.length && this.#state !== 'done') {
      if (this.#state === 'data') at = this.#takeData(data, at, payload);
      else if (this.#state === 'dataEnd') at = this.#takeDataEnd(data, at);
      else at = this.#takeLine(data, at);
      if (at === MALFORMED) return MALFORMED;
    }
    return at;
  }

  #takeData(data: Buffer, at: number, payload: Buffer[] | undefined): number {
    const end = Math.min(data.length, at + this.#left);
    this.#left -= end - at;
    payload?.push(data.subarray(at, end));
    if (this.#left === 0) {
      this.#state = 'dataEnd';
      this.#left = 2;
    }
    return end;
  }

  #takeDataEnd(data: Buffer, at: number): number {
    const expected = this.#left === 2 ? CR : LF;
    if (data[at] !== expected) return MALFORMED;
    this.#left -= 1;
    if (this.#left === 0) this.#state = 'size';
    return at + 1;
  }

  #takeLine(data: Buffer, at: number): number {
    const found = data.indexOf(LF, at);
    const end = found < 0 ? data.length : found + 1;
    const room = (this.#state === 'size' ? MAX_SIZE_LINE : MAX_TRAILER_BYTES) - this.#line.length;
    if (end - at > room) return MALFORMED;
    this.#line += data.toString('latin1', at, end);
    if (found < 0) return this.#mayStillMatch() ? end : MALFORMED;
    const line = this.#line;
    this.#line = '';
    const fine = this.#state === 'size' ? this.#endSizeLine(line) : this.#endTrailerLine(line);
    return fine ? end : MALFORMED;
  }

  /** Refuses garbage at once instead of waiting for a line end that may never come. */
  #mayStillMatch(): boolean {
    return this.#state !== 'size' || /^[0-9A-Fa-f]{1,13}(?:;.*|\r)?$/s.test(this.#line);
  }

  #endSizeLine(line: string): boolean {
    const match = SIZE_LINE.exec(line);
    if (match === null) return false;
    const [, size = '', extensions = ''] = match;
    this.#extensionBytes += extensions.length;
    if (this.#extensionBytes > MAX_EXTENSION_BYTES) return false;
    this.#left = Number.parseInt(size, 16);
    if (!Number.isSafeInteger(this.#left)) return false;
    this.#state = this.#left === 0 ? 'trailers' : 'data';
    return true;
  }

  #endTrailerLine(line: string): boolean {
    this.#trailers += line;
    if (this.#trailers.length > MAX_TRAILER_BYTES) return false;
    if (line !== '\r\n') return line.endsWith('\r\n');
    const fields = readFields(this.#trailers, 0);
    if (typeof fields === 'string') return false;
    this.#state = 'done';
    return fields.every((field) => !FORBIDDEN_TRAILERS.has(field.name));
  }
}
