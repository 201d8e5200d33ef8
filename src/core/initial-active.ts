import { localMembers, memberOf, type StepContext } from './step-context.ts';

/** The member of this host that should be the first active: whoever held the lease last, else the one that is preferred. */
export function firstActive(context: StepContext): string | null {
  const holder = context.service.lease.record?.holder.member;
  const [preferred, ...others] = localMembers(context);
  return (others.find(({ name }) => name === holder) ?? preferred)?.name ?? null;
}

/** Whether anybody may be the first active: the one that should be has failed, or was waited for long enough. */
export function isStartOpen(context: StepContext): boolean {
  const first = firstActive(context);
  if (first === null || memberOf(context, first).repair.attempts > 0) return true;
  const { operation } = context.service;
  if (operation?.kind !== 'start') return false;
  if (operation.attempts > 0) return true;
  if (operation.step !== 'choosing' || operation.deadline === null) return false;
  return context.at >= operation.deadline;
}
