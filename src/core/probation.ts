import { rankCandidates } from './candidates.ts';
import { endIncident } from './incident.ts';
import { BAD_WINDOWS } from './outlier-detection.ts';
import type { Cause } from './reasons.ts';
import { activeHere, type MemberState, type Observing } from './state.ts';
import { beginMove } from './switchover.ts';
import { memberOf, note, refuse, type StepContext } from './step-context.ts';

// A takeover is complete only when the new active member carries the load. For a while hotwarm compares the latency and
// errors of its clients with the limits. If it fails, it already runs at full capacity, so the next candidate is tried,
// including the recovered old active member. Each member is tried once in one run of takeovers: a load that no member can
// carry must not cause endless switching.

const REQUESTS_MIN = 20;

export function considerObserving(context: StepContext): void {
  const { observing, operation } = context.service;
  if (observing === null || operation !== null) return;
  if (activeHere(context.service) !== observing.member) {
    context.service = { ...context.service, observing: null };
    return;
  }
  const member = memberOf(context, observing.member);
  const shortfall = shortfallOf(context, member);
  if (shortfall !== null && moveOn(context, observing, shortfall)) return;
  if (context.at < observing.until) return;
  const { requests, errors, clientP95Ms } = member.performance;
  note(context, {
    code: 'observed',
    member: member.name,
    p95Ms: clientP95Ms,
    errorShare: requests > 0 ? errors / requests : null,
  });
  context.service = { ...context.service, observing: null };
  endIncident(context);
}

function shortfallOf(context: StepContext, member: MemberState): Cause | null {
  const { p95Ms: limitMs, errorShare: limit } = context.config.takeover;
  const { requests, errors, clientP95Ms } = member.performance;
  if (member.detector.quality.badWindows < BAD_WINDOWS || requests < REQUESTS_MIN) return null;
  if (errors / requests > limit)
    return { code: 'takeoverErrors', member: member.name, share: errors / requests, limit };
  if (limitMs !== null && clientP95Ms !== null && clientP95Ms > limitMs) {
    return { code: 'takeoverTooSlow', member: member.name, p95Ms: clientP95Ms, limitMs };
  }
  return null;
}

/** Switches to the next candidate; false if there is none or the service is paused. */
function moveOn(context: StepContext, observing: Observing, cause: Cause): boolean {
  if (context.service.paused) {
    refuse(context, { code: 'paused' });
    return false;
  }
  const tried = [...observing.tried, observing.member];
  const ranked = rankCandidates(context, tried);
  const next = ranked.find((candidate) => candidate.verdict.refusals.length === 0);
  if (next === undefined) {
    refuse(context, { code: 'noCandidate', candidates: ranked.map(({ verdict }) => verdict) });
    return false;
  }
  context.service = { ...context.service, observing: { ...observing, tried } };
  beginMove(context, { kind: 'switchover', to: next.member.name, cause });
  return true;
}
