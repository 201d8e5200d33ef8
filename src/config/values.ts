import { z } from 'zod';
import {
  ADDRESS_PATTERN,
  LISTEN_PATTERN,
  DURATION_PATTERN,
  SHARE_PATTERN,
  SIZE_PATTERN,
  formatDuration,
  formatShare,
  formatSize,
  parseAddress,
  parseDuration,
  parseListenAddress,
  parseShare,
  parseSize,
} from './units.ts';

// The kinds of value of configuration keys. Messages are codes here ("duration", "range"): explain.ts makes the texts.
// `x-type` and `x-range` are for the reference.

type Range = { readonly min: number; readonly max: number };

function measured(
  unit: 'duration' | 'size' | 'share',
  pattern: RegExp,
  parse: (text: string) => number | null,
  format: (value: number) => string,
  beyond: readonly number[] = [],
) {
  return (range: Range, description: string) =>
    z
      .string({ error: unit })
      .regex(pattern, { error: unit, abort: true })
      .transform((written, context) => {
        const value = parse(written) ?? Number.NaN;
        if ((value >= range.min && value <= range.max) || beyond.includes(value)) return value;
        const params = { min: format(range.min), max: format(range.max) };
        context.addIssue({ code: 'custom', message: 'range', params });
        return z.NEVER;
      })
      .meta({
        description,
        'x-type': unit,
        'x-range': `${format(range.min)} – ${format(range.max)}`,
      });
}

/** Milliseconds. */
export const duration = measured('duration', DURATION_PATTERN, parseDuration, formatDuration);
/** Milliseconds; Infinity for `never`. */
export const durationOrNever = measured(
  'duration',
  /^(?:never|\d{1,12}(?:\.\d{1,3})?(?:ms|s|m|h|d))$/,
  (written) => (written === 'never' ? Infinity : parseDuration(written)),
  formatDuration,
  [Infinity],
);
/** Bytes. */
export const size = measured('size', SIZE_PATTERN, parseSize, formatSize);
/** 0.2 for `20%`. */
export const share = measured('share', SHARE_PATTERN, parseShare, formatShare);

/** A size; a plain 0 needs no unit. */
export function sizeOrZero(range: Range, description: string) {
  return z
    .union([z.literal(0), size(range, description)], { error: 'size' })
    .meta({ description, 'x-type': '0 or size', 'x-range': `0 – ${formatSize(range.max)}` });
}

export function address(description: string) {
  return z
    .string({ error: 'address' })
    .regex(ADDRESS_PATTERN, { error: 'address', abort: true })
    .transform((written, context) => {
      const parsed = parseAddress(written);
      if (parsed !== null) return parsed;
      context.addIssue({ code: 'custom', message: 'address' });
      return z.NEVER;
    })
    .meta({ description, 'x-type': 'host:port' });
}

/** A listen address of a service, also a Unix socket. */
export function listenAddress(description: string) {
  return z
    .string({ error: 'listen' })
    .regex(LISTEN_PATTERN, { error: 'listen', abort: true })
    .transform((written, context) => {
      const parsed = parseListenAddress(written);
      if (parsed !== null) return parsed;
      context.addIssue({ code: 'custom', message: 'listen' });
      return z.NEVER;
    })
    .meta({ description, 'x-type': 'host:port or unix:/path' });
}

/** expected: completes "use …". */
export function text(pattern: RegExp, expected: string, description: string) {
  return z
    .string()
    .max(4096)
    .regex(pattern, { error: `pattern ${expected}` })
    .meta({ description, 'x-type': 'string' });
}

export function command(description: string) {
  return z
    .array(text(/^[^\0]*$/, 'text without NUL', 'One argument.'), {
      error: (issue) => (issue.code === 'invalid_type' ? 'command' : undefined),
    })
    .min(1)
    .max(256)
    .meta({ description, 'x-type': 'list of strings' });
}

export function hostName(description: string) {
  return text(/^[A-Za-z0-9:][A-Za-z0-9.:-]{0,252}$/, 'a host name or an IP address', description);
}

export function userName(description: string) {
  return text(
    /^(?:[a-z_][a-z0-9_.-]{0,31}|\d{1,10}(?::\d{1,10})?)$/,
    'a user name, "uid" or "uid:gid"',
    description,
  );
}

export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) {
  return z.enum(words).meta({ description });
}

/**
 * Name of a service or a member. It begins with a letter, because JavaScript sorts keys of digits before all others, and
 * the order of members counts. It is short, because it becomes part of the path of a control socket.
 */
export const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,30}$/, { error: 'name' });

/** Values of an environment, by name. */
export const environment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
      error: 'pattern a name of letters, digits and _',
    }),
    text(/^[^\0]*$/, 'text without NUL', 'Value.'),
  )
  .meta({
    description: 'Variables added to the environment of the member.',
    'x-type': 'names and strings',
  });
