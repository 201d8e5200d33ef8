import { freshness } from './newest-copy.ts';
import { percentile } from './percentile.ts';
import type { GateRefusal } from './reasons.ts';
import type { MemberState } from './state.ts';
import type { Instant } from './time.ts';
import type { StepContext } from './step-context.ts';

// The eligibility check: can this member take over now? It must be ready, fast enough, up to date and, if configured,
// recently rehearsed. The check collects all reasons, so that `explain` can show every one. It is based on observations of
// the standby (responses to probes, position). Whether the member carries the full load is known only after the takeover:
// therefore the new active member is then on probation.

/** All reasons why this member is not eligible; empty: eligible. */
export function admit(context: StepContext, member: MemberState): readonly GateRefusal[] {
  const { takeover } = context.config;
  return [
    ...readiness(member),
    ...speed(takeover.p95Ms, member),
    ...freshness(context, member),
    ...rehearsal(takeover.maxRehearsalAgeMs, member, context.at),
  ];
}

function readiness(member: MemberState): readonly GateRefusal[] {
  const { health } = member.detector;
  const fit =
    member.lifecycle === 'frozen' ||
    member.lifecycle === 'freezing' ||
    member.lifecycle === 'thawing';
  const alive =
    member.lifecycle === 'running' &&
    (health === 'healthy' || health === 'degraded' || health === 'unknown');
  if (member.readySince !== null && (fit || alive)) return [];
  return [{ code: 'notReady', health, lifecycle: member.lifecycle }];
}

function speed(limitMs: number | null, member: MemberState): readonly GateRefusal[] {
  const p95Ms = percentile(member.performance.probeLatenciesMs, 0.95);
  if (limitMs === null || p95Ms === null || p95Ms <= limitMs) return [];
  return [{ code: 'tooSlow', p95Ms, limitMs }];
}

function rehearsal(
  limitMs: number | null,
  member: MemberState,
  at: Instant,
): readonly GateRefusal[] {
  if (limitMs === null) return [];
  const ageMs = member.rehearsedAt === null ? null : at - member.rehearsedAt;
  if (ageMs !== null && ageMs <= limitMs) return [];
  return [{ code: 'notRehearsed', ageMs, limitMs }];
}
