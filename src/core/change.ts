import { unreachable } from './assert.ts';
import type { Evidence, Refusal } from './reasons.ts';
import type { Incident, MemberState, Operation, ServiceState } from './state.ts';

// The relevant changes of a service's state from one step to the next. Transcripts contain their codes, `hotwarm replay`
// prints texts.

export type Change =
  | {
      readonly code: 'phase';
      readonly from: ServiceState['phase'];
      readonly to: ServiceState['phase'];
    }
  | { readonly code: 'active'; readonly from: string | null; readonly to: string | null }
  | { readonly code: 'epoch'; readonly epoch: number }
  | { readonly code: 'paused'; readonly paused: boolean }
  | { readonly code: 'trafficUp'; readonly up: boolean }
  | {
      readonly code: 'operation';
      readonly kind: string;
      /** null: there was none before. */
      readonly from: string | null;
      /** null: the operation has ended. */
      readonly to: string | null;
    }
  | {
      readonly code: 'lifecycle';
      readonly member: string;
      readonly from: MemberState['lifecycle'];
      readonly to: MemberState['lifecycle'];
    }
  | { readonly code: 'capacity'; readonly member: string; readonly capacity: 'full' | 'reduced' }
  | {
      readonly code: 'health';
      readonly member: string;
      readonly from: MemberState['detector']['health'];
      readonly to: MemberState['detector']['health'];
      readonly reason: MemberState['detector']['reason'];
      /** The evidence that came with the change; null: none. */
      readonly evidence: Evidence | null;
    }
  | { readonly code: 'ready'; readonly member: string; readonly ready: boolean }
  | { readonly code: 'role'; readonly member: string; readonly role: MemberState['role'] }
  | { readonly code: 'refused'; readonly refusal: Refusal }
  | { readonly code: 'commandRefused'; readonly refusal: Refusal }
  | {
      readonly code: 'incident';
      readonly id: number;
      readonly kind: Incident['kind'];
      readonly outcome: Incident['outcome'];
    };

/** In a fixed order: service, members in their order, blocked actions, incident. */
export function changesOf(before: ServiceState, after: ServiceState): readonly Change[] {
  if (before === after) return [];
  return [
    ...serviceChanges(before, after),
    ...after.members.flatMap((member, index) => {
      const old = before.members[index];
      return old === undefined || old === member ? [] : memberChanges(old, member);
    }),
    ...answerChanges(before, after),
  ];
}

function serviceChanges(before: ServiceState, after: ServiceState): readonly Change[] {
  const changes: Change[] = [];
  if (before.phase !== after.phase)
    changes.push({ code: 'phase', from: before.phase, to: after.phase });
  const [from, to] = [leaderOf(before), leaderOf(after)];
  if (from !== to) changes.push({ code: 'active', from, to });
  if (before.epoch !== after.epoch) changes.push({ code: 'epoch', epoch: after.epoch });
  if (before.paused !== after.paused) changes.push({ code: 'paused', paused: after.paused });
  if (before.trafficUp !== after.trafficUp)
    changes.push({ code: 'trafficUp', up: after.trafficUp });
  return [...changes, ...operationChanges(before.operation, after.operation)];
}

/** With the host, if the member is on another one. */
function leaderOf({ leadership }: ServiceState): string | null {
  switch (leadership.who) {
    case 'nobody':
      return null;
    case 'here':
      return leadership.member;
    case 'elsewhere':
      return `${leadership.member}@${leadership.host}`;
    default:
      return unreachable(leadership);
  }
}

function operationChanges(old: Operation | null, now: Operation | null): readonly Change[] {
  if (old?.step === now?.step && old?.kind === now?.kind) return [];
  const kind = (now ?? old)?.kind ?? '';
  return [{ code: 'operation', kind, from: old?.step ?? null, to: now?.step ?? null }];
}

function memberChanges(old: MemberState, now: MemberState): readonly Change[] {
  const { name: member } = now;
  const changes: Change[] = [];
  if (old.lifecycle !== now.lifecycle)
    changes.push({ code: 'lifecycle', member, from: old.lifecycle, to: now.lifecycle });
  if (old.capacity !== now.capacity)
    changes.push({ code: 'capacity', member, capacity: now.capacity });
  const { health, reason } = now.detector;
  if (old.detector.health !== health) {
    const evidence = newEvidence(old, now);
    changes.push({
      code: 'health',
      member,
      from: old.detector.health,
      to: health,
      reason,
      evidence,
    });
  }
  const ready = now.readySince !== null;
  if (ready !== (old.readySince !== null)) changes.push({ code: 'ready', member, ready });
  if (old.role !== now.role) changes.push({ code: 'role', member, role: now.role });
  return changes;
}

function newEvidence(old: MemberState, now: MemberState): Evidence | null {
  const newest = now.detector.evidence.at(-1) ?? null;
  return newest === old.detector.evidence.at(-1) ? null : newest;
}

function answerChanges(before: ServiceState, after: ServiceState): readonly Change[] {
  const { refusals, lastCommand, incident } = after;
  const changes: Change[] = refusals
    .filter((standing) => !before.refusals.includes(standing))
    .map(({ refusal }) => ({ code: 'refused', refusal }));
  if (lastCommand !== null && lastCommand !== before.lastCommand && lastCommand.refusal !== null)
    changes.push({ code: 'commandRefused', refusal: lastCommand.refusal });
  if (incident !== null && isNews(before.incident, incident)) {
    const { id, kind, outcome } = incident;
    changes.push({ code: 'incident', id, kind, outcome });
  }
  return changes;
}

function isNews(before: Incident | null, incident: Incident): boolean {
  return incident.id !== before?.id || incident.outcome !== before.outcome;
}
