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

// The section `faults` of a service: how often what it depends on fails. Part of schema.ts. Nothing is filled in
// here, as a command that shows a figure must know whether the operator gave it; fault-model.ts does that.

const SECOND = 1_000;
const DAY = 24 * 3_600 * SECOND;

const DEFAULTS = DEFAULT_FAULT_RATES;

/** The default, and how far it may be trusted. */
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
        `${what}, mean time between two, or \`never\`. ${withDefault(`${component}.every`, every)}`,
      ).optional(),
      repair: duration(
        { min: 1, max: 3650 * DAY },
        `${repaired}, in the mean. ${withDefault(`${component}.repair`, formatDuration(repairMs))}`,
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
  process: rate('process', 'A member’s process ends', 'Until it is restarted and answers'),
  hang: rate('hang', 'A member stops answering', 'Until it is killed, restarted and answers'),
  degraded: rate(
    'degraded',
    'A member answers probes but serves its clients badly',
    'Until it serves well again',
  ),
  host: rate('host', 'The machine fails', 'Until it has booted and its members answer'),
  zone: rate('zone', 'Power or network of the place fails', 'Until it is back'),
  pause: z
    .strictObject({
      every: durationOrNever(
        { min: SECOND, max: 1_000_000 * DAY },
        `A member stands still though it is well, mean time between two, or \`never\`. ${withDefault('pause.every', formatDuration(DEFAULTS.pause.everyMs ?? 0))}`,
      ).optional(),
      median: duration(
        { min: 1, max: 3_600 * SECOND },
        `For so long in the median. ${withDefault('pause.median', formatDuration(DEFAULTS.pause.medianMs))}`,
      ).optional(),
    })
    .prefault({}),
  standbyFactor: byTemperature(
    'standbyFactor',
    DEFAULTS.standbyFactor,
    'A standby fails so many times as often as an active member.',
  ),
  standbyLatent: byTemperature(
    'standbyLatent',
    DEFAULTS.hiddenShare,
    'Share of a standby’s failures that no probe sees.',
  ),
  commonCause: share(
    { min: 0, max: 1 },
    `Share of a member’s failures that take all other members along. ${withDefault('commonCause', formatShare(DEFAULTS.commonCauseShare))}`,
  ).optional(),
  failoverSuccess: share(
    { min: 0, max: 1 },
    `Probability that a takeover succeeds. ${withDefault('failoverSuccess', formatShare(DEFAULTS.coverage))}`,
  ).optional(),
  restartSuccess: share(
    { min: 0, max: 1 },
    `Probability that a member that is restarted in place works again. ${withDefault('restartSuccess', formatShare(DEFAULTS.restartShare))}`,
  ).optional(),
  manualRepair: duration(
    { min: 1, max: 3650 * DAY },
    `Until somebody has put right what is not put right by itself. ${withDefault('manualRepair', formatDuration(DEFAULTS.recoveryMs))}`,
  ).optional(),
});

export type ParsedFaults = z.output<typeof faultsSection>;
