import type { MemberState } from './state.ts';
import type { Instant } from './time.ts';
import { localMembers, updateMember, type StepContext } from './step-context.ts';
import { standingOf } from './temperature.ts';

// A standby that stands by unseen (frozen, cold) proves now and then that it can still serve: it is raised,
// answers, and goes back to its temperature. Only where the gate asks for it (takeover.rehearsed), in quiet,
// one standby at a time, and early enough that a failed attempt can be repeated before the proof is too old.

/** The next rehearsal falls due when this share of the proof's validity has passed. */
const DUE_SHARE = 0.5;

export function considerRehearsal(context: StepContext): void {
  const { service } = context;
  if (
    service.leadership.who === 'nobody' ||
    service.operation !== null ||
    service.observing !== null ||
    service.paused
  )
    return;
  const members = localMembers(context);
  if (members.some((member) => member.rehearsingSince !== null)) return;
  const due = members.find((member) => {
    const dueAt = rehearsalDueAt(context.config.takeover.maxRehearsalAgeMs, member);
    return dueAt !== null && dueAt <= context.at;
  });
  if (due !== undefined) updateMember(context, due.name, { rehearsingSince: context.at });
}

/** When the member must be rehearsed next; null: it is seen all the time, or nobody asks. */
export function rehearsalDueAt(withinMs: number | null, member: MemberState): Instant | null {
  if (withinMs === null || member.role === 'active' || member.rehearsingSince !== null) return null;
  const unseen =
    member.lifecycle === 'frozen' ||
    (member.lifecycle === 'absent' && standingOf(member.temperature) === 'absent');
  if (!unseen) return null;
  return member.rehearsedAt === null
    ? member.repair.notBefore
    : Math.max(member.rehearsedAt + withinMs * DUE_SHARE, member.repair.notBefore);
}
