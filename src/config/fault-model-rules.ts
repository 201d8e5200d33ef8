import { COMPONENTS } from '../model/fault-rates.ts';
import { faultModel } from './fault-model.ts';
import type { ConfigPath } from './faults.ts';
import { type RuleFault, ruleFault } from './rule-fault.ts';
import type { ParsedService } from './schema.ts';
import { formatDuration } from './units.ts';

/** What the figures of `faults` must satisfy together. */
export function faultModelRules({ faults }: ParsedService, at: ConfigPath): RuleFault[] {
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
