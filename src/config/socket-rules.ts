import { acceptsAtOnce, temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import { isUnix } from '../drivers/listen-address.ts';
import type { ParsedService, ParsedTraffic } from './schema.ts';

// What follows from listening sockets that all members share: whoever runs accepts clients, unless it waits to be told.

/** Names in LISTEN_FDNAMES that are not the user's to give. */
const RESERVED_NAMES = ['service', 'member'];
const LISTENERS_MAX = 15;

export function socketRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  if (service.traffic.via !== 'socket') return needsSocketRules(service, at);
  return [
    ...exclusiveRules(service, at),
    ...(acceptsAtOnce(service.traffic) ? temperatureRules(service, at) : []),
    ...nameRules(service, at),
    ...countRules(service, at),
    ...accessRules(service, at),
  ];
}

function exclusiveRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  if (!service.exclusive) return [];
  const keys = [
    [...at, 'exclusive'],
    [...at, 'traffic', 'via'],
  ] as const;
  return [
    ruleFault('socketExclusive', keys, {
      what: 'an exclusive service would share its listening socket with its standbys',
      why: 'nothing could keep a standby from accepting clients before the old active is proved dead, nor cut off an active whose lease has ended',
      todo: 'use `via: proxy`, or set `exclusive: false` if two actives do no harm',
    }),
  ];
}

function temperatureRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  return Object.entries(service.members).flatMap(([name, member]) => {
    const temperature = temperatureOf(member, service.traffic);
    if (temperature === 'frozen' || temperature === 'cold') return [];
    const keys = [
      [...at, 'members', name, 'temperature'],
      [...at, 'traffic', 'via'],
      [...at, 'traffic', 'accept'],
    ] as const;
    return [
      ruleFault('socketStandbyRuns', keys, {
        what: `${name} would stand by ${temperature} beside a listening socket that it shares`,
        why: 'whoever runs accepts from that socket, so it would serve clients beside the active',
        todo: 'set `temperature: frozen` or `cold`; or `traffic.accept: go`, if the member can wait to be told; or use `via: proxy`',
      }),
    ];
  });
}

const SOCKET_KEYS = ['listeners', 'backlog', 'accept', 'blocking', 'unix'] as const;

function needsSocketRules({ traffic }: ParsedService, at: ConfigPath): RuleFault[] {
  const given: readonly string[] = SOCKET_KEYS.filter((key) => traffic[key] !== undefined);
  const keys = isUnix(traffic.listen) ? ['listen', ...given] : given;
  return keys.map((key) =>
    ruleFault(
      'needsSocket',
      [
        [...at, 'traffic', key],
        [...at, 'traffic', 'via'],
      ],
      {
        what: `via is ${traffic.via}, whose members inherit no listening socket`,
        why:
          key === 'listen'
            ? 'the proxy of this version listens at TCP ports only'
            : 'the key would have no effect',
        todo:
          key === 'listen'
            ? 'give host:port, or set `via: socket`'
            : 'set `via: socket`, or remove the key',
      },
    ),
  );
}

function nameRules({ traffic }: ParsedService, at: ConfigPath): RuleFault[] {
  const taken = Object.keys(traffic.listeners ?? {}).filter((name) =>
    RESERVED_NAMES.includes(name),
  );
  return taken.map((name) =>
    ruleFault('listenerName', [[...at, 'traffic', 'listeners', name]], {
      what: `a further listener is called ${name}`,
      why: 'in LISTEN_FDNAMES `service` is `traffic.listen`, and `member` is where the member is probed',
      todo: 'give it another name',
    }),
  );
}

function countRules({ traffic }: ParsedService, at: ConfigPath): RuleFault[] {
  const count = Object.keys(traffic.listeners ?? {}).length;
  if (count <= LISTENERS_MAX) return [];
  return [
    ruleFault('tooManyListeners', [[...at, 'traffic', 'listeners']], {
      what: `there are ${count} further listeners`,
      why: `each costs the keeper a thread, so there may be ${LISTENERS_MAX}`,
      todo: 'make several services of it, or put a proxy in front',
    }),
  ];
}

function accessRules({ traffic }: ParsedService, at: ConfigPath): RuleFault[] {
  if (traffic.unix === undefined || addressesOf(traffic).some(isUnix)) return [];
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

function addressesOf({ listen, listeners }: ParsedTraffic): readonly ParsedTraffic['listen'][] {
  return [listen, ...Object.values(listeners ?? {})];
}
