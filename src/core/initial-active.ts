import { localMembers, memberOf, type StepContext } from './step-context.ts';

/** The member of this host that should be active first: the last holder of the lease, otherwise the preferred member. */
export function firstActive(context: StepContext): string | null {
  const holder = context.service.lease.record?.holder.member;
  const [preferred, ...others] = localMembers(context);
  return (others.find(({ name }) => name === holder) ?? preferred)?.name ?? null;
}

/** Whether any member may be active first: the intended one has failed, or the time to wait for it is over. */
export function isStartOpen(context: StepContext): boolean {
  const first = firstActive(context);
  if (first === null || memberOf(context, first).repair.attempts > 0) return true;
  const { operation } = context.service;
  if (operation?.kind !== 'start') return false;
  if (operation.attempts > 0) return true;
  if (operation.step !== 'choosing' || operation.deadline === null) return false;
  return context.at >= operation.deadline;
}
