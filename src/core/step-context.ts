import { assert } from './assert.ts';
import type { MemberConfig, ServiceConfig } from './config.ts';
import type { Effect, EffectId, EffectOrder } from './effect.ts';
import type { ObserverState } from './local-health.ts';
import type { Refusal } from './reasons.ts';
import type { IncidentEntry, IncidentFact, MemberState, ServiceState } from './state.ts';
import type { Instant } from './time.ts';

// The context of one service during one step. The parts of a decision replace the service state in it and add effects. A
// context exists only during its call of step, so the mutation is local; state and effects are never changed in place.

export type StepContext = {
  readonly config: ServiceConfig;
  readonly host: string;
  readonly at: Instant;
  readonly observer: ObserverState;
  service: ServiceState;
  readonly effects: Effect[];
  /** observe-only: effects that were not issued; their success is assumed. */
  readonly shadowed: Effect[];
  /** Actions that the current decision blocked. */
  readonly hesitations: Refusal[];
  nextEffect: EffectId;
  nextIncident: number;
};

/** For a quick effect: a signal, a write to a cgroup, a timer. */
export const QUICK_MS = 2000;
/** Effects in flight for one service at a time; more is a bug, not load. */
export const PENDING_LIMIT = 64;
export const TIMELINE_LIMIT = 200;
/** A result that is this late counts as lost. */
export const OUTCOME_GRACE_MS = 1000;

const HARMLESS: ReadonlySet<string> = new Set([
  'watchMember',
  'unwatchMember',
  'probeMember',
  'drainInput',
  'cancelEffects',
  'recordIncident',
]);

/** Whether observe-only may issue the effect, because it changes only what hotwarm knows. */
export function isHarmless(type: EffectOrder['type']): boolean {
  return HARMLESS.has(type);
}

/** Issues an effect that must end within `withinMs`, without dependencies that have already ended. */
export function issue(
  context: StepContext,
  order: EffectOrder,
  options: { withinMs: number; after?: readonly (EffectId | null)[] },
): EffectId {
  const id = context.nextEffect;
  context.nextEffect += 1;
  const pendingIds = new Set(context.service.pending.map((effect) => effect.id));
  const after = (options.after ?? []).filter(
    (dep): dep is EffectId => dep !== null && pendingIds.has(dep),
  );
  const waitsUntil = Math.max(
    context.at,
    ...context.service.pending.filter((e) => after.includes(e.id)).map((e) => e.deadline),
  );
  const effect: Effect = {
    ...order,
    id,
    service: context.config.name,
    after,
    issuedAt: context.at,
    withinMs: options.withinMs,
    deadline: waitsUntil + options.withinMs,
  };
  assert(context.service.pending.length < PENDING_LIMIT, 'effects in flight are bounded');
  context.service = { ...context.service, pending: [...context.service.pending, effect] };
  if (isTold(order.type)) {
    note(context, {
      code: 'ordered',
      effect: order.type,
      id,
      member: 'member' in order ? order.member : null,
    });
  }
  if (context.config.mode === 'observe' && !isHarmless(order.type)) context.shadowed.push(effect);
  else context.effects.push(effect);
  return id;
}

/** Whether effects of this type appear in an incident's timeline: all that act, except routine renewals. */
export function isTold(type: EffectOrder['type']): boolean {
  return !isHarmless(type) && type !== 'renewLease';
}

/** Cancels effects that have not begun. */
export function cancel(context: StepContext, ids: readonly (EffectId | null)[]): void {
  const waiting = context.service.pending.filter((effect) => ids.includes(effect.id));
  if (waiting.length === 0) return;
  issue(
    context,
    { type: 'cancelEffects', ids: waiting.map((effect) => effect.id) },
    { withinMs: QUICK_MS },
  );
}

export function memberOf(context: StepContext, name: string): MemberState {
  const member = context.service.members.find((candidate) => candidate.name === name);
  assert(member !== undefined, `${name} is a member of ${context.config.name}`);
  return member;
}

/** The members of this host, the only ones that it controls and knows. */
export function localMembers(context: StepContext): readonly MemberState[] {
  return context.service.members.filter(({ host }) => host === context.host);
}

export function memberConfigOf(context: StepContext, name: string): MemberConfig {
  const member = context.config.members.find((candidate) => candidate.name === name);
  assert(member !== undefined, `${name} is configured in ${context.config.name}`);
  return member;
}

export function updateMember(
  context: StepContext,
  name: string,
  change: Partial<MemberState>,
): void {
  context.service = {
    ...context.service,
    members: context.service.members.map((member) =>
      member.name === name ? { ...member, ...change } : member,
    ),
  };
}

/** Whether an effect of one of these types is pending for the member. */
export function isPending(
  context: StepContext,
  member: string,
  types: readonly EffectOrder['type'][],
): boolean {
  return context.service.pending.some(
    (effect) => types.includes(effect.type) && 'member' in effect && effect.member === member,
  );
}

/** Adds a line to the timeline of the current incident, if there is one. */
export function note(context: StepContext, fact: IncidentFact, at: Instant = context.at): void {
  const { incident } = context.service;
  if (incident === null || incident.endedAt !== null) return;
  if (incident.timeline.length >= TIMELINE_LIMIT) return;
  const entry: IncidentEntry = { at, ...fact };
  context.service = {
    ...context.service,
    incident: { ...incident, timeline: [...incident.timeline, entry] },
  };
}

/** Notes a blocked action. */
export function refuse(context: StepContext, refusal: Refusal): void {
  context.hesitations.push(refusal);
}

/** Ends a decision: its blocked actions are current, since now or since an earlier decision; all others are dropped. */
export function settleRefusals(context: StepContext): void {
  const before = context.service.refusals;
  const fresh = context.hesitations
    .splice(0)
    .filter((refusal, index, all) => all.findIndex(({ code }) => code === refusal.code) === index);
  const refusals = fresh.map(
    (refusal) =>
      before.find((standing) => standing.refusal.code === refusal.code) ?? {
        at: context.at,
        refusal,
      },
  );
  for (const standing of refusals) {
    if (!before.includes(standing)) note(context, { code: 'refused', refusal: standing.refusal });
  }
  const isSame =
    refusals.length === before.length && refusals.every((standing) => before.includes(standing));
  if (!isSame) context.service = { ...context.service, refusals };
}

/** The result of a command; null: accepted. */
export function answer(context: StepContext, refusal: Refusal | null): void {
  context.service = { ...context.service, lastCommand: { at: context.at, refusal } };
}
