import { admit } from './eligibility.ts';
import { backoff } from './exact-pow.ts';
import type { Refusal } from './reasons.ts';
import { activeHere, type MemberState } from './state.ts';
import { beginMove, canBeRaised, obstacle } from './switchover.ts';
import { answer, localMembers, refuse, type Turn } from './step-context.ts';
import type { DurationMs, Instant } from './time.ts';

// The planned return to the preferred member. It waits until that member has been well for the hold-down,
// passes the gate, and nothing else is going on. Each failover within the window doubles the hold-down, so a
// member that fails again and again is trusted ever later; past the limit hotwarm stops handing back by itself
// and leaves it to the operator, because flapping costs clients more than a standby that serves.

/** Failovers lengthen the hold-down up to a day. */
const HOLD_DOWN_MAX_MS: DurationMs = 86_400_000;

export function considerFailback(turn: Turn): void {
  const { service, config } = turn;
  if (config.failback.mode !== 'auto' || service.operation !== null || service.observing !== null)
    return;
  const preferred = preferredOf(turn);
  const active = activeHere(service);
  if (active === null || preferred === null || active === preferred.name || service.paused) return;
  const recent = recentFailovers(turn);
  if (service.autoFailbackStopped || recent > config.failback.limit) {
    if (!service.autoFailbackStopped) turn.service = { ...turn.service, autoFailbackStopped: true };
    refuse(turn, {
      code: 'flapping',
      failovers: recent,
      limit: config.failback.limit,
      windowMs: config.failback.windowMs,
    });
    return;
  }
  const dueAt = failbackDueAt(turn, preferred);
  if (dueAt === null || !mayReturn(turn, preferred)) return;
  if (turn.at < dueAt) {
    refuse(turn, { code: 'holdDown', remainingMs: dueAt - turn.at });
    return;
  }
  beginMove(turn, {
    kind: 'failback',
    to: preferred.name,
    cause: { code: 'failback', member: preferred.name },
  });
}

/** null: it is a member of another host, which this one cannot make active. */
function preferredOf(turn: Turn): MemberState | null {
  const [first] = turn.config.members;
  return localMembers(turn).find(({ name }) => name === first?.name) ?? null;
}

function mayReturn(turn: Turn, preferred: MemberState): boolean {
  return admit(turn, preferred).length === 0 || canBeRaised(turn, preferred);
}

function recentFailovers(turn: Turn): number {
  return turn.service.failovers.filter((at) => turn.at - at < turn.config.failback.windowMs).length;
}

/** How long the preferred member must have been well by now. */
function holdDownMs(turn: Turn): DurationMs {
  const { afterMs } = turn.config.failback;
  return backoff(recentFailovers(turn), afterMs, Math.max(afterMs, HOLD_DOWN_MAX_MS));
}

/** When an automatic failback falls due if the preferred member stays well; null: it isn't well. */
function failbackDueAt(turn: Turn, preferred: MemberState): Instant | null {
  const since = wellSince(preferred);
  return since === null ? null : Math.max(since + holdDownMs(turn), turn.service.restUntil);
}

function wellSince(member: MemberState): Instant | null {
  if (member.lifecycle === 'absent')
    return member.repair.fault === null ? (member.failedAt ?? 0) : null;
  if (!member.ready || member.readySince === null) return null;
  if (member.lifecycle === 'frozen') return member.readySince;
  return member.detector.health === 'healthy'
    ? Math.max(member.detector.since, member.readySince)
    : null;
}

/** The next moment at which an automatic failback must be considered. */
export function failbackDeadline(turn: Turn): Instant | null {
  const { service, config } = turn;
  if (config.failback.mode !== 'auto' || service.operation !== null || service.observing !== null)
    return null;
  const preferred = preferredOf(turn);
  if (
    preferred === null ||
    activeHere(service) === preferred.name ||
    service.paused ||
    service.autoFailbackStopped
  )
    return null;
  const dueAt = failbackDueAt(turn, preferred);
  return dueAt !== null && dueAt > turn.at ? dueAt : null;
}

/** Carries out the operator's failback, or says why not. It also lifts the stop that flapping put on automatic ones. */
export function failbackRequested(turn: Turn): void {
  const preferred = preferredOf(turn);
  const refusal = failbackObstacle(turn, preferred);
  if (refusal !== null || preferred === null) {
    answer(turn, refusal);
    return;
  }
  turn.service = { ...turn.service, autoFailbackStopped: false, failovers: [] };
  beginMove(turn, {
    kind: 'failback',
    to: preferred.name,
    cause: { code: 'operator', command: 'failback' },
  });
  answer(turn, null);
}

function failbackObstacle(turn: Turn, preferred: MemberState | null): Refusal | null {
  const { service } = turn;
  if (preferred !== null && activeHere(service) === preferred.name)
    return { code: 'preferredActive' };
  const refusal = obstacle(turn, turn.config.members[0]?.name ?? null);
  if (refusal !== null || preferred === null || mayReturn(turn, preferred)) return refusal;
  return {
    code: 'noCandidate',
    candidates: [
      {
        member: preferred.name,
        refusals: admit(turn, preferred),
      },
    ],
  };
}
