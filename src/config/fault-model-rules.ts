import { COMPONENTS } from '../model/fault-rates.ts';
import { ASSUMED_SERVICE } from '../model/plan/assumptions.ts';
import { faultModel } from './fault-model.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

/** Each zone needs a host. */
export function planRules({ plan }: Pick<ParsedService, 'plan'>, at: ConfigPath): RuleFault[] {
  const hosts = plan.hosts ?? ASSUMED_SERVICE.hosts.value;
  const zones = plan.zones ?? ASSUMED_SERVICE.zones.value;
  if (zones <= hosts) return [];
  const key = (name: string): ConfigPath => [...at, 'plan', name];
  return [
    ruleFault('zonesBeyondHosts', [key('zones'), key('hosts')], {
      message: {
        en: `more zones (${zones}) than hosts (${hosts})`,
        zh: `可用区（${zones} 个）多于主机（${hosts} 台）`,
      },
      reason: {
        en: 'each zone needs at least one host',
        zh: '每个可用区至少需要一台主机',
      },
      hint: {
        en: `set plan.hosts to ${zones} or more, or plan.zones to ${hosts} or less`,
        zh: `把 plan.hosts 设为 ${zones} 或更大，或把 plan.zones 设为 ${hosts} 或更小`,
      },
    }),
  ];
}

/** Rules for the figures of `faults`. */
export function faultModelRules(
  { faults }: Pick<ParsedService, 'faults'>,
  at: ConfigPath,
): RuleFault[] {
  const { rates } = faultModel(faults);
  return COMPONENTS.flatMap((component) => {
    const { everyMs, repairMs } = rates[component];
    if (everyMs === null || repairMs < everyMs) return [];
    const key = (name: string): ConfigPath => [...at, 'faults', component, name];
    const isGiven = faults[component].repair !== undefined;
    const keys = isGiven ? [key('repair'), key('every')] : [key('every'), key('repair')];
    return [
      ruleFault('faultOutlasts', [keys[0] ?? at, ...keys.slice(1)], {
        message: {
          en: `repair (${formatDuration(repairMs)}) takes as long as the time between failures (${formatDuration(everyMs)}), or longer`,
          zh: `修复时间（${formatDuration(repairMs)}）不短于两次失效的间隔（${formatDuration(everyMs)}）`,
        },
        reason: {
          en: 'the component would be down most of the time',
          zh: '该组件会有大半时间处于故障',
        },
        hint: {
          en: `set repair below ${formatDuration(everyMs)}, or every above ${formatDuration(repairMs)}`,
          zh: `把 repair 设为小于 ${formatDuration(everyMs)}，或把 every 设为大于 ${formatDuration(repairMs)}`,
        },
      }),
    ];
  });
}
