import { temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedMember, ParsedService } from './schema.ts';
import { trafficAbilities } from './traffic/kinds.ts';
import { standingOf, upkeepOf } from '../core/temperature.ts';

/** Variables that the agent sets for a member. */
const RESERVED_ENV = [
  'PORT',
  'HOTWARM_MEMBER',
  'HOTWARM_SERVICE',
  'HOTWARM_ACTIVATE_FD',
  'HOTWARM_BACKLOG',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'LISTEN_PID',
];

/** Rules for the members of a service, together and one by one. */
export function memberRules(service: ParsedService, at: ConfigPath, host: string): RuleFault[] {
  const members = Object.entries(service.members);
  const faults: RuleFault[] = [];
  if (members.length < 2) {
    faults.push(
      ruleFault('singleMember', [[...at, 'members']], {
        message:
          members.length === 0
            ? { en: 'no member is defined', zh: '没有定义成员' }
            : { en: 'only one member is defined', zh: '只定义了一个成员' },
        reason: {
          en: 'without a standby nothing can take over',
          zh: '没有备用成员就无法接管',
        },
        hint: {
          en: 'add a second member with its own port',
          zh: '添加第二个成员，端口与其他成员不同',
        },
      }),
    );
  }
  for (const [name, member] of members) {
    const memberAt = [...at, 'members', name];
    faults.push(...placeRules(member, memberAt, host), ...standbyRules(service, member, at, name));
  }
  return faults;
}

function placeRules(member: ParsedMember, at: ConfigPath, host: string): RuleFault[] {
  const faults: RuleFault[] = [];
  if (member.host !== undefined && member.host !== host) {
    faults.push(
      ruleFault(
        'remoteMember',
        [
          [...at, 'host'],
          ['agent', 'host'],
        ],
        {
          message: {
            en: `host ${member.host} differs from the agent’s host ${host}`,
            zh: `主机 ${member.host} 与 agent 的主机 ${host} 不同`,
          },
          reason: {
            en: 'members on several hosts need a shared lease store; this version has the embedded one only',
            zh: '多台主机上的成员需要共享的租约存储，而本版本只有内置的租约存储',
          },
          hint: {
            en: `set host to ${host} or remove it; if both are the same host, set agent.host`,
            zh: `把 host 设为 ${host} 或将其删除；若两者是同一台主机，请设置 agent.host`,
          },
        },
      ),
    );
  }
  for (const key of RESERVED_ENV.filter((reserved) => reserved in member.env)) {
    faults.push(
      ruleFault('envReserved', [[...at, 'env', key]], {
        message: { en: `the agent sets ${key}`, zh: `${key} 由 agent 设置` },
        reason: {
          en: 'the member would see a value different from the agent’s',
          zh: '成员得到的值会与 agent 的不同',
        },
        hint:
          key === 'PORT'
            ? { en: 'set `port` of the member instead', zh: '改为设置成员的 `port`' }
            : { en: 'remove it', zh: '将其删除' },
      }),
    );
  }
  return faults;
}

function standbyRules(
  service: ParsedService,
  member: ParsedMember,
  at: ConfigPath,
  name: string,
): RuleFault[] {
  const faults: RuleFault[] = [];
  const memberAt = [...at, 'members', name];
  const temperature = temperatureOf(member, trafficAbilities(service.traffic));
  if (member.cpu !== undefined && upkeepOf(temperature).capacity !== 'reduced') {
    faults.push(
      ruleFault(
        'cpuWithoutWarm',
        [
          [...memberAt, 'cpu'],
          [...memberAt, 'temperature'],
        ],
        {
          message: {
            en: `cpu has no effect with temperature ${temperature}`,
            zh: `temperature 为 ${temperature} 时 cpu 不起作用`,
          },
          reason: {
            en: 'hotwarm limits the CPU of warm standbys only',
            zh: 'hotwarm 只限制温备成员的 CPU',
          },
          hint: {
            en: 'set `temperature: warm`, or remove cpu',
            zh: '设置 `temperature: warm`，或删除 cpu',
          },
        },
      ),
    );
  }
  if (standingOf(temperature) === 'frozen' && service.takeover.maxLag !== undefined) {
    const keys = [
      [...memberAt, 'temperature'],
      [...at, 'takeover', 'maxLag'],
    ] as const;
    faults.push(
      ruleFault('frozenLag', keys, {
        message: {
          en: 'takeover.maxLag cannot apply to a frozen member',
          zh: 'takeover.maxLag 不适用于冻结的成员',
        },
        reason: {
          en: 'a frozen member receives no data, so its lag grows and it could never take over',
          zh: '冻结的成员不接收数据，落后量不断增大，永远无法接管',
        },
        hint: {
          en: 'set `temperature: warm` or `hot`, or remove takeover.maxLag',
          zh: '设置 `temperature: warm` 或 `hot`，或删除 takeover.maxLag',
        },
      }),
    );
  }
  return faults;
}
