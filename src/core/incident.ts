import type { Cause } from './reasons.ts';
import type { Incident, StepTimes } from './state.ts';
import type { Instant } from './time.ts';
import { assert } from './assert.ts';
import { issue, note, type Turn } from './step-context.ts';

// The record of one failover, from the first evidence to the steady state: what was seen, what was
// decided and why, who else was considered, and how long each step took. It is part of the state, so a
// replay of the journal makes the same record again.

const RECORD_WITHIN_MS = 5000;

const NO_STEPS: StepTimes = {
  detectMs: null,
  decideMs: null,
  fenceMs: null,
  promoteMs: null,
  switchMs: null,
};

/** Opens an incident and makes it the service's newest. */
export function openIncident(
  turn: Turn,
  options: { kind: Incident['kind']; cause: Cause; from: string | null; wellUntil: Instant | null },
): number {
  const { incident: former } = turn.service;
  assert(former === null || former.endedAt !== null, 'one incident at a time is open');
  const id = turn.nextIncident;
  turn.nextIncident += 1;
  const from = turn.service.members.find((member) => member.name === options.from);
  const failed = options.cause.code === 'memberFailed' || options.cause.code === 'memberDegraded';
  const evidence = failed && from !== undefined ? from.detector.evidence : [];
  const incident: Incident = {
    id,
    service: turn.config.name,
    kind: options.kind,
    cause: options.cause,
    from: options.from,
    to: null,
    epoch: null,
    observeOnly: turn.config.mode === 'observe',
    outcome: 'underWay',
    wellUntil: options.wellUntil,
    startedAt: evidence[0]?.at ?? turn.at,
    verdictAt: turn.at,
    servedAt: null,
    endedAt: null,
    outageMs: null,
    steps: {
      ...NO_STEPS,
      detectMs: options.wellUntil === null ? null : turn.at - options.wellUntil,
    },
    evidence,
    candidates: [],
    timeline: [],
  };
  turn.service = { ...turn.service, incident };
  for (const item of evidence)
    note(turn, { code: 'evidence', member: options.from ?? '', evidence: item }, item.at);
  return id;
}

export function updateIncident(
  turn: Turn,
  change: (incident: Incident) => Partial<Incident>,
): void {
  const { incident } = turn.service;
  if (incident === null || incident.endedAt !== null) return;
  turn.service = { ...turn.service, incident: { ...incident, ...change(incident) } };
}

/** Somebody answers clients again; only the first such moment counts. */
export function noteServed(turn: Turn, member: string, at: Instant = turn.at): void {
  const { incident } = turn.service;
  if (incident === null || incident.servedAt !== null || incident.endedAt !== null) return;
  note(turn, { code: 'served', member }, at);
  updateIncident(turn, (current) => ({
    servedAt: at,
    outageMs: current.wellUntil === null ? 0 : Math.max(0, at - current.wellUntil),
  }));
}

/** The outcome is known; the record stays open while the new active is being observed. */
export function settleIncident(turn: Turn, outcome: Incident['outcome']): void {
  updateIncident(turn, () => ({ outcome }));
  recordIncident(turn);
}

export function endIncident(turn: Turn): void {
  const { incident } = turn.service;
  if (incident === null || incident.endedAt !== null) return;
  const outcome = incident.outcome === 'underWay' ? 'aborted' : incident.outcome;
  note(turn, { code: 'ended', outcome });
  updateIncident(turn, () => ({ endedAt: turn.at, outcome }));
  recordIncident(turn);
}

/** Writes the newest incident, as it is then, to the store. */
export function recordIncident(turn: Turn): void {
  const { incident } = turn.service;
  if (incident === null) return;
  issue(turn, { type: 'recordIncident', incident: incident.id }, { withinMs: RECORD_WITHIN_MS });
}
