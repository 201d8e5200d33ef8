import { scannerOf } from '../../../../src/drivers/http1/framing.ts';
import type { RequestHead } from '../../../../src/drivers/http1/request-head.ts';
import { RequestReader } from '../../../../src/drivers/traffic/proxy/request-reader.ts';

export type ReadRequest = { readonly head: RequestHead; readonly body: Buffer };

export type Reading = {
  readonly requests: readonly ReadRequest[];
  /** Status of the refusal; null: all that came was fine so far. */
  readonly refused: number | null;
  /** A request asked for the end of the connection. */
  readonly closed: boolean;
};

/** What the proxy's reader makes of the bytes when they arrive in these pieces. */
export function readAll(pieces: readonly Buffer[]): Reading {
  const reader = new RequestReader();
  const requests: ReadRequest[] = [];
  let head: RequestHead | null = null;
  let body: Buffer[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      if (head === null) {
        const next = reader.takeHead();
        if (next === null) break;
        if (next.kind === 'fault') return { requests, refused: next.status, closed: false };
        head = next;
      }
      if (head.framing.kind !== 'none') {
        const next = reader.takeBody();
        if (next === null) break;
        if (next === 'malformed') return { requests, refused: 400, closed: false };
        body.push(next.data);
        if (!next.done) continue;
      }
      requests.push({ head, body: payloadOf(head, Buffer.concat(body)) });
      if (!head.persistent) return { requests, refused: null, closed: true };
      head = null;
      body = [];
    }
  }
  return { requests, refused: null, closed: false };
}

function payloadOf(head: RequestHead, framed: Buffer): Buffer {
  const payload: Buffer[] = [];
  scannerOf(head.framing).take(framed, 0, payload);
  return Buffer.concat(payload);
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** One piece for each byte. */
export function oneByOne(data: Buffer): readonly Buffer[] {
  return [...data].map((byte) => Buffer.from([byte]));
}
