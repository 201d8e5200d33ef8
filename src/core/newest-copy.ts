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

// Which copy contains everything that was acknowledged to clients, and how far the others lag behind it. Lag is the
// difference of two positions that members reported, not a separate measurement: measurements at two instants prove nothing.

/** The member may serve from now on, so its copy is the newest. Its earlier reports do not cover what it acknowledges from now. */
export function setNewest(context: StepContext, name: string): void {
  if (context.service.newest?.member !== name) updateMember(context, name, { position: null });
  context.service = { ...context.service, newest: { member: name, answeredAt: context.at } };
}

/** Another host leads: this host does not see what its member acknowledges. */
export function loseSightOfNewest(context: StepContext): void {
  context.service = { ...context.service, newest: null };
}

/** Until now the member may have acknowledged writes. */
export function noteAnswer(context: StepContext, name: string): void {
  const { newest } = context.service;
  if (newest?.member === name)
    context.service = { ...context.service, newest: { ...newest, answeredAt: context.at } };
}

/** Replication lag behind the newest copy, in bytes; null: unknown, or on another timeline. */
export function lagOf(service: ServiceState, { position }: MemberState): number | null {
  return lagBetween(position, leaderPosition(service));
}

/** Negative: `a` comes first because it has more data. Copies on the timeline of the newest one come before all others. */
export function byCopy(service: ServiceState, a: MemberState, b: MemberState): number {
  const [left, right] = [comparable(service, a), comparable(service, b)];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return comparePositions(right, left);
}

/** If no member has served since this agent started: the last holder of the lease; if there was none, the initial active member. */
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
 * Why a copy is not eligible. An old report of the copy itself only overestimates its lag. An old report of the newest copy
 * underestimates it, because later acknowledged writes are in no report: that report may be older than the last response
 * by at most the interval between two reports.
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
