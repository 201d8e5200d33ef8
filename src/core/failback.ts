import { admit } from './eligibility.ts';
import { backoff } from './exact-pow.ts';
import type { Refusal } from './reasons.ts';
import { activeHere, type MemberState } from './state.ts';
import { beginMove, canBeRaised, obstacle } from './switchover.ts';
import { answer, localMembers, refuse, type StepContext } from './step-context.ts';
import type { DurationMs, Instant } from './time.ts';

// The planned return to the preferred member. It waits until that member has been healthy for the hold-down, is eligible,
// and no other operation is in progress. Each failover within the window doubles the hold-down: a member that keeps
// failing must wait longer. Above the limit automatic failback stops until an operator requests one, because flapping
// costs clients more than running on a standby.

/** Upper limit of the hold-down: a day. */
const HOLD_DOWN_MAX_MS: DurationMs = 86_400_000;

export function considerFailback(context: StepContext): void {
  const { service, config } = context;
  if (config.failback.mode !== 'auto' || service.operation !== null || service.observing !== null)
    return;
  const preferred = preferredOf(context);
  const active = activeHere(service);
  if (active === null || preferred === null || active === preferred.name || service.paused) return;
  const recent = recentFailovers(context);
  if (service.autoFailbackStopped || recent > config.failback.maxFailovers) {
    if (!service.autoFailbackStopped)
      context.service = { ...context.service, autoFailbackStopped: true };
    refuse(context, {
      code: 'flapping',
      failovers: recent,
      limit: config.failback.maxFailovers,
      windowMs: config.failback.windowMs,
    });
    return;
  }
  const dueAt = failbackDueAt(context, preferred);
  if (dueAt === null || !mayReturn(context, preferred)) return;
  if (context.at < dueAt) {
    refuse(context, { code: 'holdDown', remainingMs: dueAt - context.at });
    return;
  }
  beginMove(context, {
    kind: 'failback',
    to: preferred.name,
    cause: { code: 'failback', member: preferred.name },
  });
}

/** null: a member of another host, which this host cannot promote. */
function preferredOf(context: StepContext): MemberState | null {
  const [first] = context.config.members;
  return localMembers(context).find(({ name }) => name === first?.name) ?? null;
}

function mayReturn(context: StepContext, preferred: MemberState): boolean {
  return admit(context, preferred).length === 0 || canBeRaised(context, preferred);
}

function recentFailovers(context: StepContext): number {
  return context.service.failovers.filter(
    (at) => context.at - at < context.config.failback.windowMs,
  ).length;
}

/** Required healthy time of the preferred member. */
function holdDownMs(context: StepContext): DurationMs {
  const { afterMs } = context.config.failback;
  return backoff(recentFailovers(context), afterMs, Math.max(afterMs, HOLD_DOWN_MAX_MS));
}

/** When an automatic failback is due if the preferred member stays healthy; null: it is not healthy. */
function failbackDueAt(context: StepContext, preferred: MemberState): Instant | null {
  const since = wellSince(preferred);
  return since === null
    ? null
    : Math.max(since + holdDownMs(context), context.service.failbackNotBefore);
}

function wellSince(member: MemberState): Instant | null {
  if (member.lifecycle === 'absent')
    return member.repair.fault === null ? (member.failedAt ?? 0) : null;
  if (member.readySince === null) return null;
  if (member.lifecycle === 'frozen') return member.readySince;
  return member.detector.health === 'healthy'
    ? Math.max(member.detector.since, member.readySince)
    : null;
}

/** The next instant at which an automatic failback must be considered. */
export function failbackDeadline(context: StepContext): Instant | null {
  const { service, config } = context;
  if (config.failback.mode !== 'auto' || service.operation !== null || service.observing !== null)
    return null;
  const preferred = preferredOf(context);
  if (
    preferred === null ||
    activeHere(service) === preferred.name ||
    service.paused ||
    service.autoFailbackStopped
  )
    return null;
  const dueAt = failbackDueAt(context, preferred);
  return dueAt !== null && dueAt > context.at ? dueAt : null;
}

/** Executes an operator's failback, or refuses it with the reason. It also re-enables automatic failback after flapping. */
export function failbackRequested(context: StepContext): void {
  const preferred = preferredOf(context);
  const refusal = failbackObstacle(context, preferred);
  if (refusal !== null || preferred === null) {
    answer(context, refusal);
    return;
  }
  context.service = { ...context.service, autoFailbackStopped: false, failovers: [] };
  beginMove(context, {
    kind: 'failback',
    to: preferred.name,
    cause: { code: 'operator', command: 'failback' },
  });
  answer(context, null);
}

function failbackObstacle(context: StepContext, preferred: MemberState | null): Refusal | null {
  const { service } = context;
  if (preferred !== null && activeHere(service) === preferred.name)
    return { code: 'preferredActive' };
  const refusal = obstacle(context, context.config.members[0]?.name ?? null);
  if (refusal !== null || preferred === null || mayReturn(context, preferred)) return refusal;
  return {
    code: 'noCandidate',
    candidates: [
      {
        member: preferred.name,
        refusals: admit(context, preferred),
      },
    ],
  };
}
