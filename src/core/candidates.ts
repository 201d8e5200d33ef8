import { unreachable } from './assert.ts';
import { admit } from './eligibility.ts';
import { byCopy } from './newest-copy.ts';
import type { CandidateVerdict, GateRefusal } from './reasons.ts';
import type { MemberState } from './state.ts';
import { isPending, localMembers, type StepContext } from './step-context.ts';

// The candidates for a takeover, best first. Every standby gets an eligibility check. Eligible members are ordered by their
// copies, newest first; then by how soon they can serve (running, frozen, cold); then by whether they failed during this
// operation; then by the order of the configuration, which is the user's preference. The order is deterministic.

export type Candidate = {
  readonly member: MemberState;
  /** 0: can serve now. 1: needs a thaw. 2: needs a start. */
  readonly distance: 0 | 1 | 2;
  readonly verdict: CandidateVerdict;
  /** Only too slow or not rehearsed: can serve if no better member can. */
  readonly couldServe: boolean;
};

/** All candidates, in the order of preference. */
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

/** Any number of minor reasons weighs less than one that prevents a member from serving. */
function severityOf({ verdict, couldServe }: Candidate): 0 | 1 | 2 {
  if (verdict.refusals.length === 0) return 0;
  return couldServe ? 1 : 2;
}

/** A member that is rejoining is not ready, even if it responds: its promotion would conflict with the rejoin. */
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

/** Members that failed during the current operation come last. */
function failedNow(context: StepContext, member: MemberState): 0 | 1 {
  const { operation } = context.service;
  return operation !== null && member.failedAt !== null && member.failedAt >= operation.startedAt
    ? 1
    : 0;
}

/** Members that the data plane may use at once if the active member fails: running and eligible; none if exclusive. */
export function fallbacksOf(context: StepContext, active: string): readonly string[] {
  if (context.config.exclusive || context.service.paused) return [];
  return rankCandidates(context, [active])
    .filter(({ member, distance, verdict }) => {
      const isLeaving = isPending(context, member.name, ['fenceMember', 'stopMember']);
      return distance === 0 && verdict.refusals.length === 0 && !isLeaving;
    })
    .map((candidate) => candidate.member.name);
}
