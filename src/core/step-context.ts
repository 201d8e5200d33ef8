import { assert } from './assert.ts';
import type { MemberConfig, ServiceConfig } from './config.ts';
import type { Effect, EffectId, EffectOrder } from './effect.ts';
import type { ObserverState } from './local-health.ts';
import type { Refusal } from './reasons.ts';
import type { IncidentEntry, IncidentFact, MemberState, ServiceState } from './state.ts';
import type { Instant } from './time.ts';

// One service during one step. The parts of the decision take a turn, replace its service state by a
// new one and add effects to it. A turn lives only as long as the call of step that made it, so the
// mutation stays inside; state and effects themselves are never changed in place.

export type Turn = {
  readonly config: ServiceConfig;
  readonly host: string;
  readonly at: Instant;
  readonly observer: ObserverState;
  service: ServiceState;
  readonly effects: Effect[];
  /** observe-only: effects that would have been issued and whose success is assumed. */
  readonly shadowed: Effect[];
  /** What the decision in hand considered and did not do. */
  readonly hesitations: Refusal[];
  nextEffect: EffectId;
  nextIncident: number;
};

/** For an order that takes the host a moment: a signal, a write to a cgroup, a timer. */
export const QUICK_MS = 2000;
/** Effects in flight for one service at a time; more is a bug, not load. */
export const PENDING_LIMIT = 64;
export const TIMELINE_LIMIT = 200;
/** An outcome that comes this long after its deadline will not come any more. */
export const OUTCOME_GRACE_MS = 1000;

const HARMLESS: ReadonlySet<string> = new Set([
  'watchMember',
  'unwatchMember',
  'probeMember',
  'drainInput',
  'cancelEffects',
  'recordIncident',
]);

/** Whether an effect changes nothing but what hotwarm itself knows, so that observe-only may issue it. */
export function isHarmless(type: EffectOrder['type']): boolean {
  return HARMLESS.has(type);
}

/** Issues an effect that must end within `withinMs`. Dependencies that already ended are left out. */
export function issue(
  turn: Turn,
  order: EffectOrder,
  options: { withinMs: number; after?: readonly (EffectId | null)[] },
): EffectId {
  const id = turn.nextEffect;
  turn.nextEffect += 1;
  const pendingIds = new Set(turn.service.pending.map((effect) => effect.id));
  const after = (options.after ?? []).filter(
    (dep): dep is EffectId => dep !== null && pendingIds.has(dep),
  );
  const waitsUntil = Math.max(
    turn.at,
    ...turn.service.pending.filter((e) => after.includes(e.id)).map((e) => e.deadline),
  );
  const effect: Effect = {
    ...order,
    id,
    service: turn.config.name,
    after,
    issuedAt: turn.at,
    withinMs: options.withinMs,
    deadline: waitsUntil + options.withinMs,
  };
  assert(turn.service.pending.length < PENDING_LIMIT, 'effects in flight are bounded');
  turn.service = { ...turn.service, pending: [...turn.service.pending, effect] };
  if (isTold(order.type)) {
    note(turn, {
      code: 'ordered',
      effect: order.type,
      id,
      member: 'member' in order ? order.member : null,
    });
  }
  if (turn.config.mode === 'observe' && !isHarmless(order.type)) turn.shadowed.push(effect);
  else turn.effects.push(effect);
  return id;
}

/** Whether an incident's timeline tells of effects of this type: those that act, but for the routine renewal. */
export function isTold(type: EffectOrder['type']): boolean {
  return !isHarmless(type) && type !== 'renewLease';
}

/** Takes back the effects that have not begun. */
export function cancel(turn: Turn, ids: readonly (EffectId | null)[]): void {
  const waiting = turn.service.pending.filter((effect) => ids.includes(effect.id));
  if (waiting.length === 0) return;
  issue(
    turn,
    { type: 'cancelEffects', ids: waiting.map((effect) => effect.id) },
    { withinMs: QUICK_MS },
  );
}

export function memberOf(turn: Turn, name: string): MemberState {
  const member = turn.service.members.find((candidate) => candidate.name === name);
  assert(member !== undefined, `${name} is a member of ${turn.config.name}`);
  return member;
}

/** The members of this host: nobody else takes orders from it, and of nobody else is anything known. */
export function localMembers(turn: Turn): readonly MemberState[] {
  return turn.service.members.filter(({ host }) => host === turn.host);
}

export function memberConfigOf(turn: Turn, name: string): MemberConfig {
  const member = turn.config.members.find((candidate) => candidate.name === name);
  assert(member !== undefined, `${name} is configured in ${turn.config.name}`);
  return member;
}

export function updateMember(turn: Turn, name: string, change: Partial<MemberState>): void {
  turn.service = {
    ...turn.service,
    members: turn.service.members.map((member) =>
      member.name === name ? { ...member, ...change } : member,
    ),
  };
}

/** Whether an effect of one of these types is under way for the member. */
export function isPending(
  turn: Turn,
  member: string,
  types: readonly EffectOrder['type'][],
): boolean {
  return turn.service.pending.some(
    (effect) => types.includes(effect.type) && 'member' in effect && effect.member === member,
  );
}

/** Adds a line to the timeline of the incident under way; nothing when there is none. */
export function note(turn: Turn, fact: IncidentFact, at: Instant = turn.at): void {
  const { incident } = turn.service;
  if (incident === null || incident.endedAt !== null) return;
  if (incident.timeline.length >= TIMELINE_LIMIT) return;
  const entry: IncidentEntry = { at, ...fact };
  turn.service = {
    ...turn.service,
    incident: { ...incident, timeline: [...incident.timeline, entry] },
  };
}

/** Says that something was considered and not done. */
export function refuse(turn: Turn, refusal: Refusal): void {
  turn.hesitations.push(refusal);
}

/** Ends a decision: what it refused stands from now, or since an earlier one; all else stands no longer. */
export function settleRefusals(turn: Turn): void {
  const before = turn.service.refusals;
  const fresh = turn.hesitations
    .splice(0)
    .filter((refusal, index, all) => all.findIndex(({ code }) => code === refusal.code) === index);
  const refusals = fresh.map(
    (refusal) =>
      before.find((standing) => standing.refusal.code === refusal.code) ?? { at: turn.at, refusal },
  );
  for (const standing of refusals) {
    if (!before.includes(standing)) note(turn, { code: 'refused', refusal: standing.refusal });
  }
  const isSame =
    refusals.length === before.length && refusals.every((standing) => before.includes(standing));
  if (!isSame) turn.service = { ...turn.service, refusals };
}

/** What became of a command: null when it was accepted. */
export function answer(turn: Turn, refusal: Refusal | null): void {
  turn.service = { ...turn.service, lastCommand: { at: turn.at, refusal } };
}
