import { applyEvent } from './apply.ts';
import { assert } from './assert.ts';
import type { CoreConfig, ServiceConfig } from './config.ts';
import { decide } from './decide.ts';
import { nextDeadlineOf } from './deadlines.ts';
import { expire, isLate } from './detect.ts';
import type { Effect } from './effect.ts';
import { EVENT_KINDS } from './event-kinds.ts';
import type { Event } from './event.ts';
import { applyDetector } from './apply-observation.ts';
import { checkInvariants } from './invariants.ts';
import { noteLateTargets, sampleHost } from './local-health.ts';
import { applyOutcome, assumedResult } from './effect-results.ts';
import { recoverAgent } from './recover.ts';
import type { AgentState, MemberState, ServiceState } from './state.ts';
import { earlier, type Instant } from './time.ts';
import { OUTCOME_GRACE_MS, type StepContext } from './step-context.ts';

// The whole decision: `step(config, state, event) → { state, effects }`. Synchronous, total and deterministic: no clock, no
// randomness, no I/O, no log. An event first updates the known state (observations, results); then `decide` runs for each
// affected service as a whole: decisions depend on the state alone, not on its history. A lost result times out at its
// deadline; a duplicate finds nothing pending.

type StepResult = { readonly state: AgentState; readonly effects: readonly Effect[] };

/** Effects of the agent itself have no service name. */
export const AGENT = '';

const POLL_WITHIN_MS = 5000;
const SHADOW_LIMIT = 200;

/** Decides what follows from one event. `event.at` never decreases. */
export function step(config: CoreConfig, before: AgentState, event: Event): StepResult {
  assert(event.at >= before.at, 'time does not run backwards');
  let state: AgentState = { ...before, at: event.at };
  const effects: Effect[] = [];
  if (event.type === 'agentStarted')
    state = { ...state, started: true, nextIncident: event.nextIncident };
  if (event.type === 'agentRecovered') state = recoverAgent(state, event.at);
  if (event.type === 'hostSampled') {
    state = {
      ...state,
      observer: sampleHost(state.observer, event, event.at, {
        longestTimeoutMs: longestTimeout(config),
      }),
    };
  }
  if (event.type === 'deadlineReached') state = askForPoll(state, event.at, event.dueAt, effects);
  const polled = state.polling !== null && endsPoll(state, event);
  if (polled) state = endPoll(config, state, event.at);
  for (const service of config.services) {
    if (polled || concerns(event, before, service.name))
      state = stepService(config, state, service, event, polled, effects);
  }
  checkInvariants(config, before, state, effects);
  return { state, effects };
}

function longestTimeout(config: CoreConfig): number {
  return Math.max(0, ...config.services.map((service) => service.detection.maxSilenceMs));
}

/** Reads all pending input before a verdict from a deadline: the timer may have fired before it was read. */
function askForPoll(state: AgentState, at: Instant, dueAt: Instant, effects: Effect[]): AgentState {
  if (state.polling !== null) return state;
  const due = state.services.some((service) =>
    service.members.some(
      (member) => member.detector.nextAt !== null && member.detector.nextAt <= at,
    ),
  );
  if (!due) return state;
  const id = state.nextEffect;
  effects.push({
    type: 'drainInput',
    id,
    service: AGENT,
    after: [],
    issuedAt: at,
    withinMs: POLL_WITHIN_MS,
    deadline: at + POLL_WITHIN_MS,
  });
  return { ...state, nextEffect: id + 1, polling: { id, dueAt } };
}

function endsPoll(state: AgentState, event: Event): boolean {
  if (
    event.type === 'effectSucceeded' ||
    event.type === 'effectFailed' ||
    event.type === 'effectTimedOut'
  ) {
    return event.id === state.polling?.id;
  }
  return false;
}

/** Counts the late members before any verdict: if all are late, the observer is probably at fault. */
function endPoll(config: CoreConfig, state: AgentState, at: Instant): AgentState {
  const { observer } = state;
  let [watched, late] = [0, 0];
  for (const { name, detection } of config.services) {
    const known = state.services.find((service) => service.name === name);
    for (const { detector } of known?.members ?? []) {
      if (!detector.watched) continue;
      watched += 1;
      if (isLate(detector, { config: detection, at, observer })) late += 1;
    }
  }
  return { ...state, polling: null, observer: noteLateTargets(observer, { late, watched }, at) };
}

function concerns(event: Event, before: AgentState, service: string): boolean {
  if (EVENT_KINDS[event.type].concerns === 'all') return true;
  if ('service' in event) return event.service === service;
  if (!('id' in event)) return false;
  const named = before.services.find(({ name }) => name === service);
  return named?.pending.some(({ id }) => id === event.id) ?? false;
}

function stepService(
  config: CoreConfig,
  state: AgentState,
  service: ServiceConfig,
  event: Event,
  polled: boolean,
  effects: Effect[],
): AgentState {
  const index = state.services.findIndex((candidate) => candidate.name === service.name);
  const known = state.services[index];
  assert(known !== undefined, 'every configured service has a state');
  const context: StepContext = {
    config: service,
    host: config.host,
    at: event.at,
    observer: state.observer,
    service: known,
    effects,
    shadowed: [],
    hesitations: [],
    nextEffect: state.nextEffect,
    nextIncident: state.nextIncident,
  };
  expireOutcomes(context);
  if (polled) expireDetectors(context);
  applyEvent(context, event);
  if (state.started && !isRoutine(event, known, context.service)) decide(context);
  assumeShadowed(context);
  return {
    ...state,
    services: state.services.with(index, context.service),
    nextEffect: context.nextEffect,
    nextIncident: context.nextIncident,
  };
}

/**
 * A response or a sample that only confirms the known state needs no decision: everything that becomes due has a deadline.
 * Nearly all events are of this kind, so this is the cost of hotwarm in the steady state.
 */
function isRoutine(event: Event, before: ServiceState, after: ServiceState): boolean {
  if (event.type !== 'probeSucceeded' && event.type !== 'trafficSampled') return false;
  if (after.operation !== null || after.observing !== null) return false;
  const isIt = ({ name }: MemberState): boolean => name === event.member;
  const old = before.members.find(isIt);
  const now = after.members.find(isIt);
  return old !== undefined && now !== undefined && isSameToDecide(old, now);
}

function isSameToDecide(old: MemberState, now: MemberState): boolean {
  return (
    old.detector.health === now.detector.health &&
    (old.readySince === null) === (now.readySince === null) &&
    old.rehearsingSince === now.rehearsingSince &&
    now.detector.confirm === null
  );
}

/** A missing result counts as timed out. */
function expireOutcomes(context: StepContext): void {
  for (const effect of context.service.pending) {
    if (context.at < effect.deadline + OUTCOME_GRACE_MS) continue;
    applyOutcome(context, effect, { ok: false, fault: 'timedOut', detail: 'no outcome' });
  }
}

function expireDetectors(context: StepContext): void {
  for (const member of context.service.members) {
    const { nextAt } = member.detector;
    if (nextAt === null || nextAt > context.at) continue;
    applyDetector(
      context,
      member.name,
      expire(context.config.detection, member.detector, context.at, context.observer),
    );
  }
}

/** observe-only: assumes that effects succeeded; the next decision follows from that. */
function assumeShadowed(context: StepContext): void {
  for (let count = 0; count < SHADOW_LIMIT; count += 1) {
    const effect = context.shadowed.shift();
    if (effect === undefined) return;
    if (!context.service.pending.some((pending) => pending.id === effect.id)) continue;
    applyOutcome(context, effect, { ok: true, result: assumedResult(context, effect) });
    decide(context);
  }
  assert(context.shadowed.length === 0, 'what observe-only would do comes to an end');
}

/** When the next `deadlineReached` is due without other events; null: never. */
export function nextDeadline(config: CoreConfig, state: AgentState): Instant | null {
  let next: Instant | null = null;
  for (const service of config.services) {
    const known = state.services.find((candidate) => candidate.name === service.name);
    if (known !== undefined)
      next = earlier(next, nextDeadlineOf(config.host, service, known, state));
  }
  assert(next === null || Number.isFinite(next), 'a deadline is an instant');
  return next;
}
