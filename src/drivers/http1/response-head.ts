import { readConnection, readFields, readLength, type Field } from './fields.ts';
import type { Framing } from './framing.ts';

// The head of a member's answer, as strict as that of a request: an answer whose end is a matter of opinion
// could be taken for the answer to the next request on the connection, which may be another client's.

export type ResponseHead = {
  readonly status: number;
  /** From the status code on, without the line's end. */
  readonly statusText: string;
  readonly text: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  readonly connection: ReadonlySet<string>;
  /** The member will take another request on this connection. */
  readonly persistent: boolean;
  /** How long the member says that it keeps an idle connection. */
  readonly keepAliveMs: number | null;
};

export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;

const STATUS_LINE = /^HTTP\/1\.([01]) (([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?)\r\n/;

/** null: malformed or ambiguous. */
export function readResponseHead(text: string, method: string): ResponseHead | null {
  const line = STATUS_LINE.exec(text);
  if (line === null) return null;
  const [whole, minor, statusText = '', code] = line;
  const fields = readFields(text, whole.length);
  if (typeof fields === 'string') return null;
  const connection = readConnection(fields);
  if (connection === null) return null;
  const modern = minor === '1';
  const status = Number(code);
  const declared = readDeclared(fields, modern);
  if (declared === null) return null;
  return {
    status,
    statusText,
    text,
    fields,
    framing: hasNoBody(status, method) ? { kind: 'none' } : declared.framing,
    connection,
    persistent: modern ? !connection.has('close') : connection.has('keep-alive'),
    keepAliveMs: declared.keepAliveMs,
  };
}

function hasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

type Declared = { readonly framing: Framing; readonly keepAliveMs: number | null };

function readDeclared(fields: readonly Field[], modern: boolean): Declared | null {
  let framing: Framing = { kind: 'untilClose' };
  let keepAliveMs: number | null = null;
  for (const field of fields) {
    if (field.name === 'content-length') {
      const bytes = readLength(field.value);
      if (bytes === null || framing.kind !== 'untilClose') return null;
      framing = { kind: 'length', bytes };
    } else if (field.name === 'transfer-encoding') {
      if (!modern || framing.kind !== 'untilClose') return null;
      if (field.value.toLowerCase() !== 'chunked') return null;
      framing = { kind: 'chunked' };
    } else if (field.name === 'keep-alive') {
      keepAliveMs = readKeepAlive(field.value);
    }
  }
  return { framing, keepAliveMs };
}

const KEEP_ALIVE = /(?:^|[,\t ])timeout=(\d{1,6})(?:$|[,\t ])/i;

function readKeepAlive(value: string): number | null {
  const match = KEEP_ALIVE.exec(value);
  return match === null ? null : Number(match[1]) * 1000;
}
