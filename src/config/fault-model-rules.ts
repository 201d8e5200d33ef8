import { COMPONENTS } from '../model/fault-rates.ts';
import { ASSUMED_SERVICE } from '../model/plan/assumptions.ts';
import { faultModel } from './fault-model.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

/** A place without a host is none. */
export function planRules({ plan }: Pick<ParsedService, 'plan'>, at: ConfigPath): RuleFault[] {
  const hosts = plan.hosts ?? ASSUMED_SERVICE.hosts.value;
  const zones = plan.zones ?? ASSUMED_SERVICE.zones.value;
  if (zones <= hosts) return [];
  const key = (name: string): ConfigPath => [...at, 'plan', name];
  return [
    ruleFault('zonesBeyondHosts', [key('zones'), key('hosts')], {
      what: `${zones} zones are more than ${hosts === 1 ? 'one host' : `${hosts} hosts`}`,
      why: 'each zone needs a host of its own',
      todo: `set plan.hosts to ${zones} or more, or zones to ${hosts}`,
    }),
  ];
}

/** What the figures of `faults` must satisfy together. */
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
        what: `a repair of ${formatDuration(repairMs)} is not shorter than ${formatDuration(everyMs)}, the time between two failures`,
        why: 'it would be broken more often than not, and nobody would run it',
        todo: `set repair below ${formatDuration(everyMs)}, or every above ${formatDuration(repairMs)}`,
      }),
    ];
  });
}
