import { unreachable } from '../core/assert.ts';
import { type Change, changesOf } from '../core/change.ts';
import type { Effect } from '../core/effect.ts';
import { isRoutine } from '../core/event-kinds.ts';
import type { Event } from '../core/event.ts';
import type { ServiceState } from '../core/state.ts';

// One step of the core as a line of a transcript: the event, what changed, what was ordered. Written in
// codes, not in prose, so that a file of such lines can be compared by a test.

type TranscriptStep = {
  readonly event: Event;
  readonly before: ServiceState;
  readonly after: ServiceState;
  readonly effects: readonly Effect[];
};

/** null: nothing that a transcript tells of. `at`: as it is to be shown, ms. */
export function transcriptLine(at: number, step: TranscriptStep): string | null {
  const parts = [
    eventCode(step.event),
    changesOf(step.before, step.after)
      .map(changeCode)
      .filter((part) => part !== '')
      .join(', '),
    ...step.effects.filter(isNews).map(effectCode),
  ].filter((part) => part !== '');
  if (parts.length === 0) return null;
  return `${String(Math.round(at * 10) / 10).padStart(7)}  ${parts.join(' · ')}`;
}

const ROUTINE_EFFECTS: ReadonlySet<string> = new Set([
  'watchMember',
  'unwatchMember',
  'recordIncident',
  'renewLease',
  'drainInput',
]);

/** Orders that act, or ask; the rest is housekeeping. */
export function isNews(effect: Effect): boolean {
  return !ROUTINE_EFFECTS.has(effect.type);
}

function eventCode(event: Event): string {
  switch (event.type) {
    case 'memberExited':
      return `memberExited ${event.member} ${event.signal ?? event.exitCode}`;
    case 'trafficFellBack':
      return `trafficFellBack ${event.from}→${event.to}`;
    case 'effectSucceeded':
      return '';
    case 'effectFailed':
      return `effectFailed #${event.id} ${event.fault}`;
    case 'effectTimedOut':
      return `effectTimedOut #${event.id}`;
    // Every other kind goes by its name, its member and what was wrong.
    default: {
      if (isRoutine(event)) return '';
      const member = 'member' in event ? [event.member] : [];
      const fault = 'fault' in event ? [event.fault] : [];
      return [event.type, ...member, ...fault].join(' ');
    }
  }
}

/** Empty: follows from the others, or is of no weight in a transcript. */
function changeCode(change: Change): string {
  if ('member' in change) return memberCode(change);
  switch (change.code) {
    case 'phase':
      return `phase ${change.from}→${change.to}`;
    case 'active':
      return `active ${change.from ?? '-'}→${change.to ?? '-'}`;
    case 'epoch':
      return `epoch ${change.epoch}`;
    case 'refused':
      return `refused: ${change.refusal.code}`;
    case 'commandRefused':
      return `command refused: ${change.refusal.code}`;
    case 'incident':
      return `incident ${change.id} ${change.kind} ${change.outcome}`;
    case 'paused':
    case 'trafficUp':
    case 'operation':
      return '';
    default:
      return unreachable(change);
  }
}

function memberCode(change: Extract<Change, { member: string }>): string {
  switch (change.code) {
    case 'lifecycle':
      return `${change.member} ${change.from}→${change.to}`;
    case 'capacity':
      return `${change.member} ${change.capacity}`;
    case 'health':
      return `${change.member} ${change.to} (${change.reason})`;
    case 'ready':
    case 'role':
      return '';
    default:
      return unreachable(change);
  }
}

function effectCode(effect: Effect): string {
  const after =
    effect.after.length > 0 ? ` after ${effect.after.map((id) => `#${id}`).join(' ')}` : '';
  return `! #${effect.id} ${effect.type}${argumentsOf(effect)}${after}`;
}

function argumentsOf(effect: Effect): string {
  if (effect.type === 'switchTraffic') {
    const { active, fallbacks, suspects, dead, leaseUntil, epoch } = effect.route;
    const extra = [
      fallbacks.length > 0 ? `else ${fallbacks.join(',')}` : '',
      suspects.length > 0 ? `suspect ${suspects.join(',')}` : '',
      dead.length > 0 ? `dead ${dead.join(',')}` : '',
      leaseUntil === null ? '' : `until ${Math.round(leaseUntil)}`,
    ].filter((part) => part !== '');
    return ` e${epoch}→${active ?? 'hold'}${extra.length > 0 ? ` (${extra.join('; ')})` : ''}`;
  }
  if (effect.type === 'setCapacity' || effect.type === 'startMember')
    return ` ${effect.member} ${effect.capacity}`;
  return 'member' in effect ? ` ${effect.member}` : '';
}
