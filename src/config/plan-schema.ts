import { z } from 'zod';
import { ASSUMED_POWER, ASSUMED_PRICES, ASSUMED_SERVICE } from '../model/plan/assumptions.ts';
import { MOST_PLANNED_HOSTS, MOST_PLANNED_STANDBYS } from '../model/plan/question.ts';
import { formatDuration, formatShare, formatSize } from './units.ts';
import { choice, duration, share, size, text } from './values.ts';

// The section `plan` of a service, for `hotwarm plan` only. Part of schema.ts. Defaults are not set here, because a plan
// shows which figures it assumed.

const DAY = 24 * 3_600 * 1_000;
const MIB = 1024 * 1024;
const TIB = 1024 * 1024 * MIB;
const MAX_COST = 1e9;

const ASSUMED = ASSUMED_SERVICE;

function withDefault(
  about: string,
  { basis, source }: { basis: string; source: string },
  value: string,
) {
  return `${about} Default: ${value} (${basis}: ${source}).`;
}

function amount(range: { readonly min: number; readonly max: number }, description: string) {
  return z.number().min(range.min).max(range.max).meta({ description, 'x-type': 'number' });
}

function price(about: string, assumed: { value: number; basis: string; source: string }) {
  return amount(
    { min: 0, max: MAX_COST },
    withDefault(about, assumed, String(assumed.value)),
  ).optional();
}

function count(
  most: number,
  about: string,
  assumed: { value: number; basis: string; source: string },
) {
  return z
    .int()
    .min(1)
    .max(most)
    .meta({ description: withDefault(about, assumed, String(assumed.value)) })
    .optional();
}

function durationKey(about: string, assumed: { value: number; basis: string; source: string }) {
  return duration(
    { min: 0, max: DAY },
    withDefault(about, assumed, assumed.value === 0 ? '0s' : formatDuration(assumed.value)),
  ).optional();
}

function shareKey(about: string, assumed: { value: number; basis: string; source: string }) {
  return share(
    { min: 0, max: 1 },
    withDefault(about, assumed, formatShare(assumed.value)),
  ).optional();
}

export const planSection = z.strictObject({
  startupTime: durationKey(
    'Time from the start of a member to its first response.',
    ASSUMED.startMs,
  ),
  warmUp: durationKey(
    'Time after the first response in which a member has reduced capacity.',
    ASSUMED.warmUpMs,
  ),
  warmUpShare: shareKey('Capacity during the warm-up.', ASSUMED.warmUpShare),
  memory: size(
    { min: MIB, max: TIB },
    withDefault(
      'Memory of one member.',
      ASSUMED.memoryBytes,
      formatSize(ASSUMED.memoryBytes.value),
    ),
  ).optional(),
  cores: amount(
    { min: 0.01, max: 1024 },
    withDefault('CPU cores of one member.', ASSUMED.cores, String(ASSUMED.cores.value)),
  ).optional(),
  busy: shareKey('Mean CPU use of the active member, as a share of its cores.', ASSUMED.busyShare),
  idle: shareKey('CPU use of a hot standby, as a share of its cores.', ASSUMED.idleShare),
  warm: shareKey('CPU limit of a warm standby, as a share of its cores.', ASSUMED.warmShare),
  state: choice(
    ['none', 'shared', 'replicated'],
    withDefault(
      '`none`: two active members are harmless. `shared`: not harmless, all members use the same disk. `replicated`: not harmless, each member has its own copy.',
      ASSUMED.state,
      ASSUMED.state.value,
    ),
  ).optional(),
  lag: size(
    { min: 0, max: TIB },
    withDefault(
      'Lag of an asynchronous copy.',
      ASSUMED.lagBytes,
      formatSize(ASSUMED.lagBytes.value),
    ),
  ).optional(),
  hosts: count(MOST_PLANNED_HOSTS, 'Maximum number of hosts.', ASSUMED.hosts),
  zones: count(MOST_PLANNED_HOSTS, 'Maximum number of zones.', ASSUMED.zones),
  standbys: count(MOST_PLANNED_STANDBYS, 'Maximum number of standbys.', ASSUMED.standbys),
  prices: z
    .strictObject({
      currency: text(
        /^[\p{L}\p{Sc}]{1,8}$/u,
        'a currency such as USD',
        withDefault('Currency for output.', ASSUMED_PRICES.currency, ASSUMED_PRICES.currency.value),
      ).optional(),
      core: price('Price of a core per month.', ASSUMED_PRICES.perCoreMonth),
      memory: price('Price of a GiB of memory per month.', ASSUMED_PRICES.perGibMonth),
      host: price('Price of a host per month.', ASSUMED_PRICES.perHostMonth),
      kwh: price('Price of a kWh.', ASSUMED_PRICES.perKwh),
    })
    .prefault({}),
  power: z
    .strictObject({
      core: price('Power of a busy core above idle, in watts.', ASSUMED_POWER.wattPerCore),
      memory: price('Power of a GiB of resident memory, in watts.', ASSUMED_POWER.wattPerGib),
      host: price('Power of an idle host, in watts.', ASSUMED_POWER.wattPerHost),
    })
    .prefault({}),
});

export type ParsedPlan = z.output<typeof planSection>;

/** The objectives for cost and power. */
export const planObjectives = {
  budget: amount({ min: 0, max: MAX_COST }, 'Maximum cost per month; for `plan`.').optional(),
  power: amount({ min: 0, max: MAX_COST }, 'Maximum power in watts; for `plan`.').optional(),
};
