import type { Field } from '../../http1/fields.ts';
import type { RequestHead } from '../../http1/request-head.ts';
import type { ResponseHead } from '../../http1/response-head.ts';

// Heads as they leave the proxy. Lines that are kept are copied as they stand, in order, in as few slices as
// possible; only hop-by-hop fields (RFC 9110 §7.6.1) go, and the X-Forwarded fields come. X-Forwarded-For grows
// by the peer's address; -Proto and -Host are kept where a TLS terminator in front has already set them.

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'upgrade',
]);

export type Peer = { readonly address: string; readonly secure: boolean };

/** The head for a member. `fallbackHost` serves a request that came without Host (HTTP/1.0). */
export function requestHeadFor(head: RequestHead, peer: Peer, fallbackHost: string): string {
  const hops: string[] = [];
  const dropped: Field[] = [];
  let proto = false;
  let host = false;
  for (const field of head.fields) {
    if (isReplaced(field.name, head, peer)) {
      dropped.push(field);
    } else if (field.name === 'x-forwarded-for') {
      dropped.push(field);
      hops.push(field.value);
    } else if (field.name === 'x-forwarded-proto') proto = true;
    else if (field.name === 'x-forwarded-host') host = true;
  }
  hops.push(peer.address);
  let added = '';
  if (head.absolute || head.host === null) added += `Host: ${head.host ?? fallbackHost}\r\n`;
  added += connectionLines(head);
  added += `X-Forwarded-For: ${hops.join(', ')}\r\n`;
  if (!proto) added += `X-Forwarded-Proto: ${peer.secure ? 'https' : 'http'}\r\n`;
  if (!host && head.host !== null) added += `X-Forwarded-Host: ${head.host}\r\n`;
  const first = head.text.indexOf('\r\n') + 2;
  return `${head.method} ${head.path} HTTP/1.1\r\n${without(head.text, first, dropped)}${added}\r\n`;
}

/** Ends here, or is replaced: the proxy knows best about its own TLS. */
function isReplaced(name: string, head: RequestHead, peer: Peer): boolean {
  if (isHopByHop(name, head.connection)) return true;
  return name === 'host' ? head.absolute : name === 'x-forwarded-proto' && peer.secure;
}

function isHopByHop(name: string, connection: ReadonlySet<string>): boolean {
  return HOP_BY_HOP.has(name) || (connection.size > 0 && connection.has(name));
}

function connectionLines(head: RequestHead): string {
  const options: string[] = [];
  let lines = '';
  for (const field of head.fields) {
    if (field.name === 'upgrade' && head.upgrade) {
      lines += `Upgrade: ${field.value}\r\n`;
      if (!options.includes('Upgrade')) options.push('Upgrade');
    } else if (field.name === 'te' && /(?:^|[\t ,])trailers(?:$|[\t ,;])/i.test(field.value)) {
      if (options.includes('TE')) continue;
      lines += 'TE: trailers\r\n';
      options.push('TE');
    }
  }
  return options.length === 0 ? '' : `Connection: ${options.join(', ')}\r\n${lines}`;
}

type ResponseShape = {
  /** The connection ends after this answer. */
  readonly close: boolean;
  /** The client knows no chunks: their framing is taken off. */
  readonly unchunk: boolean;
};

/** The head for the client. */
export function responseHeadFor(head: ResponseHead, shape: ResponseShape): string {
  const tunnel = head.status === 101;
  const dropped: Field[] = [];
  let upgrade = '';
  for (const field of head.fields) {
    if (field.name === 'upgrade' && (tunnel || head.status === 426)) {
      upgrade += `Upgrade: ${field.value}\r\n`;
    }
    const hop = isHopByHop(field.name, head.connection) && field.name !== 'proxy-authenticate';
    const chunks =
      shape.unchunk && (field.name === 'transfer-encoding' || field.name === 'trailer');
    if (hop || chunks) dropped.push(field);
  }
  const options = [upgrade === '' ? '' : 'Upgrade', shape.close && !tunnel ? 'close' : '']
    .filter((option) => option !== '')
    .join(', ');
  const connection = options === '' ? '' : `Connection: ${options}\r\n`;
  const first = head.text.indexOf('\r\n') + 2;
  const kept = without(head.text, first, dropped);
  return `HTTP/1.1 ${head.statusText}\r\n${kept}${upgrade}${connection}\r\n`;
}

/** The field lines of a head from `from` on, without those dropped and without the empty line. */
function without(text: string, from: number, dropped: readonly Field[]): string {
  let kept = '';
  let at = from;
  for (const field of dropped) {
    if (field.start > at) kept += text.slice(at, field.start);
    at = field.end;
  }
  return kept + text.slice(at, -2);
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** An answer of the proxy itself. */
export function ownResponse(
  status: number,
  options: { readonly close: boolean; readonly head: boolean },
): string {
  const reason = REASONS[status] ?? 'Error';
  const body = `${reason}\n`;
  return (
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
    `${status === 503 ? 'Retry-After: 1\r\n' : ''}${options.close ? 'Connection: close\r\n' : ''}\r\n` +
    (options.head ? '' : body)
  );
}
