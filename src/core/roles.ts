import type { EffectId } from './effect.ts';
import { activeHere, type MemberState } from './state.ts';
import { issue, updateMember, type StepContext } from './step-context.ts';

// Roles of members that have them: the active member is promoted, each standby follows the active one. Each member gets its
// role once per epoch, and again after a start or a recovery, because its own view of the role is then unknown.

/** Promotes the active member again: a lost effect of an old agent may have demoted it. */
export function mustLead(context: StepContext, { name, followsEpoch }: MemberState): boolean {
  const { operation, epoch } = context.service;
  const active = activeHere(context.service);
  if (!context.config.abilities.promote || active !== name || operation !== null) return false;
  if (followsEpoch === epoch) return false;
  issue(
    context,
    { type: 'promoteMember', member: name, epoch },
    { withinMs: context.config.timeouts.promoteMs },
  );
  return true;
}

/** Makes a running standby follow the current active member: it may have followed another one, or have diverged. */
export function mustFollow(context: StepContext, member: MemberState): boolean {
  const { operation, epoch } = context.service;
  const active = activeHere(context.service);
  if (!context.config.abilities.rejoin || active === null || active === member.name) return false;
  if (operation !== null || member.followsEpoch === epoch) return false;
  follow(context, member.name, active, []);
  return true;
}

export function follow(
  context: StepContext,
  name: string,
  active: string,
  after: readonly EffectId[],
): EffectId {
  updateMember(context, name, { followsEpoch: context.service.epoch, position: null });
  return issue(
    context,
    { type: 'rejoinMember', member: name, active },
    { withinMs: context.config.timeouts.rejoinMs, after },
  );
}
