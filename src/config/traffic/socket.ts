import { z } from 'zod';
import { isUnix } from '../../drivers/listen-address.ts';
import { socketAbilities } from '../../drivers/traffic/socket-abilities.ts';
import type { ConfigPath } from '../faults.ts';
import { type RuleFault, ruleFault } from '../rule-fault.ts';
import type { ParsedService } from '../schema.ts';
import { choice, listenAddress, name, text, userName } from '../values.ts';
import { type Listeners, PROTOCOL, type ResolvedBase, type TrafficKind } from './kind.ts';

// `via: socket`: keys about the listening sockets that all members inherit.

/** Reserved names in LISTEN_FDNAMES. */
const RESERVED_NAMES = ['service', 'member'];
const LISTENERS_MAX = 15;
/** The kernel lets connections wait without limit; clients give up. */
const CLIENT_PATIENCE_MS = 10_000;

const schema = z.strictObject({
  listen: listenAddress('Address for clients.'),
  via: z.literal('socket').meta({
    description:
      'How clients reach the active member. `socket`: members inherit the listening socket (`LISTEN_FDS`), without a proxy.',
  }),
  protocol: PROTOCOL,
  listeners: z
    .record(name, listenAddress('Further address for clients.'))
    .meta({
      description:
        'Further addresses, by their names in `LISTEN_FDNAMES`; members inherit them after `listen`.',
      'x-type': 'names and addresses',
    })
    .prefault({}),
  backlog: z
    .int()
    .min(1)
    .max(65_535)
    .meta({
      description:
        'Maximum number of connections that wait in the kernel; it limits this to `net.core.somaxconn`.',
    })
    .prefault(4096),
  accept: choice(
    ['start', 'onActivate'],
    'When a member accepts clients: from its start, or after it has read a line from the descriptor `HOTWARM_ACTIVATE_FD`.',
  ).prefault('start'),
  blocking: z
    .boolean()
    .meta({
      description: 'Members block in accept(2): set their sockets to blocking mode at each start.',
    })
    .prefault(false),
  unix: z
    .strictObject({
      mode: text(
        /^0?[0-7]{3}$/,
        'three octal digits in quotes, such as "660"',
        'Permissions of the Unix socket: users that can write to it can connect.',
      ).prefault('660'),
      owner: userName('Owner and group of the Unix socket. Default: the agent’s.').optional(),
    })
    .optional(),
});

type ParsedSocket = z.output<typeof schema>;

export type ResolvedSocket = ResolvedBase & {
  readonly via: 'socket';
  readonly backlog: number;
  /** onActivate: members accept after their activation. */
  readonly accept: 'start' | 'onActivate';
  readonly blocking: boolean;
  /** Permissions of Unix sockets; owner: a user; null: the agent's. */
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
    // There is no proxy between clients and members.
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
      message: { en: `${key} is a reserved listener name`, zh: `${key} 是保留的监听名称` },
      reason: {
        en: 'in LISTEN_FDNAMES, `service` is `traffic.listen` and `member` is the port for probes',
        zh: '在 LISTEN_FDNAMES 中，`service` 指 `traffic.listen`，`member` 指探测用的端口',
      },
      hint: { en: 'use another name', zh: '改用其他名称' },
    }),
  );
}

function countRules({ listeners }: ParsedSocket, at: ConfigPath): RuleFault[] {
  const count = Object.keys(listeners).length;
  if (count <= LISTENERS_MAX) return [];
  return [
    ruleFault('tooManyListeners', [[...at, 'traffic', 'listeners']], {
      message: { en: `${count} further listeners are defined`, zh: `定义了 ${count} 个附加监听` },
      reason: {
        en: `each needs a thread of the socket holder, so the limit is ${LISTENERS_MAX}`,
        zh: `每个监听占用 keeper 的一个线程，因此上限为 ${LISTENERS_MAX} 个`,
      },
      hint: {
        en: 'split the service, or put a reverse proxy in front',
        zh: '拆分服务，或在前面部署反向代理',
      },
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
      message: {
        en: 'mode and owner are set, but no address is a Unix socket',
        zh: '设置了 mode 和 owner，但没有 Unix 套接字地址',
      },
      reason: { en: 'the key would have no effect', zh: '该键不起作用' },
      hint: {
        en: 'use an address of the form unix:/path, or remove the key',
        zh: '使用 unix:/path 形式的地址，或删除该键',
      },
    }),
  ];
}
