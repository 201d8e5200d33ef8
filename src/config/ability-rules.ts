import { temperatureOf } from './defaults.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { trafficAbilities } from './traffic/kinds.ts';
import { standingOf } from '../core/temperature.ts';

// Which keys of a service are allowed depends on the abilities of its data plane.

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
      message: shieldsStandbys
        ? {
            en: `with ${via}, clients can reach an active member without a valid lease`,
            zh: `${via} 时，客户端能访问租约已到期的主用成员`,
          }
        : {
            en: `with ${via}, clients can reach every running member`,
            zh: `${via} 时，客户端能访问任何运行中的成员`,
          },
      reason: {
        en: 'hotwarm could neither keep clients away from a standby before fencing completes, nor stop an active member when its lease expires',
        zh: '隔离完成之前，hotwarm 无法阻止客户端访问备用成员；租约到期后，也无法停止主用成员的服务',
      },
      hint: {
        en: 'use `via: proxy`, or set `exclusive: false` if two active members are harmless',
        zh: '改用 `via: proxy`；若允许双主，设置 `exclusive: false`',
      },
    }),
  ];
}

function standbyRules(service: ParsedService, at: ConfigPath): RuleFault[] {
  const abilities = trafficAbilities(service.traffic);
  if (abilities.shieldsStandbys) return [];
  return Object.entries(service.members).flatMap(([name, member]) => {
    const temperature = temperatureOf(member, abilities);
    if (standingOf(temperature) !== 'running') return [];
    const keys = [
      [...at, 'members', name, 'temperature'],
      [...at, 'traffic', 'via'],
      [...at, 'traffic', 'accept'],
    ] as const;
    return [
      ruleFault('standbyUnshielded', keys, {
        message: {
          en: `standby ${name} would be running (${temperature}) while it shares the listening socket`,
          zh: `备用成员 ${name} 会在共享监听套接字的同时运行（${temperature}）`,
        },
        reason: {
          en: 'a running standby also accepts connections, so it would serve clients alongside the active member',
          zh: '运行中的备用成员也会接受连接，从而与主用成员同时提供服务',
        },
        hint: {
          en: 'set `temperature: frozen` or `cold`; or `traffic.accept: onActivate` if the member can wait for the activation; or use `via: proxy`',
          zh: '设置 `temperature: frozen` 或 `cold`；成员能等待激活信号时，可设 `traffic.accept: onActivate`；或改用 `via: proxy`',
        },
      }),
    ];
  });
}
