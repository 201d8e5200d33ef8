import { isIP, isIPv4, isIPv6 } from 'node:net';

// The header by which a proxy in front tells on whose behalf it connects (PROXY protocol, versions 1 and 2, HAProxy's
// doc/proxy-protocol.txt). Reading is strict: what is not exactly a header ends the connection, as its first bytes
// would otherwise be taken for the client's. Any client that may connect may claim any address, which only the operator's
// network can prevent.

export type Endpoints = {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
};

export type HeaderReading =
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed' }
  /** endpoints null: the proxy speaks for itself (LOCAL), or does not say for whom. */
  | { readonly kind: 'header'; readonly bytes: number; readonly endpoints: Endpoints | null };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
/** Addresses and extensions that follow the fixed part; real ones have a few hundred bytes. */
const MAX_REST_BYTES = 4096;
const V1_START = Buffer.from('PROXY ');
const MAX_V1_BYTES = 107;
const V1_END = Buffer.from('\r\n');

const MORE: HeaderReading = { kind: 'more' };
const MALFORMED: HeaderReading = { kind: 'malformed' };

/** `data`: everything that came so far. */
export function readProxyHeader(data: Buffer): HeaderReading {
  if (startsAlike(data, SIGNATURE)) return data.length < FIXED_BYTES ? MORE : readBinary(data);
  if (startsAlike(data, V1_START)) return readText(data);
  return MALFORMED;
}

/** As far as both go. */
function startsAlike(data: Buffer, start: Buffer): boolean {
  const length = Math.min(data.length, start.length);
  return data.compare(start, 0, length, 0, length) === 0;
}

/** What a family's addresses take up. Unix sockets tell nothing that is of use here. */
const V4 = { code: 0x1, addressBytes: 4 } as const;
const V6 = { code: 0x2, addressBytes: 16 } as const;
const UNIX = 0x3;
const UNIX_BYTES = 216;
const [LOCAL, PROXY] = [0x20, 0x21];
const STREAM = 0x1;

function readBinary(data: Buffer): HeaderReading {
  const command = data.readUInt8(12);
  if (command !== LOCAL && command !== PROXY) return MALFORMED;
  const [family, transport] = [data.readUInt8(13) >> 4, data.readUInt8(13) & 0xf];
  const restBytes = data.readUInt16BE(14);
  if (family > UNIX || transport > 2 || restBytes > MAX_REST_BYTES) return MALFORMED;
  const bytes = FIXED_BYTES + restBytes;
  if (data.length < bytes) return MORE;
  // Whatever comes with LOCAL is to be skipped unread.
  if (command === LOCAL) return { kind: 'header', bytes, endpoints: null };
  return readAddresses(data.subarray(0, bytes), family, transport === STREAM);
}

function readAddresses(data: Buffer, family: number, stream: boolean): HeaderReading {
  const format = family === V4.code ? V4 : family === V6.code ? V6 : null;
  const usedBytes =
    format === null ? (family === UNIX ? UNIX_BYTES : 0) : format.addressBytes * 2 + 4;
  if (FIXED_BYTES + usedBytes > data.length) return MALFORMED;
  // Without a family the rest has no form that could be checked.
  if (family !== 0 && !areExtensions(data.subarray(FIXED_BYTES + usedBytes))) return MALFORMED;
  const endpoints = format === null || !stream ? null : readEndpoints(data, format.addressBytes);
  return { kind: 'header', bytes: data.length, endpoints };
}

/** Type, length, value, one after the other up to the end. */
function areExtensions(data: Buffer): boolean {
  let at = 0;
  while (at + 3 <= data.length) at += 3 + data.readUInt16BE(at + 1);
  return at === data.length;
}

function readEndpoints(data: Buffer, addressBytes: number): Endpoints {
  const address = (at: number): string => textOf(data.subarray(at, at + addressBytes));
  const ports = FIXED_BYTES + 2 * addressBytes;
  return {
    source: { address: address(FIXED_BYTES), port: data.readUInt16BE(ports) },
    destination: {
      address: address(FIXED_BYTES + addressBytes),
      port: data.readUInt16BE(ports + 2),
    },
  };
}

function textOf(address: Buffer): string {
  if (address.length === V4.addressBytes) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index));
  return plainAddress(groups.map((group) => group.toString(16)).join(':'));
}

const V1_LINE = /^PROXY (TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/;
const V1_UNKNOWN = /^PROXY UNKNOWN(?: [\x20-\x7e]*)?\r\n$/;
const MAX_PORT = 65_535;

function readText(data: Buffer): HeaderReading {
  const at = data.indexOf(V1_END);
  if (at < 0) return data.length >= MAX_V1_BYTES ? MALFORMED : MORE;
  const bytes = at + V1_END.length;
  if (bytes > MAX_V1_BYTES) return MALFORMED;
  const line = data.toString('latin1', 0, bytes);
  if (V1_UNKNOWN.test(line)) return { kind: 'header', bytes, endpoints: null };
  const [, family, from = '', to = '', fromPort, toPort] = V1_LINE.exec(line) ?? [];
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  const [sourcePort, destinationPort] = [Number(fromPort), Number(toPort)];
  if (family === undefined || !isAddress(from) || !isAddress(to) || /%/.test(from + to)) {
    return MALFORMED;
  }
  if (sourcePort > MAX_PORT || destinationPort > MAX_PORT) return MALFORMED;
  const source = { address: plainAddress(from), port: sourcePort };
  const destination = { address: plainAddress(to), port: destinationPort };
  return { kind: 'header', bytes, endpoints: { source, destination } };
}

/** One form for each address: IPv6 abbreviated as usual, IPv4 that is mapped into it as IPv4. */
export function plainAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(text);
  if (mapped === null) return text;
  const [, high = '', low = ''] = mapped;
  const bits = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

/** Version 2. null: on the sender's own behalf. */
export function proxyHeaderFor(endpoints: Endpoints | null): Buffer {
  const { source, destination } = endpoints ?? NOBODY;
  const [from, to] = [isIP(source.address), isIP(destination.address)];
  if (from === 0 || to === 0) return fixedPart(LOCAL, 0, 0);
  const format = from === 4 && to === 4 ? V4 : V6;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const addresses = [source, destination].map(({ address }) => bytesOf(address, format));
  const rest = Buffer.concat([...addresses, ports]);
  return Buffer.concat([fixedPart(PROXY, (format.code << 4) | STREAM, rest.length), rest]);
}

const NOBODY: Endpoints = {
  source: { address: '', port: 0 },
  destination: { address: '', port: 0 },
};

function fixedPart(command: number, family: number, restBytes: number): Buffer {
  const head = Buffer.alloc(FIXED_BYTES);
  SIGNATURE.copy(head);
  head.writeUInt8(command, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(restBytes, 14);
  return head;
}

function bytesOf(address: string, format: typeof V4 | typeof V6): Buffer {
  if (isIPv4(address)) {
    const bytes = Buffer.from(address.split('.').map(Number));
    if (format === V4) return bytes;
    return Buffer.concat([Buffer.alloc(10), Buffer.from([0xff, 0xff]), bytes]);
  }
  // An IPv4 address at the end is written in groups by the normal form.
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(V6.addressBytes);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(group, 2 * index);
  }
  return bytes;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
