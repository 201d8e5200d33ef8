import { rankCandidates } from './candidates.ts';
import { endIncident } from './incident.ts';
import { BAD_WINDOWS } from './outlier-detection.ts';
import type { Cause } from './reasons.ts';
import { activeHere, type MemberState, type Observing } from './state.ts';
import { beginMove } from './switchover.ts';
import { memberOf, note, refuse, type Turn } from './step-context.ts';

// A takeover is only over when the new active is seen to carry the load. For a while its clients' latency
// and errors are compared with the objective. If it falls short it is already at full capacity, so the next
// candidate is tried, the recovered old active among them; each member once in one run of takeovers, so
// that a load which nobody carries does not send the service round in circles.

const REQUESTS_MIN = 20;

export function considerObserving(turn: Turn): void {
  const { observing, operation } = turn.service;
  if (observing === null || operation !== null) return;
  if (activeHere(turn.service) !== observing.member) {
    turn.service = { ...turn.service, observing: null };
    return;
  }
  const member = memberOf(turn, observing.member);
  const shortfall = shortfallOf(turn, member);
  if (shortfall !== null && moveOn(turn, observing, shortfall)) return;
  if (turn.at < observing.until) return;
  const { requests, errors, clientP95Ms } = member.performance;
  note(turn, {
    code: 'observed',
    member: member.name,
    p95Ms: clientP95Ms,
    errorShare: requests > 0 ? errors / requests : null,
  });
  turn.service = { ...turn.service, observing: null };
  endIncident(turn);
}

function shortfallOf(turn: Turn, member: MemberState): Cause | null {
  const { p95Ms: limitMs, errorShare: limit } = turn.config.takeover;
  const { requests, errors, clientP95Ms } = member.performance;
  if (member.detector.quality.badWindows < BAD_WINDOWS || requests < REQUESTS_MIN) return null;
  if (errors / requests > limit)
    return { code: 'takeoverErrors', member: member.name, share: errors / requests, limit };
  if (limitMs !== null && clientP95Ms !== null && clientP95Ms > limitMs) {
    return { code: 'takeoverTooSlow', member: member.name, p95Ms: clientP95Ms, limitMs };
  }
  return null;
}

/** Moves to the next candidate; false when there is none or the operator paused. */
function moveOn(turn: Turn, observing: Observing, cause: Cause): boolean {
  if (turn.service.paused) {
    refuse(turn, { code: 'paused' });
    return false;
  }
  const tried = [...observing.tried, observing.member];
  const ranked = rankCandidates(turn, tried);
  const next = ranked.find((candidate) => candidate.verdict.refusals.length === 0);
  if (next === undefined) {
    refuse(turn, { code: 'noCandidate', candidates: ranked.map(({ verdict }) => verdict) });
    return false;
  }
  turn.service = { ...turn.service, observing: { ...observing, tried } };
  beginMove(turn, { kind: 'switchover', to: next.member.name, cause });
  return true;
}
