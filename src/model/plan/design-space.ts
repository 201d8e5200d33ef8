import type { PlanLimits, PlanQuestion } from './question.ts';
import { standingOf, type Temperature } from '../../core/temperature.ts';

// The schemes that a plan compares, as a configuration could write them: standbys and their temperatures, hosts, how soon a
// failure is noticed, and what happens afterwards.

export type StandbyGroup = { readonly temperature: Temperature; readonly count: number };

/** How soon a member, and a host, is taken for failed: probes, and the lease that another host waits for. */
export const DETECTIONS = {
  fast: { intervalMs: 50, timeoutMs: 150, lease: lease(3_000, 1_000, 300) },
  standard: { intervalMs: 100, timeoutMs: 300, lease: lease(6_000, 2_500, 500) },
  patient: { intervalMs: 1_000, timeoutMs: 1_000, lease: lease(10_000, 3_000, 1_000) },
} as const;

function lease(durationMs: number, renewIntervalMs: number, marginMs: number) {
  return { durationMs, renewIntervalMs, marginMs };
}

export type Detection = keyof typeof DETECTIONS;

type DesignTiming = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxSilenceMs: number;
  readonly lease: {
    readonly durationMs: number;
    readonly renewIntervalMs: number;
    readonly marginMs: number;
  };
};

/** As the configuration's default has it, a member may be silent for its timeout or three intervals. */
export function timingOf({
  detection,
  timing,
}: Pick<Design, 'detection' | 'timing'>): DesignTiming {
  if (timing !== undefined) return timing;
  const named = DETECTIONS[detection];
  return { ...named, maxSilenceMs: Math.max(named.timeoutMs, 3 * named.intervalMs) };
}

export type Design = {
  /** In the order in which they are used; empty: no redundancy, as it would be without hotwarm. */
  readonly standbys: readonly StandbyGroup[];
  readonly hosts: number;
  readonly zones: number;
  readonly detection: Detection;
  /** What a configuration has in place of a named detection. */
  readonly timing?: DesignTiming;
  readonly failback: 'auto' | 'never';
  /** How old the proof of a frozen or cold standby may be; null: it proves nothing. */
  readonly rehearsedMs: number | null;
  readonly replication: 'none' | 'sync' | 'async';
  /** What is done about an active that answers probes and serves badly. */
  readonly degraded: 'report' | 'switchover';
};

const DAY_MS = 86_400_000;
/** Up to here, standbys of two temperatures and every setting are tried; beyond, one temperature and the defaults. */
const SMALL = 4;

/** One member, restarted by whatever supervises it: what redundancy is compared with. */
export const BASELINE: Design = {
  standbys: [],
  hosts: 1,
  zones: 1,
  detection: 'standard',
  failback: 'never',
  rehearsedMs: null,
  replication: 'none',
  degraded: 'report',
};

/** Every scheme that the limits allow, without the one that has no standby. */
export function designsFor({ service, limits }: PlanQuestion): readonly Design[] {
  const degraded =
    service.p95Ms === null ? (['report'] as const) : (['report', 'switchover'] as const);
  const replication =
    service.state === 'replicated' ? (['sync', 'async'] as const) : (['none'] as const);
  // A disk that both read is in one host.
  const within = service.state === 'shared' ? { ...limits, hosts: 1, zones: 1 } : limits;
  return standbySets(service.temperatures, limits.standbys).flatMap((standbys) =>
    placesFor(countOf(standbys) + 1, within).flatMap((place) =>
      settingsFor(standbys, service.p95Ms).flatMap((setting) =>
        degraded.flatMap((action) =>
          replication.map((mode) => ({
            standbys,
            ...place,
            ...setting,
            degraded: action,
            replication: mode,
          })),
        ),
      ),
    ),
  );
}

export function countOf(standbys: readonly StandbyGroup[]): number {
  return standbys.reduce((sum, { count }) => sum + count, 0);
}

/** Temperature of every standby, in the order in which they are used. */
export function standbysOf({ standbys }: Pick<Design, 'standbys'>): readonly Temperature[] {
  return standbys.flatMap(({ temperature, count }) =>
    Array.from({ length: count }, () => temperature),
  );
}

/** Standbys in order, those of one temperature that follow each other as one group. */
export function groupsOf(temperatures: readonly Temperature[]): readonly StandbyGroup[] {
  const groups: StandbyGroup[] = [];
  for (const temperature of temperatures) {
    const last = groups.at(-1);
    if (last?.temperature === temperature)
      groups[groups.length - 1] = { ...last, count: last.count + 1 };
    else groups.push({ temperature, count: 1 });
  }
  return groups;
}

/** Standbys that are neither probed nor used until they are needed. */
function standsUnseen({ standbys }: Pick<Design, 'standbys'>): boolean {
  return standbys.some(({ temperature }) => standingOf(temperature) !== 'running');
}

/** How far a design is from what one would write without a plan: among equals the plainest is taken. */
export function plainness({
  standbys,
  hosts,
  detection,
  failback,
  rehearsedMs,
  degraded,
}: Design): number {
  return (
    4 * countOf(standbys) +
    2 * hosts +
    2 * standbys.length +
    (detection === 'standard' ? 0 : 1) +
    (failback === 'auto' ? 0 : 1) +
    (rehearsedMs === null || rehearsedMs === DAY_MS ? 0 : 1) +
    (degraded === 'report' ? 0 : 1)
  );
}

/** One temperature, or one hotter standby before colder ones. */
function standbySets(
  temperatures: readonly Temperature[],
  most: number,
): readonly (readonly StandbyGroup[])[] {
  const counts = Array.from({ length: most }, (_value, index) => index + 1);
  const uniform = temperatures.flatMap((temperature) =>
    counts.map((count) => [{ temperature, count }]),
  );
  const mixed = temperatures.flatMap((first, place) =>
    temperatures.slice(place + 1).flatMap((then) =>
      counts
        .filter((count) => count < Math.min(most, SMALL))
        .map((count) => [
          { temperature: first, count: 1 },
          { temperature: then, count },
        ]),
    ),
  );
  return [...uniform, ...mixed];
}

/** Hosts and zones that all have a member. */
function placesFor(members: number, limits: Omit<PlanLimits, 'standbys'>) {
  const places: { readonly hosts: number; readonly zones: number }[] = [];
  for (let hosts = 1; hosts <= Math.min(limits.hosts, members); hosts += 1) {
    for (let zones = 1; zones <= Math.min(limits.zones, hosts); zones += 1) {
      places.push({ hosts, zones });
    }
  }
  return places;
}

type Setting = Pick<Design, 'detection' | 'failback' | 'rehearsedMs'>;

function settingsFor(standbys: readonly StandbyGroup[], p95Ms: number | null): readonly Setting[] {
  const rehearsals = standsUnseen({ standbys }) ? [DAY_MS, DAY_MS / 24, null] : [null];
  // A probe that is given up before the latency that still counts as good would decide instead of it.
  const detections = (['standard', 'fast', 'patient'] as const).filter(
    (detection) => p95Ms === null || p95Ms <= DETECTIONS[detection].timeoutMs,
  );
  if (countOf(standbys) > SMALL) {
    const [detection = 'patient'] = detections;
    return [{ detection, failback: 'auto', rehearsedMs: rehearsals[0] ?? null }];
  }
  return detections.flatMap((detection) =>
    (['auto', 'never'] as const).flatMap((failback) =>
      rehearsals.map((rehearsedMs) => ({ detection, failback, rehearsedMs })),
    ),
  );
}
