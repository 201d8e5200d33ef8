import { temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';

// What follows from a listening socket that all members share: whoever runs accepts clients.

export function socketRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  if (service.traffic.via !== 'socket') return [];
  return [...exclusiveRules(service, at), ...temperatureRules(service, at)];
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
      why: 'a standby accepts clients from the moment it is started, before the old active is proved dead',
      todo: 'use `via: proxy`, or set `exclusive: false` if two actives do no harm',
    }),
  ];
}

function temperatureRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  return Object.entries(service.members).flatMap(([name, member]) => {
    const temperature = temperatureOf(member, 'socket');
    if (temperature === 'frozen' || temperature === 'cold') return [];
    const keys = [
      [...at, 'members', name, 'temperature'],
      [...at, 'traffic', 'via'],
    ] as const;
    return [
      ruleFault('socketStandbyRuns', keys, {
        what: `${name} would stand by ${temperature} beside a listening socket that it shares`,
        why: 'whoever runs accepts from that socket, so it would serve clients beside the active',
        todo: 'set `temperature: frozen` or `cold`, or use `via: proxy`',
      }),
    ];
  });
}
