import { MALFORMED, scannerOf, type BodyScanner } from '../http1/framing.ts';
import { readResponseHead, type ResponseHead } from '../http1/response-head.ts';

// Reads one answer to its end, as strictly as the proxy does: a member whose answers the proxy would refuse
// is not healthy, whatever its status says.

export type AnswerState =
  | { readonly kind: 'partial' }
  | { readonly kind: 'malformed' }
  /** reusable: the connection may take another request. */
  | { readonly kind: 'judged'; readonly head: ResponseHead; readonly reusable: boolean };

const PARTIAL: AnswerState = { kind: 'partial' };
const MALFORMED_ANSWER: AnswerState = { kind: 'malformed' };

const HEAD_LIMIT_BYTES = 16 * 1024;
/** A longer body is not waited for: the head has told all there is to judge. */
const BODY_LIMIT_BYTES = 64 * 1024;
const HEAD_START = 'HTTP/1.';
const HEAD_END = '\r\n\r\n';

export class AnswerReader {
  #text = '';
  #head: ResponseHead | null = null;
  #scanner: BodyScanner = scannerOf({ kind: 'none' });
  #bodyBytes = 0;

  /** Whether anything has arrived at all. */
  get begun(): boolean {
    return this.#text !== '';
  }

  /** data: copied or counted, never kept. */
  take(data: Buffer): AnswerState {
    if (this.#head !== null) return this.#takeBody(this.#head, data, 0);
    const before = this.#text.length;
    this.#text += data.toString('latin1');
    return this.#takeHead(data, before);
  }

  /** The other side ended the connection. */
  end(): AnswerState {
    const untilClose = this.#head?.framing.kind === 'untilClose';
    return this.#head !== null && untilClose ? judged(this.#head, false) : PARTIAL;
  }

  #takeHead(data: Buffer, before: number): AnswerState {
    for (let from = 0; ;) {
      const at = this.#text.indexOf(HEAD_END, from);
      if (at < 0) return this.#mayStillBeHead(from) ? PARTIAL : MALFORMED_ANSWER;
      const end = at + HEAD_END.length;
      const head = readResponseHead(this.#text.slice(from, end), 'GET');
      if (head === null) return MALFORMED_ANSWER;
      if (head.status >= 200 || head.status === 101) {
        this.#head = head;
        this.#scanner = scannerOf(head.framing);
        return this.#takeBody(head, data, end - before);
      }
      // An interim answer, such as 103: the final one follows.
      from = end;
    }
  }

  #mayStillBeHead(from: number): boolean {
    const begin = this.#text.slice(from, from + HEAD_START.length);
    return HEAD_START.startsWith(begin) && this.#text.length <= HEAD_LIMIT_BYTES;
  }

  #takeBody(head: ResponseHead, data: Buffer, start: number): AnswerState {
    const end = this.#scanner.take(data, start);
    if (end === MALFORMED) return MALFORMED_ANSWER;
    this.#bodyBytes += end - start;
    // Bytes beyond the end were not asked for, so what they belong to is anyone's guess.
    if (this.#scanner.done) return judged(head, head.persistent && end === data.length);
    return this.#bodyBytes > BODY_LIMIT_BYTES ? judged(head, false) : PARTIAL;
  }
}

function judged(head: ResponseHead, reusable: boolean): AnswerState {
  return { kind: 'judged', head, reusable: reusable && head.status !== 101 };
}
