import { isUnix, type ListenAddress } from '../drivers/listen-address.ts';

// The units of the configuration file: durations (`250ms 2s 5m 1h 1d`), sizes (`64MiB`), shares (`20%`)
// and addresses (`127.0.0.1:8080`, `[::1]:8080`). A number without a unit is rejected, because a wrong
// guess between seconds and milliseconds is a thousandfold error that shows only in an outage.

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

export const DURATION_PATTERN = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d{1,12}(?:\.\d{1,3})?)(B|KiB|MiB|GiB|TiB)$/;
export const SHARE_PATTERN = /^(\d{1,5}(?:\.\d{1,10})?)%$/;
export const ADDRESS_PATTERN =
  /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9][A-Za-z0-9.-]{0,252})):(\d{1,5})$/;

/** Absolute, at most as long as a socket address allows. */
const UNIX_PATTERN = /^unix:(\/[\x21-\x7e]{1,106})$/;
export const LISTEN_PATTERN = new RegExp(`${ADDRESS_PATTERN.source}|${UNIX_PATTERN.source}`);

/** Milliseconds; null: not a duration. */
export function parseDuration(text: string): number | null {
  return parseMeasure(text, DURATION_PATTERN, UNIT_MS);
}

/** Whole bytes; null: not a size. */
export function parseSize(text: string): number | null {
  const bytes = parseMeasure(text, SIZE_PATTERN, UNIT_BYTES);
  return bytes === null ? null : Math.round(bytes);
}

function parseMeasure(
  text: string,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | null {
  const match = pattern.exec(text);
  const factor = units[match?.[2] ?? ''];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}

/** `20%` → 0.2; null: not a share. */
export function parseShare(text: string): number | null {
  const match = SHARE_PATTERN.exec(text);
  // Rounded, so that 99.99% is 0.9999 and not 0.9998999999999999.
  return match === null ? null : Number((Number(match[1]) / 100).toFixed(12));
}

/** Host (an IPv6 address without its brackets) and port 1 to 65535; null: not an address. */
export function parseAddress(text: string): { host: string; port: number } | null {
  const match = ADDRESS_PATTERN.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  return port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** An address, or the path of a Unix socket; null: neither. */
export function parseListenAddress(text: string): ListenAddress | null {
  const path = UNIX_PATTERN.exec(text)?.[1];
  return path === undefined ? parseAddress(text) : { path };
}

/** The shortest exact spelling that parseDuration reads back; rounds to a microsecond. */
export function formatDuration(durationMs: number): string {
  return formatMeasure(durationMs, UNIT_MS) ?? `${Number(durationMs.toFixed(3))}ms`;
}

/** The shortest exact spelling that parseSize reads back. */
export function formatSize(bytes: number): string {
  return formatMeasure(bytes, UNIT_BYTES) ?? `${bytes}B`;
}

/** In the largest unit that takes at most one decimal; null: none does. */
function formatMeasure(amount: number, units: Readonly<Record<string, number>>): string | null {
  for (const [unit, factor] of Object.entries(units).toReversed()) {
    const inUnit = amount / factor;
    if (inUnit >= 1 && Number.isInteger(inUnit * 10)) return `${inUnit}${unit}`;
  }
  return null;
}

export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(10))}%`;
}

export function formatAddress(address: ListenAddress): string {
  if (isUnix(address)) return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
