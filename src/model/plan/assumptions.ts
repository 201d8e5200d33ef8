import type { FigureSource } from '../fault-rates.ts';

// What a plan assumes of a service by default, and where that comes from. A month has 730.5 hours.

const MIB = 1024 * 1024;
const FARGATE =
  'AWS Fargate, Linux/x86, us-east-1, on demand, 2025: 0.04048 an hour per vCPU, 0.004445 per GB';
const FOOTPRINT =
  'Cloud Carbon Footprint, methodology, AWS: 0.74 W per idle and 3.5 W per busy vCPU, 0.392 W per GB';

export const ASSUMED_SERVICE = {
  availability: figure(0.999, 'assumed', 'three nines, about nine hours a year'),
  rtoMs: figure(
    10_000,
    'definition',
    'as long as the proxy holds requests by default; clients of a longer outage see errors',
  ),
  startMs: figure(3_000, 'assumed', 'say how long yours takes'),
  warmUpMs: figure(0, 'assumed', 'it serves fully from its first answer on'),
  warmUpShare: figure(0.5, 'assumed', 'half of full service while it warms up'),
  memoryBytes: figure(256 * MIB, 'assumed', 'a small web service'),
  cores: figure(1, 'assumed', 'a small web service'),
  busyShare: figure(0.3, 'assumed', 'a third of its cores in the mean'),
  idleShare: figure(0.01, 'assumed', 'a running standby without clients'),
  warmShare: figure(0.2, 'assumed', 'a fifth of its cores while it is a warm standby'),
  state: figure('shared', 'assumed', 'the safe side: say --stateless if two actives do no harm'),
  lagBytes: figure(16 * MIB, 'assumed', 'one segment of a PostgreSQL write-ahead log'),
  hosts: figure(1, 'assumed', 'one machine'),
  zones: figure(1, 'assumed', 'all hosts in one place'),
  standbys: figure(3, 'assumed', 'more than three seldom add anything'),
} as const;

export const ASSUMED_PRICES = {
  currency: figure('USD', 'published', FARGATE),
  perCoreMonth: figure(29.57, 'published', FARGATE),
  perGibMonth: figure(3.25, 'published', FARGATE),
  perHostMonth: figure(0, 'assumed', 'the price of cores and memory is that of the host'),
  perKwh: figure(0, 'assumed', 'the price of cores and memory includes the electricity'),
} as const;

export const ASSUMED_POWER = {
  wattPerCore: figure(2.76, 'published', FOOTPRINT),
  wattPerGib: figure(0.392, 'published', FOOTPRINT),
  wattPerHost: figure(0.74, 'published', `one idle vCPU: ${FOOTPRINT}`),
} as const;

export type Assumed<T> = { readonly value: T } & FigureSource;

function figure<T extends number | string>(
  value: T,
  basis: FigureSource['basis'],
  source: string,
): Assumed<T> {
  return { value, basis, source };
}
