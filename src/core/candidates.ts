import { unreachable } from './assert.ts';
import { admit } from './eligibility.ts';
import { byCopy } from './newest-copy.ts';
import type { CandidateVerdict, GateRefusal } from './reasons.ts';
import type { MemberState } from './state.ts';
import { isPending, localMembers, type StepContext } from './step-context.ts';

// Who could take over, best first. Every standby goes through the gate; those that pass are ordered by
// their copies, the newest first, then by how soon they can serve (a running one needs nothing, a frozen one a thaw), then
// by whether they failed just now, then by the order of the configuration, which is the user's own preference. Deterministic: equal members
// always come out in the same order.

export type Candidate = {
  readonly member: MemberState;
  /** 0: serves now. 1: after a thaw. 2: must be started first. */
  readonly distance: 0 | 1 | 2;
  readonly verdict: CandidateVerdict;
  /** Refused for being slow or unrehearsed only: it could serve if nobody better does. */
  readonly couldServe: boolean;
};

/** All members that may be considered, in the order in which they should be. */
export function rankCandidates(
  context: StepContext,
  excluded: readonly string[],
): readonly Candidate[] {
  return localMembers(context)
    .filter((member) => !excluded.includes(member.name))
    .map((member, index) => ({ candidate: toCandidate(context, member), index }))
    .toSorted(
      (a, b) =>
        severityOf(a.candidate) - severityOf(b.candidate) ||
        a.candidate.verdict.refusals.length - b.candidate.verdict.refusals.length ||
        byCopy(context.service, a.candidate.member, b.candidate.member) ||
        a.candidate.distance - b.candidate.distance ||
        failedNow(context, a.candidate.member) - failedNow(context, b.candidate.member) ||
        a.index - b.index,
    )
    .map(({ candidate }) => candidate);
}

function toCandidate(context: StepContext, member: MemberState): Candidate {
  const refusals = refusalsOf(context, member);
  return {
    member,
    distance: distanceOf(member),
    verdict: { member: member.name, refusals },
    couldServe: refusals.every(
      (refusal) => refusal.code === 'tooSlow' || refusal.code === 'notRehearsed',
    ),
  };
}

/** However many mild refusals weigh less than one that keeps a member from serving at all. */
function severityOf({ verdict, couldServe }: Candidate): 0 | 1 | 2 {
  if (verdict.refusals.length === 0) return 0;
  return couldServe ? 1 : 2;
}

/** A member that is being rejoined is not ready, however well it answers: its promotion and the rejoin would undo each other. */
function refusalsOf(context: StepContext, member: MemberState): readonly GateRefusal[] {
  const refusals = admit(context, member);
  const isRejoining = isPending(context, member.name, ['rejoinMember']);
  if (!isRejoining || refusals.some(({ code }) => code === 'notReady')) return refusals;
  const { lifecycle, detector } = member;
  return [{ code: 'notReady', health: detector.health, lifecycle }, ...refusals];
}

function distanceOf(member: MemberState): 0 | 1 | 2 {
  switch (member.lifecycle) {
    case 'running':
      return 0;
    case 'frozen':
    case 'freezing':
    case 'thawing':
      return 1;
    case 'absent':
    case 'starting':
    case 'stopping':
      return 2;
    default:
      return unreachable(member.lifecycle);
  }
}

/** A member that failed in the operation under way comes after one that did not. */
function failedNow(context: StepContext, member: MemberState): 0 | 1 {
  const { operation } = context.service;
  return operation !== null && member.failedAt !== null && member.failedAt >= operation.startedAt
    ? 1
    : 0;
}

/** Members that the data plane may use at once when the active one dies: running, passing, never where exclusive. */
export function fallbacksOf(context: StepContext, active: string): readonly string[] {
  if (context.config.exclusive || context.service.paused) return [];
  return rankCandidates(context, [active])
    .filter(({ member, distance, verdict }) => {
      const isLeaving = isPending(context, member.name, ['fenceMember', 'stopMember']);
      return distance === 0 && verdict.refusals.length === 0 && !isLeaving;
    })
    .map((candidate) => candidate.member.name);
}
