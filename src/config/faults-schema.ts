import { z } from 'zod';
import {
  type FaultComponent,
  type FaultFigure,
  DEFAULT_FAULT_RATES,
  FAULT_RATE_SOURCES,
} from '../model/fault-rates.ts';
import { formatDuration, formatShare } from './units.ts';
import { duration, durationOrNever, share } from './values.ts';
import { eachTemperature, type Temperature } from '../core/temperature.ts';

// The section `faults` of a service: failure rates. Part of schema.ts. Defaults are set in fault-model.ts, not here, because
// commands show whether a figure was given.

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

const DEFAULTS = DEFAULT_FAULT_RATES;

/** The default, with its basis and source. */
function withDefault(figure: FaultFigure, value: string): string {
  const { basis, source } = FAULT_RATE_SOURCES[figure];
  return `Default: ${value} (${basis}: ${source}).`;
}

function rate(component: FaultComponent, what: string, repaired: string) {
  const { everyMs, repairMs } = DEFAULTS[component];
  const every = everyMs === null ? 'never' : formatDuration(everyMs);
  return z
    .strictObject({
      every: durationOrNever(
        { min: SECOND, max: 1_000_000 * DAY },
        `Mean time between two failures: ${what}; or \`never\`. ${withDefault(`${component}.every`, every)}`,
      ).optional(),
      repair: duration(
        { min: 1, max: 3650 * DAY },
        `Mean repair time: ${repaired}. ${withDefault(`${component}.repair`, formatDuration(repairMs))}`,
      ).optional(),
    })
    .prefault({});
}

function byTemperature(
  key: 'standbyFactor' | 'standbyLatent',
  values: Readonly<Record<Temperature, number>>,
  what: string,
) {
  const of = (temperature: Temperature) =>
    share(
      { min: 0, max: 1 },
      `${what} ${withDefault(`${key}.${temperature}`, formatShare(values[temperature]))}`,
    ).optional();
  return z.strictObject(eachTemperature(of)).prefault({});
}

export const faultsSection = z.strictObject({
  process: rate('process', 'the process of a member exits', 'until it is restarted and ready'),
  hang: rate('hang', 'a member hangs', 'until it is killed, restarted and ready'),
  degraded: rate(
    'degraded',
    'a member responds to probes, but is slow or fails requests',
    'until it is healthy again',
  ),
  host: rate('host', 'the host fails', 'until it has booted and its members are ready'),
  zone: rate('zone', 'power or network of the zone fails', 'until it is back'),
  pause: z
    .strictObject({
      every: durationOrNever(
        { min: SECOND, max: 1_000_000 * DAY },
        `Mean time between two pauses of a healthy member; or \`never\`. ${withDefault('pause.every', formatDuration(DEFAULTS.pause.everyMs ?? 0))}`,
      ).optional(),
      median: duration(
        { min: 1, max: 3_600 * SECOND },
        `Median length of a pause. ${withDefault('pause.median', formatDuration(DEFAULTS.pause.medianMs))}`,
      ).optional(),
    })
    .prefault({}),
  standbyFactor: byTemperature(
    'standbyFactor',
    DEFAULTS.standbyFactor,
    'Failure rate of a standby, relative to an active member.',
  ),
  standbyLatent: byTemperature(
    'standbyLatent',
    DEFAULTS.hiddenShare,
    'Share of a standby’s failures that no probe detects.',
  ),
  commonCause: share(
    { min: 0, max: 1 },
    `Share of failures that affect all members at once. ${withDefault('commonCause', formatShare(DEFAULTS.commonCauseShare))}`,
  ).optional(),
  failoverSuccess: share(
    { min: 0, max: 1 },
    `Probability that a takeover succeeds. ${withDefault('failoverSuccess', formatShare(DEFAULTS.coverage))}`,
  ).optional(),
  restartSuccess: share(
    { min: 0, max: 1 },
    `Probability that a restart in place fixes a member. ${withDefault('restartSuccess', formatShare(DEFAULTS.restartShare))}`,
  ).optional(),
  manualRepair: duration(
    { min: 1, max: 3650 * DAY },
    `Mean time until an operator fixes what hotwarm cannot. ${withDefault('manualRepair', formatDuration(DEFAULTS.recoveryMs))}`,
  ).optional(),
});

export type ParsedFaults = z.output<typeof faultsSection>;
