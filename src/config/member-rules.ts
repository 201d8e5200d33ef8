import { temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedMember, ParsedService } from './schema.ts';
import { trafficAbilities } from './traffic/kinds.ts';

/** What the agent itself puts into a member's environment. */
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

/** What the members of one service must satisfy together and one by one. */
export function memberRules(service: ParsedService, at: ConfigPath, host: string): RuleFault[] {
  const members = Object.entries(service.members);
  const faults: RuleFault[] = [];
  if (members.length < 2) {
    faults.push(
      ruleFault('singleMember', [[...at, 'members']], {
        what: members.length === 0 ? 'there is no member' : 'there is only one member',
        why: 'without a standby nothing can take over',
        todo: 'add a second member with a port of its own',
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
          what: `host ${member.host} is not this agent’s host ${host}`,
          why: 'members on several hosts need a lease store that the hosts share; this version has the embedded one only',
          todo: `set the member’s host to ${host} or leave it out; if they are the same machine, set agent.host`,
        },
      ),
    );
  }
  for (const key of RESERVED_ENV.filter((reserved) => reserved in member.env)) {
    faults.push(
      ruleFault('envReserved', [[...at, 'env', key]], {
        what: `${key} is set by the agent`,
        why: 'the member would be told something else than the agent believes',
        todo: key === 'PORT' ? 'set the member’s `port` instead' : 'remove it',
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
  if (member.cpu !== undefined && temperature !== 'warm') {
    faults.push(
      ruleFault(
        'cpuWithoutWarm',
        [
          [...memberAt, 'cpu'],
          [...memberAt, 'temperature'],
        ],
        {
          what: `cpu is given, but temperature is ${temperature}`,
          why: 'only a warm standby runs at a reduced capacity',
          todo: 'set `temperature: warm`, or remove cpu',
        },
      ),
    );
  }
  if (temperature === 'frozen' && service.takeover.maxLag !== undefined) {
    const keys = [
      [...memberAt, 'temperature'],
      [...at, 'takeover', 'maxLag'],
    ] as const;
    faults.push(
      ruleFault('frozenLag', keys, {
        what: 'a frozen member is held to takeover.maxLag',
        why: 'while it is frozen it receives nothing, so its lag grows and it could never take over',
        todo: 'set `temperature: warm` or `hot`, or remove takeover.maxLag',
      }),
    );
  }
  return faults;
}
