import type { Effect, LeaseRecord } from '../core/effect.ts';
import { isRoutine } from '../core/event-kinds.ts';
import type { Event } from '../core/event.ts';
import {
  leadingMember,
  type AgentState,
  type MemberState,
  type ServiceState,
} from '../core/state.ts';

// One line for each relevant step: the event, the changes, the effects.

export const LEGEND = 'true ms  where  event · what changed · !#id order after #ids';

const ROUTINE: ReadonlySet<string> = new Set([
  'watchMember',
  'unwatchMember',
  'recordIncident',
  'renewLease',
  'drainInput',
]);

export function describeChange(
  event: Event,
  before: AgentState,
  after: AgentState,
  effects: readonly Effect[],
): string {
  const parts = [
    describeEvent(event, before),
    ...after.services.map((service, index) => describeService(before.services[index], service)),
    ...effects.filter(({ type }) => !ROUTINE.has(type)).map(describeEffect),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function describeEvent(event: Event, before: AgentState): string {
  switch (event.type) {
    case 'effectSucceeded':
    case 'effectFailed':
    case 'effectTimedOut':
      return describeOutcome(event, before);
    case 'hostSampled':
      return event.lateMs > 20 ? `hostSampled late ${Math.round(event.lateMs)}` : '';
    case 'leaseObserved':
      return `leaseObserved ${event.record === null ? 'none' : describeLease(event.record)}`;
    default:
      if (isRoutine(event)) return '';
      return 'member' in event ? `${event.type} ${event.member}` : event.type;
  }
}

function describeOutcome(
  event: Extract<Event, { type: 'effectSucceeded' | 'effectFailed' | 'effectTimedOut' }>,
  before: AgentState,
): string {
  const effect = before.services
    .flatMap(({ pending }) => pending)
    .find(({ id }) => id === event.id);
  if (effect === undefined || (ROUTINE.has(effect.type) && event.type === 'effectSucceeded'))
    return '';
  const fault = event.type === 'effectFailed' ? ` ${event.fault}` : '';
  return `${event.type} #${event.id} ${effect.type}${fault}`;
}

function describeLease({ epoch, renewal, holder }: LeaseRecord): string {
  return `e${epoch}.${renewal} ${holder.host}/${holder.member}`;
}

function describeService(before: ServiceState | undefined, after: ServiceState): string {
  if (before === undefined || before === after) return '';
  const changes: string[] = [];
  if (before.phase !== after.phase) changes.push(`phase ${before.phase}→${after.phase}`);
  const [from, to] = [leadingMember(before), leadingMember(after)];
  if (from !== to) changes.push(`active ${from ?? '-'}→${to ?? '-'}`);
  if (before.epoch !== after.epoch) changes.push(`epoch ${after.epoch}`);
  if (before.operation?.kind !== after.operation?.kind)
    changes.push(`operation ${after.operation?.kind ?? 'none'}`);
  after.members.forEach((member, index) => {
    const old = before.members[index];
    if (old !== undefined && old !== member) changes.push(...memberChanges(old, member));
  });
  return changes.join(', ');
}

function memberChanges(old: MemberState, member: MemberState): readonly string[] {
  const { name } = member;
  return [
    old.lifecycle === member.lifecycle ? '' : `${name} ${old.lifecycle}→${member.lifecycle}`,
    old.detector.health === member.detector.health
      ? ''
      : `${name} ${member.detector.health} (${member.detector.reason})`,
  ].filter((part) => part !== '');
}

function describeEffect(effect: Effect): string {
  const after =
    effect.after.length > 0 ? ` after ${effect.after.map((id) => `#${id}`).join(' ')}` : '';
  return `!#${effect.id} ${effect.type}${argumentsOf(effect)}${after}`;
}

function argumentsOf(effect: Effect): string {
  if (effect.type === 'switchTraffic') {
    const { epoch, active, fallbacks, leaseUntil } = effect.route;
    const until = leaseUntil === null ? '' : ` until ${Math.round(leaseUntil)}`;
    return ` e${epoch}→${active ?? 'hold'}${fallbacks.length > 0 ? ` else ${fallbacks.join(',')}` : ''}${until}`;
  }
  return 'member' in effect ? ` ${effect.member}` : '';
}
