import type { ProbeFault } from '../../../core/reasons.ts';
import type { Context } from './context.ts';
import type { Member } from './member.ts';
import type { Upstream } from './upstream.ts';

/** Holds a lost connection against its member: in its record, in the report to the agent, and in the choice of members. */
export function blame(
  { failures, router }: Context,
  member: Member,
  upstream: Upstream,
  fault: ProbeFault,
): void {
  const connecting = fault === 'timeout' && !upstream.ready;
  // Other connections were accepted meanwhile: more requests come than the member's accept queue holds.
  if (connecting && member.connects.hasAcceptedSince(upstream.waitingSince)) return;
  if (!upstream.answering) member.record.unanswered();
  // A silent member or one that sends nonsense is alive; one that cannot be reached is as good as dead.
  const alive = fault === 'badAnswer' || (fault === 'timeout' && upstream.ready);
  if (!alive) {
    router.markDead(member.name);
    member.cutQueued();
  }
  failures.add(member.name, fault);
}
