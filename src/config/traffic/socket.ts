import { z } from 'zod';
import { isUnix } from '../../drivers/listen-address.ts';
import { socketAbilities } from '../../drivers/traffic/socket-abilities.ts';
import type { ConfigPath } from '../faults.ts';
import { type RuleFault, ruleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import { choice, listenAddress, name, text, userName } from '../values.ts';
import { type Listeners, PROTOCOL, type ResolvedBase, type TrafficKind } from './kind.ts';

// `via: socket`: keys about the listening sockets that all members inherit.

/** Names in LISTEN_FDNAMES that are not the user's to give. */
const RESERVED_NAMES = ['service', 'member'];
const LISTENERS_MAX = 15;
/** The kernel lets connections wait without end; clients do not. */
const CLIENT_PATIENCE_MS = 10_000;

const schema = z.strictObject({
  listen: listenAddress('Where clients connect.'),
  via: z.literal('socket').meta({
    description:
      'How clients reach the active member. `socket`: members inherit the listening socket (`LISTEN_FDS`), without a hop.',
  }),
  protocol: PROTOCOL,
  listeners: z
    .record(name, listenAddress('Where clients connect, too.'))
    .meta({
      description:
        'Further addresses, by the names that they have in `LISTEN_FDNAMES`; members inherit them after `listen`.',
      'x-type': 'names and addresses',
    })
    .prefault({}),
  backlog: z
    .int()
    .min(1)
    .max(65_535)
    .meta({
      description:
        'How many connections may wait in the kernel until a member accepts them; the kernel caps it at `net.core.somaxconn`.',
    })
    .prefault(4096),
  accept: choice(
    ['start', 'onActivate'],
    'When a member begins to accept clients: from its start on, or once it has read a line from the descriptor `HOTWARM_ACTIVATE_FD`.',
  ).prefault('start'),
  blocking: z
    .boolean()
    .meta({
      description:
        'Members call accept(2) and wait in it: their sockets are in blocking mode at each start.',
    })
    .prefault(false),
  unix: z
    .strictObject({
      mode: text(
        /^0?[0-7]{3}$/,
        'three octal digits in quotes, such as "660"',
        'Its permissions: whoever may write to it may connect.',
      ).prefault('660'),
      owner: userName('Its owner and group. Default: the agent’s.').optional(),
    })
    .optional(),
});

type ParsedSocket = z.output<typeof schema>;

export type ResolvedSocket = ResolvedBase & {
  readonly via: 'socket';
  readonly backlog: number;
  /** go: members accept once they are told. */
  readonly accept: 'start' | 'onActivate';
  readonly blocking: boolean;
  /** Of those listeners that are Unix sockets; owner: a user; null: the agent's own. */
  readonly access: { readonly mode: number; readonly owner: string | null };
};

export const SOCKET: TrafficKind<typeof schema, ResolvedSocket> = {
  schema,
  abilities: ({ accept }) => socketAbilities(accept),
  listeners: listenersOf,
  rules: socketRules,
  compile: (traffic) => ({
    via: traffic.via,
    abilities: socketAbilities(traffic.accept),
    listen: traffic.listen,
    // In the order of their descriptors.
    listeners: listenersOf(traffic),
    protocol: traffic.protocol,
    // Nothing stands between the clients and the members.
    transport: { tls: null, sendHeader: false },
    waiting: { holdMs: CLIENT_PATIENCE_MS, holdRequests: traffic.backlog, answerMs: 0 },
    backlog: traffic.backlog,
    accept: traffic.accept,
    blocking: traffic.blocking,
    access: {
      mode: Number.parseInt(traffic.unix?.mode ?? '660', 8),
      owner: traffic.unix?.owner ?? null,
    },
  }),
};

function listenersOf({ listen, listeners }: ParsedSocket): Listeners {
  return [
    { name: 'service', address: listen },
    ...Object.entries(listeners).map(([key, address]) => ({ name: key, address })),
  ];
}

function socketRules(traffic: ParsedSocket, _service: ParsedService, at: ConfigPath): RuleFault[] {
  return [...nameRules(traffic, at), ...countRules(traffic, at), ...accessRules(traffic, at)];
}

function nameRules({ listeners }: ParsedSocket, at: ConfigPath): RuleFault[] {
  const taken = Object.keys(listeners).filter((key) => RESERVED_NAMES.includes(key));
  return taken.map((key) =>
    ruleFault('listenerName', [[...at, 'traffic', 'listeners', key]], {
      what: `a further listener is called ${key}`,
      why: 'in LISTEN_FDNAMES `service` is `traffic.listen`, and `member` is where the member is probed',
      todo: 'give it another name',
    }),
  );
}

function countRules({ listeners }: ParsedSocket, at: ConfigPath): RuleFault[] {
  const count = Object.keys(listeners).length;
  if (count <= LISTENERS_MAX) return [];
  return [
    ruleFault('tooManyListeners', [[...at, 'traffic', 'listeners']], {
      what: `there are ${count} further listeners`,
      why: `each costs the socket holder a thread, so there may be ${LISTENERS_MAX}`,
      todo: 'make several services of it, or put a proxy in front',
    }),
  ];
}

function accessRules(traffic: ParsedSocket, at: ConfigPath): RuleFault[] {
  if (traffic.unix === undefined) return [];
  if (listenersOf(traffic).some(({ address }) => isUnix(address))) return [];
  const keys = [
    [...at, 'traffic', 'unix'],
    [...at, 'traffic', 'listen'],
    [...at, 'traffic', 'listeners'],
  ] as const;
  return [
    ruleFault('unixUnused', keys, {
      what: 'mode and owner are given, but no address is a Unix socket',
      why: 'the key would have no effect',
      todo: 'give an address as unix:/path, or remove the key',
    }),
  ];
}
