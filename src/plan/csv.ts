import { standbysOf } from '../model/plan/design-space.ts';
import type { Plan } from '../model/plan/recommendation.ts';

const COLUMNS = [
  'recommended',
  'front',
  'standbys',
  'hosts',
  'zones',
  'detection',
  'failback',
  'rehearsed_ms',
  'replication',
  'degraded',
  'cost_per_month',
  'power',
  'availability',
  'unavailability',
  'downtime_minutes_per_year',
  'outages_per_year',
  'unbridged_per_year',
  'crash_p99_ms',
  'hang_p99_ms',
  'host_p99_ms',
  'zone_p99_ms',
  'loss_bytes',
] as const;

/** Every scheme that was evaluated, one a line, cheapest first; numbers with all their digits (RFC 4180). */
export function planCsv({ evaluations, front, chosen }: Plan): string {
  const onFront = new Set(front);
  const rows = evaluations
    .toSorted((a, b) => a.bill.perMonth - b.bill.perMonth || a.unavailability - b.unavailability)
    .map((evaluation): readonly (string | number | null)[] => {
      const { design, bill, recovery, unavailability } = evaluation;
      return [
        evaluation === chosen.evaluation ? 1 : 0,
        onFront.has(evaluation) ? 1 : 0,
        standbysOf(design).join('+'),
        design.hosts,
        design.zones,
        design.detection,
        design.failback,
        design.rehearsedMs,
        design.replication,
        design.degraded,
        bill.perMonth,
        bill.watts,
        1 - unavailability,
        unavailability,
        evaluation.downtimeMinutesPerYear,
        evaluation.outagesPerYear,
        evaluation.unbridgedPerYear,
        recovery.crashMs,
        recovery.hangMs,
        recovery.hostMs,
        recovery.zoneMs,
        evaluation.lossBytes,
      ];
    });
  const lines = [COLUMNS, ...rows].map((row) => row.map((value) => String(value ?? '')).join(','));
  return lines.map((line) => `${line}\r\n`).join('');
}
