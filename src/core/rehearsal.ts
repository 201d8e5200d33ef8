import type { MemberState } from './state.ts';
import type { Instant } from './time.ts';
import { localMembers, updateMember, type StepContext } from './step-context.ts';
import { standingOf } from './temperature.ts';

// Rehearsals: a frozen or cold standby regularly proves that it can still serve. It is prepared, must respond, and returns
// to its temperature. Only if `takeover.maxRehearsalAge` is set, in the steady phase, one standby at a time, and early
// enough to repeat a failed attempt before the last success is too old.

/** The next rehearsal is due after this share of the maximum age. */
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

/** When the next rehearsal is due; null: the member is always probed, or rehearsals are not configured. */
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
