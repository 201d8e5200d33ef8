import type { EffectId } from './effect.ts';
import { activeHere, type MemberState } from './state.ts';
import { issue, updateMember, type StepContext } from './step-context.ts';

// Where members have roles each is told its own: the active that it is, a standby whom it follows. It is told once for each epoch,
// and again after it was started or found by a new agent, as nobody knows what it takes itself for by then.

/** Tells the active again that it is: what a former agent ordered last, and nobody wrote down, may have ended that. */
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

/** Orders a running standby to follow an active that it has not been told of: it may have been another's, or have diverged. */
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
