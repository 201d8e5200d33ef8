import { idleDetector, memberExited } from './detect.ts';
import type { Effect } from './effect.ts';
import type { FoundMember } from './event.ts';
import { recordIncident } from './incident.ts';
import { awaitReady, beginWatch } from './members.ts';
import { startObserver } from './local-health.ts';
import { isBelieved } from './apply-observation.ts';
import { noteAnswer } from './newest-copy.ts';
import { registerFailure } from './rejoin.ts';
import { activeHere, type AgentState, type MemberState } from './state.ts';
import { retryPlan } from './plan-rollback.ts';
import type { Instant } from './time.ts';
import { localMembers, memberOf, note, updateMember, type Turn } from './step-context.ts';

// A new agent goes on from the journal of one that died. The state it read is what the former agent knew when
// it last wrote; what the former one had ordered may or may not have been carried out, and nobody will ever
// report it. So nothing is assumed of orders: what runs is what was found running, what the lease says is what
// the store shows, a plan under way is given up and chosen anew, and whoever was to be fenced and is not proved
// gone is fenced. Members that were well stay untouched, so clients notice nothing.

/** What the whole agent must forget: its predecessor's judgement of itself, and a poll that nobody will answer. */
export function recoverAgent(state: AgentState, at: Instant): AgentState {
  return { ...state, observer: startObserver(at), polling: null };
}

/** Brings the service's state in line with what was found. `decide` then goes on from there. */
export function recoverService(turn: Turn, found: readonly FoundMember[]): void {
  const { pending } = turn.service;
  turn.service = {
    ...turn.service,
    pending: [],
    route: null,
    routeNotBefore: turn.at,
    trafficUp: true,
  };
  note(turn, { code: 'resumed' });
  for (const { name } of localMembers(turn)) {
    if (turn.config.mode === 'observe') {
      watchAnew(turn, memberOf(turn, name));
      continue;
    }
    const here = found.find(({ member }) => member === name) ?? null;
    if (here === null) missing(turn, memberOf(turn, name));
    else present(turn, memberOf(turn, name), here, pending);
  }
  const { operation } = turn.service;
  if (operation?.step === 'taking') {
    retryPlan(turn, operation, null, true);
    const { operation: retried } = turn.service;
    // The plan did not fail, so there is nothing to wait for.
    if (retried?.step === 'choosing')
      turn.service = { ...turn.service, operation: { ...retried, notBefore: turn.at } };
  }
  if (pending.some((effect) => effect.type === 'recordIncident')) recordIncident(turn);
}

/** Somebody else's member: it is watched wherever it stands, as before. */
function watchAnew(turn: Turn, { name, lifecycle, incarnation }: MemberState): void {
  if (lifecycle === 'running') beginWatch(turn, name, incarnation + 1, 'healthy');
}

/** Its main process is gone. Of a start that the former agent's end cut short, the member is not to blame. */
function missing(turn: Turn, member: MemberState): void {
  const { name, lifecycle, pid } = member;
  if (lifecycle === 'absent') return;
  const served = lifecycle !== 'starting' && lifecycle !== 'stopping';
  if (served && member.detector.health !== 'failed') registerFailure(turn, name, null, 'vanished');
  if (served && isBelieved(member)) noteAnswer(turn, name);
  const { incarnation } = member;
  const died = { at: turn.at, service: turn.config.name, member: name, incarnation };
  updateMember(turn, name, {
    lifecycle: 'absent',
    pid: null,
    ready: false,
    readySince: null,
    rehearsingSince: null,
    fenced: false,
    detector: served
      ? memberExited(
          { ...member.detector, watched: false, confirm: null },
          {
            ...died,
            exitCode: null,
            signal: null,
            how: 'vanished',
            pid: pid ?? 0,
          },
        )
      : idleDetector(turn.at, 'notStarted'),
  });
}

function present(
  turn: Turn,
  member: MemberState,
  found: FoundMember,
  pending: readonly Effect[],
): void {
  const { name, lifecycle } = member;
  const { pid, incarnation } = found;
  if (isDoomed(member, pending)) {
    // Judged, or told to end: it is fenced, whatever it does by now.
    updateMember(turn, name, { lifecycle: 'absent', pid: null, ready: false, readySince: null });
    return;
  }
  const followsEpoch = name === activeHere(turn.service) ? null : member.followsEpoch;
  updateMember(turn, name, { pid, incarnation, fenced: false, followsEpoch });
  if (lifecycle === 'starting') {
    awaitReady(turn, name, []);
  } else if (found.frozen) {
    updateMember(turn, name, { lifecycle: 'frozen', detector: idleDetector(turn.at, 'frozen') });
  } else {
    updateMember(turn, name, { lifecycle: 'running' });
    beginWatch(turn, name, incarnation, 'healthy');
  }
}

/** A start whose rejoin was not seen to end is doomed too: nobody knows what it would serve. */
function isDoomed({ name, lifecycle, detector }: MemberState, pending: readonly Effect[]): boolean {
  const ending = pending.some(
    (effect) =>
      (effect.type === 'fenceMember' ||
        effect.type === 'stopMember' ||
        effect.type === 'demoteMember' ||
        effect.type === 'promoteMember' ||
        effect.type === 'rejoinMember') &&
      effect.member === name,
  );
  return (
    ending || lifecycle === 'absent' || lifecycle === 'stopping' || detector.health === 'failed'
  );
}
