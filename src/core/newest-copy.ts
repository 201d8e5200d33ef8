import { firstActive } from './initial-active.ts';
import {
  bytesBetween,
  comparePositions,
  isSameTimeline,
  lagBetween,
  type Position,
  type PositionReport,
} from './position.ts';
import type { GateRefusal } from './reasons.ts';
import type { MemberState, ServiceState } from './state.ts';
import { updateMember, type StepContext } from './step-context.ts';

// Whose copy holds all that clients were answered, and how far the others are behind it. Lag is the difference of two
// positions that members reported, never a measurement of its own: two of those, made at two instants, prove nothing.

/** The member may serve from now on, so its copy is the newest. What it reported before says nothing of what it acknowledges. */
export function setNewest(context: StepContext, name: string): void {
  if (context.service.newest?.member !== name) updateMember(context, name, { position: null });
  context.service = { ...context.service, newest: { member: name, answeredAt: context.at } };
}

/** Another host leads: what its member acknowledges is not seen here. */
export function loseSightOfNewest(context: StepContext): void {
  context.service = { ...context.service, newest: null };
}

/** Up to now the member may have acknowledged what clients wrote. */
export function noteAnswer(context: StepContext, name: string): void {
  const { newest } = context.service;
  if (newest?.member === name)
    context.service = { ...context.service, newest: { ...newest, answeredAt: context.at } };
}

/** Bytes by which a member is behind the newest copy; null: not known, or on another timeline. */
export function lagOf(service: ServiceState, { position }: MemberState): number | null {
  return lagBetween(position, leaderPosition(service));
}

/** Negative: `a` comes first, as it holds more. Those on the timeline of the newest copy come before all others. */
export function byCopy(service: ServiceState, a: MemberState, b: MemberState): number {
  const [left, right] = [comparable(service, a), comparable(service, b)];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return comparePositions(right, left);
}

/** Where nobody has served in this agent's time, whoever held the lease last has it; where nobody ever did, whoever is to be first. */
function newestMember(context: StepContext): string | null {
  const { newest, lease } = context.service;
  if (newest !== null) return newest.member;
  const holder = context.config.members.find(({ name }) => name === lease.record?.holder.member);
  return holder?.name ?? firstActive(context);
}

function comparable(service: ServiceState, { position }: MemberState): Position | null {
  const leader = leaderPosition(service);
  if (position === null || leader === null) return null;
  return isSameTimeline(position, leader) ? position.position : null;
}

function leaderPosition({ newest, members }: ServiceState): PositionReport | null {
  return members.find(({ name }) => name === newest?.member)?.position ?? null;
}

/**
 * What speaks against a copy. An old report of its own makes it seem further behind than it is, which does no harm. Of the newest
 * copy it does: what was acknowledged later is in no report, so that one may be older than the last answer by no more than
 * two reports may be apart.
 */
export function freshness(context: StepContext, member: MemberState): readonly GateRefusal[] {
  const { config, service } = context;
  const limitBytes = config.takeover.lagBytes;
  if (!config.abilities.position || limitBytes === null) return [];
  const { newest } = service;
  if (member.name === newestMember(context)) return [];
  const behind = member.position;
  const ahead = leaderPosition(service);
  if (newest === null || behind === null || ahead === null) return [{ code: 'lagUnknown' }];
  if (!isSameTimeline(behind, ahead))
    return [{ code: 'diverged', on: timelineOf(behind), newestOn: timelineOf(ahead) }];
  const lagBytes = bytesBetween(behind.position, ahead.position);
  if (lagBytes > limitBytes) return [{ code: 'lagging', lagBytes, limitBytes }];
  const ageMs = newest.answeredAt - ahead.asOf;
  const limitMs = config.detection.maxSilenceMs;
  return ageMs > limitMs ? [{ code: 'lagStale', ageMs, limitMs }] : [];
}

function timelineOf({ history, timeline }: PositionReport): string {
  return `${history}/${timeline}`;
}
