import {
  type FaultComponent,
  type FaultFigure,
  type FaultRate,
  type FaultRates,
  COMPONENTS,
  DEFAULT_FAULT_RATES,
} from '../model/fault-rates.ts';
import type { ParsedFaults } from './faults-schema.ts';
import type { FaultModel } from './resolved.ts';
import { eachTemperature, TEMPERATURE_NAMES, type Temperature } from '../core/temperature.ts';

/** The figures of the file, with defaults for the others, and which ones were given. */
export function faultModel(faults: ParsedFaults): FaultModel {
  const defaults = DEFAULT_FAULT_RATES;
  return {
    rates: {
      process: rateOf(faults, 'process'),
      hang: rateOf(faults, 'hang'),
      degraded: rateOf(faults, 'degraded'),
      host: rateOf(faults, 'host'),
      zone: rateOf(faults, 'zone'),
      pause: {
        everyMs: everyOf(faults.pause.every, defaults.pause.everyMs),
        medianMs: faults.pause.median ?? defaults.pause.medianMs,
      },
      standbyFactor: byTemperature(faults.standbyFactor, defaults.standbyFactor),
      hiddenShare: byTemperature(faults.standbyLatent, defaults.hiddenShare),
      commonCauseShare: faults.commonCause ?? defaults.commonCauseShare,
      coverage: faults.failoverSuccess ?? defaults.coverage,
      restartShare: faults.restartSuccess ?? defaults.restartShare,
      recoveryMs: faults.manualRepair ?? defaults.recoveryMs,
    },
    given: givenFigures(faults),
  };
}

function rateOf(faults: ParsedFaults, component: FaultComponent): FaultRate {
  const { every, repair } = faults[component];
  const { everyMs, repairMs } = DEFAULT_FAULT_RATES[component];
  return {
    everyMs: everyOf(every, everyMs),
    repairMs: repair ?? repairMs,
  };
}

/** `never` is null, as in JSON. */
function everyOf(given: number | undefined, assumedMs: number | null): number | null {
  if (given === undefined) return assumedMs;
  return given === Infinity ? null : given;
}

function byTemperature(
  given: Readonly<Partial<Record<Temperature, number | undefined>>>,
  defaults: FaultRates['standbyFactor'],
): FaultRates['standbyFactor'] {
  return eachTemperature((temperature) => given[temperature] ?? defaults[temperature]);
}

function givenFigures(faults: ParsedFaults): FaultFigure[] {
  const given: FaultFigure[] = [];
  for (const component of COMPONENTS) {
    if (faults[component].every !== undefined) given.push(`${component}.every`);
    if (faults[component].repair !== undefined) given.push(`${component}.repair`);
  }
  if (faults.pause.every !== undefined) given.push('pause.every');
  if (faults.pause.median !== undefined) given.push('pause.median');
  for (const key of ['standbyFactor', 'standbyLatent'] as const) {
    for (const temperature of TEMPERATURE_NAMES) {
      if (faults[key][temperature] !== undefined) given.push(`${key}.${temperature}`);
    }
  }
  for (const key of ['commonCause', 'failoverSuccess', 'restartSuccess', 'manualRepair'] as const) {
    if (faults[key] !== undefined) given.push(key);
  }
  return given;
}
