import { z } from 'zod';
import type { ProbeSpec } from '../drivers/probe/spec.ts';
import { command, text } from './values.ts';

// The kinds of probe: their keys in the file, an example for messages, and their specification for the driver. A new
// kind is a new row.

export const PROBE_KEYS = {
  http: text(
    /^\/[\x21-\x7e]{0,1023}$/,
    'a path that begins with /',
    'GET this path on the member’s address; statuses 200 to 399 are successful.',
  ).optional(),
  tcp: z
    .literal(true)
    .meta({ description: 'The port accepts a connection. Does not detect a hung process.' })
    .optional(),
  command: command('Exit code 0 is success. Run without a shell.').optional(),
  expect: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(100)
    .meta({
      description: 'The only successful statuses (with `http`).',
      'x-type': 'list of statuses',
    })
    .optional(),
};

export type ParsedLook = { readonly [Key in keyof typeof PROBE_KEYS]?: Parsed<Key> };
type Parsed<Key extends keyof typeof PROBE_KEYS> = z.output<(typeof PROBE_KEYS)[Key]>;

type ProbeKind = {
  readonly example: string;
  /** null: the file does not use this kind. */
  readonly specOf: (look: ParsedLook) => ProbeSpec | null;
};

const PROBE_KINDS: Readonly<Record<ProbeSpec['type'], ProbeKind>> = {
  http: {
    example: '`http: /path`',
    specOf: ({ http, expect }) =>
      http === undefined ? null : { type: 'http', path: http, expect: expect ?? null },
  },
  tcp: {
    example: '`tcp: true`',
    specOf: ({ tcp }) => (tcp === true ? { type: 'tcp' } : null),
  },
  command: {
    example: '`command: [...]`',
    specOf: (look) =>
      look.command === undefined ? null : { type: 'command', command: look.command },
  },
};

/** The keys that name a kind. */
export const PROBE_KIND_NAMES = Object.keys(PROBE_KINDS);

export const PROBE_EXAMPLES = Object.values(PROBE_KINDS).map(({ example }) => example);

/** Every probe in the section: there should be one. */
export function probesOf(look: ParsedLook): readonly ProbeSpec[] {
  return Object.values(PROBE_KINDS).flatMap(({ specOf }) => specOf(look) ?? []);
}
