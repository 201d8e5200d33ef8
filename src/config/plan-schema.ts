import { z } from 'zod';
import { ASSUMED_POWER, ASSUMED_PRICES, ASSUMED_SERVICE } from '../model/plan/assumptions.ts';
import { MOST_PLANNED_HOSTS, MOST_PLANNED_STANDBYS } from '../model/plan/question.ts';
import { formatDuration, formatShare, formatSize } from './units.ts';
import { choice, duration, share, size, text } from './values.ts';

// The section `plan` of a service: what `hotwarm plan` needs to know of it and nothing else reads. Part of schema.ts.
// Nothing is filled in here, as a plan tells which figures it had to assume.

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
  startupTime: durationKey('From the start of a member until it answers.', ASSUMED.startMs),
  warmUp: durationKey(
    'A member that was just started serves only partly for so long.',
    ASSUMED.warmUpMs,
  ),
  warmUpShare: shareKey('How much it serves meanwhile.', ASSUMED.warmUpShare),
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
    withDefault(
      'Cores that one member needs to serve.',
      ASSUMED.cores,
      String(ASSUMED.cores.value),
    ),
  ).optional(),
  busy: shareKey('Share of its cores that it uses in the mean while it serves.', ASSUMED.busyShare),
  idle: shareKey('Share of its cores that a running standby uses.', ASSUMED.idleShare),
  warm: shareKey('Share of its cores that a warm standby may use.', ASSUMED.warmShare),
  state: choice(
    ['none', 'shared', 'replicated'],
    withDefault(
      '`none`: two actives at once do no harm. `shared`: they do, and read the same disk. `replicated`: each member has its own copy.',
      ASSUMED.state,
      ASSUMED.state.value,
    ),
  ).optional(),
  lag: size(
    { min: 0, max: TIB },
    withDefault(
      'What an asynchronous copy lags behind.',
      ASSUMED.lagBytes,
      formatSize(ASSUMED.lagBytes.value),
    ),
  ).optional(),
  hosts: count(MOST_PLANNED_HOSTS, 'At most so many machines.', ASSUMED.hosts),
  zones: count(MOST_PLANNED_HOSTS, 'In at most so many places.', ASSUMED.zones),
  standbys: count(MOST_PLANNED_STANDBYS, 'At most so many standbys.', ASSUMED.standbys),
  prices: z
    .strictObject({
      currency: text(
        /^[\p{L}\p{Sc}]{1,8}$/u,
        'a currency such as USD',
        withDefault('Only shown.', ASSUMED_PRICES.currency, ASSUMED_PRICES.currency.value),
      ).optional(),
      core: price('Of a core that is kept, a month.', ASSUMED_PRICES.perCoreMonth),
      memory: price('Of a GiB that is kept, a month.', ASSUMED_PRICES.perGibMonth),
      host: price('Of a machine, a month.', ASSUMED_PRICES.perHostMonth),
      kwh: price('Of electricity.', ASSUMED_PRICES.perKwh),
    })
    .prefault({}),
  power: z
    .strictObject({
      core: price('Watt of a busy core, above idle.', ASSUMED_POWER.wattPerCore),
      memory: price('Watt of a GiB that is resident.', ASSUMED_POWER.wattPerGib),
      host: price('Watt of a machine that is idle.', ASSUMED_POWER.wattPerHost),
    })
    .prefault({}),
});

export type ParsedPlan = z.output<typeof planSection>;

/** What a budget and a limit of power may be. */
export const planObjectives = {
  budget: amount(
    { min: 0, max: MAX_COST },
    'Most that it may cost a month; for `plan`.',
  ).optional(),
  power: amount({ min: 0, max: MAX_COST }, 'Power limit in watts; for `plan`.').optional(),
};
