import type { Cause } from './reasons.ts';
import type { Incident, StepTimes } from './state.ts';
import type { Instant } from './time.ts';
import { assert } from './assert.ts';
import { issue, note, type StepContext } from './step-context.ts';

// The record of one takeover, from the first evidence to the steady state: observations, decisions with their reasons,
// candidates, and the time of each step. It is part of the state, so a replay of the journal produces the same record.

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
  context: StepContext,
  options: { kind: Incident['kind']; cause: Cause; from: string | null; wellUntil: Instant | null },
): number {
  const { incident: former } = context.service;
  assert(former === null || former.endedAt !== null, 'one incident at a time is open');
  const id = context.nextIncident;
  context.nextIncident += 1;
  const from = context.service.members.find((member) => member.name === options.from);
  const failed = options.cause.code === 'memberFailed' || options.cause.code === 'memberDegraded';
  const evidence = failed && from !== undefined ? from.detector.evidence : [];
  const incident: Incident = {
    id,
    service: context.config.name,
    kind: options.kind,
    cause: options.cause,
    from: options.from,
    to: null,
    epoch: null,
    observeOnly: context.config.mode === 'observe',
    outcome: 'underWay',
    wellUntil: options.wellUntil,
    startedAt: evidence[0]?.at ?? context.at,
    verdictAt: context.at,
    servedAt: null,
    endedAt: null,
    outageMs: null,
    steps: {
      ...NO_STEPS,
      detectMs: options.wellUntil === null ? null : context.at - options.wellUntil,
    },
    evidence,
    candidates: [],
    timeline: [],
  };
  context.service = { ...context.service, incident };
  for (const item of evidence)
    note(context, { code: 'evidence', member: options.from ?? '', evidence: item }, item.at);
  return id;
}

export function updateIncident(
  context: StepContext,
  change: (incident: Incident) => Partial<Incident>,
): void {
  const { incident } = context.service;
  if (incident === null || incident.endedAt !== null) return;
  context.service = { ...context.service, incident: { ...incident, ...change(incident) } };
}

/** A member is serving clients again; only the first such instant counts. */
export function noteServed(context: StepContext, member: string, at: Instant = context.at): void {
  const { incident } = context.service;
  if (incident === null || incident.servedAt !== null || incident.endedAt !== null) return;
  note(context, { code: 'served', member }, at);
  updateIncident(context, (current) => ({
    servedAt: at,
    outageMs: current.wellUntil === null ? 0 : Math.max(0, at - current.wellUntil),
  }));
}

/** Sets the outcome; the record stays open during the probation of the new active member. */
export function settleIncident(context: StepContext, outcome: Incident['outcome']): void {
  updateIncident(context, () => ({ outcome }));
  recordIncident(context);
}

export function endIncident(context: StepContext): void {
  const { incident } = context.service;
  if (incident === null || incident.endedAt !== null) return;
  const outcome = incident.outcome === 'underWay' ? 'aborted' : incident.outcome;
  note(context, { code: 'ended', outcome });
  updateIncident(context, () => ({ endedAt: context.at, outcome }));
  recordIncident(context);
}

/** Writes the newest incident to the store. */
export function recordIncident(context: StepContext): void {
  const { incident } = context.service;
  if (incident === null) return;
  issue(context, { type: 'recordIncident', incident: incident.id }, { withinMs: RECORD_WITHIN_MS });
}
