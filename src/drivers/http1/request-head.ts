import { readConnection, readFields, readLength, type Field } from './fields.ts';
import type { Framing } from './framing.ts';

// The head of a request, accepted only if every reader must understand it alike. A proxy and its members that
// disagree about where a request ends let one client speak in another's name (request smuggling), so whatever
// RFC 9112 leaves to taste is refused here instead of repaired: length with transfer coding, more than one
// length, codings other than chunked, a missing or second Host, a name that Connection should not carry.

export type RequestHead = {
  readonly kind: 'head';
  readonly method: string;
  /** As the client sent it. */
  readonly target: string;
  /** Origin form, or `*`. */
  readonly path: string;
  /** From the target where it is in absolute form, else from Host; null with neither (HTTP/1.0). */
  readonly host: string | null;
  readonly absolute: boolean;
  /** HTTP/1.1; otherwise HTTP/1.0. */
  readonly modern: boolean;
  readonly text: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** The client will send another request on this connection. */
  readonly persistent: boolean;
  readonly connection: ReadonlySet<string>;
  readonly upgrade: boolean;
  readonly expectsContinue: boolean;
  readonly idempotencyKey: boolean;
};

export type RequestFault = {
  readonly kind: 'fault';
  readonly status: 400 | 414 | 417 | 431 | 501 | 505;
};

/** The largest head, its empty line included. */
export const MAX_HEAD_BYTES = 16 * 1024;

const REQUEST_LINE = /^([A-Z][A-Z-]*) ([\x21\x22\x24-\x7e]+) HTTP\/(\d\.\d)\r\n/;
const ABSOLUTE = /^https?:\/\/([A-Za-z0-9.\-_:[\]]+)([/?].*)?$/i;
const HOST = /^(?:[A-Za-z0-9.\-_~%!$&'()*+;=]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/** Registered methods. CONNECT is absent: this proxy stands for one service and opens no tunnels elsewhere. */
const METHODS: ReadonlySet<string> = new Set(
  (
    'ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY ' +
    'OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND ' +
    'UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** The request changes nothing, so that it may be sent to two members at once. */
export function isSafe(head: RequestHead): boolean {
  return SAFE.has(head.method);
}

/** The request may be sent again after it may have been carried out. */
export function isIdempotent(head: RequestHead): boolean {
  return head.idempotencyKey || IDEMPOTENT.has(head.method);
}

/** `text`: the whole head in latin1, from the request line to the empty line. */
export function readRequestHead(text: string): RequestHead | RequestFault {
  const line = readLine(text);
  if (typeof line === 'number') return fault(line);
  const fields = readFields(text, line.end);
  if (typeof fields === 'string') return fault(fields === 'tooMany' ? 431 : 400);
  const facts = readFacts(fields, line.modern);
  if (facts.kind === 'fault') return facts;
  const connection = readConnection(fields);
  if (connection === null) return fault(400);
  // A body of no bytes is none: nothing waits for it.
  const empty = facts.framing.kind === 'length' && facts.framing.bytes === 0;
  const framing: Framing = empty ? { kind: 'none' } : facts.framing;
  return {
    kind: 'head',
    method: line.method,
    target: line.target,
    path: line.place.path,
    host: line.place.host ?? facts.host,
    absolute: line.place.host !== null,
    modern: line.modern,
    text,
    fields,
    framing,
    persistent: line.modern && !connection.has('close'),
    connection,
    upgrade: line.modern && mayUpgrade(facts, connection),
    expectsContinue: line.modern && facts.expectsContinue,
    idempotencyKey: facts.idempotencyKey,
  };
}

type Place = { readonly path: string; readonly host: string | null };

type Line = {
  readonly method: string;
  readonly target: string;
  readonly place: Place;
  readonly modern: boolean;
  /** Where the fields begin. */
  readonly end: number;
};

function readLine(text: string): Line | RequestFault['status'] {
  const line = REQUEST_LINE.exec(text);
  if (line === null) return 400;
  const [whole, method = '', target = '', version] = line;
  if (version !== '1.1' && version !== '1.0') return 505;
  if (!METHODS.has(method)) return 501;
  const place = readTarget(method, target);
  if (place === null) return 400;
  return { method, target, place, modern: version === '1.1', end: whole.length };
}

/** With a body it would be unclear which protocol the body's bytes belong to. */
function mayUpgrade(facts: Facts, connection: ReadonlySet<string>): boolean {
  return facts.upgrade && connection.has('upgrade') && facts.framing.kind === 'none';
}

function fault(status: RequestFault['status']): RequestFault {
  return { kind: 'fault', status };
}

function readTarget(method: string, target: string): Place | null {
  if (target.startsWith('/')) return { path: target, host: null };
  if (target === '*') return method === 'OPTIONS' ? { path: '*', host: null } : null;
  const match = ABSOLUTE.exec(target);
  if (match === null) return null;
  const [, host = '', rest = ''] = match;
  if (!HOST.test(host)) return null;
  if (rest === '' && method === 'OPTIONS') return { path: '*', host };
  return { path: rest.startsWith('/') ? rest : `/${rest}`, host };
}

type Facts = {
  kind: 'facts';
  framing: Framing;
  host: string | null;
  upgrade: boolean;
  expectsContinue: boolean;
  idempotencyKey: boolean;
};

function readFacts(fields: readonly Field[], modern: boolean): Facts | RequestFault {
  const facts: Facts = {
    kind: 'facts',
    framing: { kind: 'none' },
    host: null,
    upgrade: false,
    expectsContinue: false,
    idempotencyKey: false,
  };
  for (const field of fields) {
    const status = takeFact(facts, field, modern);
    if (status !== null) return fault(status);
  }
  if (modern && facts.host === null) return fault(400);
  return facts;
}

/** The status to refuse the request with, or null. */
function takeFact(facts: Facts, field: Field, modern: boolean): RequestFault['status'] | null {
  switch (field.name) {
    case 'content-length':
      return takeLength(facts, field.value);
    case 'transfer-encoding':
      return takeCoding(facts, field.value, modern);
    case 'host':
      if (facts.host !== null || !HOST.test(field.value)) return 400;
      facts.host = field.value;
      return null;
    case 'upgrade':
      facts.upgrade = true;
      return null;
    case 'expect':
      if (field.value.toLowerCase() !== '100-continue') return 417;
      facts.expectsContinue = true;
      return null;
    case 'idempotency-key':
      facts.idempotencyKey = field.value !== '';
      return null;
    default:
      return null;
  }
}

function takeLength(facts: Facts, value: string): 400 | null {
  const bytes = readLength(value);
  if (bytes === null || facts.framing.kind !== 'none') return 400;
  facts.framing = { kind: 'length', bytes };
  return null;
}

function takeCoding(facts: Facts, value: string, modern: boolean): 400 | 501 | null {
  if (!modern || facts.framing.kind !== 'none') return 400;
  const coding = value.toLowerCase();
  if (coding !== 'chunked') return /^[a-z0-9\-\t ,]+,[\t ]*chunked$/.test(coding) ? 501 : 400;
  facts.framing = { kind: 'chunked' };
  return null;
}
