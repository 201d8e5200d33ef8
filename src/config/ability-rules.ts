import { temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { trafficAbilities } from './traffic/kinds.ts';

// What a service may demand follows from what its data plane can do, whichever that is.

export function abilityRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  return [...exclusiveRules(service, at), ...standbyRules(service, at)];
}

function exclusiveRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const { obeysLeaseEnd, shieldsStandbys } = trafficAbilities(service.traffic);
  if (!service.exclusive || (obeysLeaseEnd && shieldsStandbys)) return [];
  const keys = [
    [...at, 'exclusive'],
    [...at, 'traffic', 'via'],
  ] as const;
  const via = `\`via: ${service.traffic.via}\``;
  return [
    ruleFault('exclusiveUnguarded', keys, {
      what: shieldsStandbys
        ? `${via} lets clients reach an active whose lease has ended`
        : `${via} lets clients reach whatever member runs`,
      why: 'nothing could keep a standby from accepting clients before the old active is proved dead, nor cut off an active whose lease has ended',
      todo: 'use `via: proxy`, or set `exclusive: false` if two actives do no harm',
    }),
  ];
}

function standbyRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const abilities = trafficAbilities(service.traffic);
  if (abilities.shieldsStandbys) return [];
  return Object.entries(service.members).flatMap(([name, member]) => {
    const temperature = temperatureOf(member, abilities);
    if (temperature === 'frozen' || temperature === 'cold') return [];
    const keys = [
      [...at, 'members', name, 'temperature'],
      [...at, 'traffic', 'via'],
      [...at, 'traffic', 'accept'],
    ] as const;
    return [
      ruleFault('standbyUnshielded', keys, {
        what: `${name} would stand by ${temperature} beside a listening socket that it shares`,
        why: 'whoever runs accepts from that socket, so it would serve clients beside the active',
        todo: 'set `temperature: frozen` or `cold`; or `traffic.accept: onActivate`, if the member can wait to be told; or use `via: proxy`',
      }),
    ];
  });
}
