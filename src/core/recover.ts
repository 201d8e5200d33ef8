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
import { localMembers, memberOf, note, updateMember, type StepContext } from './step-context.ts';

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
export function recoverService(context: StepContext, found: readonly FoundMember[]): void {
  const { pending } = context.service;
  context.service = {
    ...context.service,
    pending: [],
    route: null,
    routeNotBefore: context.at,
    trafficUp: true,
  };
  note(context, { code: 'resumed' });
  for (const { name } of localMembers(context)) {
    if (context.config.mode === 'observe') {
      watchAnew(context, memberOf(context, name));
      continue;
    }
    const here = found.find(({ member }) => member === name) ?? null;
    if (here === null) missing(context, memberOf(context, name));
    else present(context, memberOf(context, name), here, pending);
  }
  const { operation } = context.service;
  if (operation?.step === 'taking') {
    retryPlan(context, operation, null, true);
    const { operation: retried } = context.service;
    // The plan did not fail, so there is nothing to wait for.
    if (retried?.step === 'choosing')
      context.service = { ...context.service, operation: { ...retried, notBefore: context.at } };
  }
  if (pending.some((effect) => effect.type === 'recordIncident')) recordIncident(context);
}

/** Somebody else's member: it is watched wherever it stands, as before. */
function watchAnew(context: StepContext, { name, lifecycle, incarnation }: MemberState): void {
  if (lifecycle === 'running') beginWatch(context, name, incarnation + 1, 'healthy');
}

/** Its main process is gone. Of a start that the former agent's end cut short, the member is not to blame. */
function missing(context: StepContext, member: MemberState): void {
  const { name, lifecycle, pid } = member;
  if (lifecycle === 'absent') return;
  const served = lifecycle !== 'starting' && lifecycle !== 'stopping';
  if (served && member.detector.health !== 'failed')
    registerFailure(context, name, null, 'vanished');
  if (served && isBelieved(member)) noteAnswer(context, name);
  const { incarnation } = member;
  const died = { at: context.at, service: context.config.name, member: name, incarnation };
  updateMember(context, name, {
    lifecycle: 'absent',
    pid: null,
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
      : idleDetector(context.at, 'notStarted'),
  });
}

function present(
  context: StepContext,
  member: MemberState,
  found: FoundMember,
  pending: readonly Effect[],
): void {
  const { name, lifecycle } = member;
  const { pid, incarnation } = found;
  if (isDoomed(member, pending)) {
    // It lives, so it may have answered clients while no agent looked on.
    noteAnswer(context, name);
    // Judged, or told to end: it is fenced, whatever it does by now.
    updateMember(context, name, { lifecycle: 'absent', pid: null, readySince: null });
    return;
  }
  const followsEpoch = name === activeHere(context.service) ? null : member.followsEpoch;
  updateMember(context, name, { pid, incarnation, fenced: false, followsEpoch });
  if (lifecycle === 'starting') {
    awaitReady(context, name, []);
  } else if (found.frozen) {
    updateMember(context, name, {
      lifecycle: 'frozen',
      detector: idleDetector(context.at, 'frozen'),
    });
  } else {
    updateMember(context, name, { lifecycle: 'running' });
    beginWatch(context, name, incarnation, 'healthy');
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
