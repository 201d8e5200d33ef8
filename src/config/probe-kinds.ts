import { z } from 'zod';
import type { ProbeSpec } from '../drivers/probe/spec.ts';
import { command, text } from './values.ts';

// What a file may say about one look at a member: the keys of each kind of probe, an example for the reader, and what it
// is for the driver. A new kind is a new row.

export const PROBE_KEYS = {
  http: text(
    /^\/[\x21-\x7e]{0,1023}$/,
    'a path that begins with /',
    'GET this path on the member’s address; 200 to 399 is an answer.',
  ).optional(),
  tcp: z
    .literal(true)
    .meta({ description: 'The port accepts a connection. Does not see a process that hangs.' })
    .optional(),
  command: command('Exit code 0 is an answer. Run without a shell.').optional(),
  expect: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(100)
    .meta({
      description: 'The only statuses that count as an answer (with `http`).',
      'x-type': 'list of statuses',
    })
    .optional(),
};

export type ParsedLook = { readonly [Key in keyof typeof PROBE_KEYS]?: Parsed<Key> };
type Parsed<Key extends keyof typeof PROBE_KEYS> = z.output<(typeof PROBE_KEYS)[Key]>;

type ProbeKind = {
  readonly example: string;
  /** null: the file does not ask for this kind. */
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

/** Every probe that the file asks for: it should be one. */
export function probesOf(look: ParsedLook): readonly ProbeSpec[] {
  return Object.values(PROBE_KINDS).flatMap(({ specOf }) => specOf(look) ?? []);
}
