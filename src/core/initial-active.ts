import { localMembers, memberOf, type Turn } from './step-context.ts';

/** The member of this host that should be the first active: whoever held the lease last, else the one that is preferred. */
export function firstActive(turn: Turn): string | null {
  const holder = turn.service.lease.record?.holder.member;
  const [preferred, ...others] = localMembers(turn);
  return (others.find(({ name }) => name === holder) ?? preferred)?.name ?? null;
}

/** Whether anybody may be the first active: the one that should be has failed, or was waited for long enough. */
export function isStartOpen(turn: Turn): boolean {
  const first = firstActive(turn);
  if (first === null || memberOf(turn, first).repair.attempts > 0) return true;
  const { operation } = turn.service;
  if (operation?.kind !== 'start') return false;
  if (operation.attempts > 0) return true;
  if (operation.step !== 'choosing' || operation.deadline === null) return false;
  return turn.at >= operation.deadline;
}
