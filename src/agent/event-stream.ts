import {
  leadingMember,
  type AgentState,
  type MemberState,
  type ServiceState,
} from '../core/state.ts';
import type { AgentChange, AgentEvent } from './contract.ts';

// What changed from one state to the next, as lines for every watcher. The newest ones are kept, so
// that a watcher that was disconnected can continue where it was.

const KEPT = 1000;

export type AgentEventDraft = { readonly service: string } & AgentChange;

/** The changes worth telling between two states, in a fixed order. */
export function changes(before: AgentState, after: AgentState): readonly AgentEventDraft[] {
  return after.services.flatMap((service, index) => {
    const old = before.services[index];
    if (old === undefined || old === service) return [];
    const all = [
      ...healthChanges(old, service),
      ...incidentChanges(old, service),
      ...refusalChanges(old, service),
      ...statusChanges(old, service),
      ...trafficChanges(old, service),
    ];
    return all.map((item) => ({ service: service.name, ...item }));
  });
}

function healthChanges(before: ServiceState, after: ServiceState): readonly AgentChange[] {
  return after.members.flatMap((member, index): readonly AgentChange[] => {
    const old = before.members[index];
    if (old === undefined || old === member || sameHealth(old, member)) return [];
    const { name, lifecycle, readySince, pid, repair, detector } = member;
    const ready = readySince !== null;
    const { health, reason } = detector;
    return [
      { kind: 'health', data: { member: name, health, reason, lifecycle, ready, pid, repair } },
    ];
  });
}

function sameHealth(before: MemberState, after: MemberState): boolean {
  return (
    before.detector.health === after.detector.health &&
    before.lifecycle === after.lifecycle &&
    (before.readySince === null) === (after.readySince === null) &&
    before.repair.attempts === after.repair.attempts
  );
}

function incidentChanges(before: ServiceState, after: ServiceState): readonly AgentChange[] {
  const { incident } = after;
  if (incident === null || incident === before.incident) return [];
  const opened = before.incident?.id !== incident.id;
  const timeline = opened
    ? incident.timeline
    : incident.timeline.slice(before.incident?.timeline.length ?? 0);
  if (!opened && timeline.length === 0 && before.incident?.outcome === incident.outcome) return [];
  return [{ kind: 'incident', data: { ...incident, timeline, opened } }];
}

function refusalChanges(before: ServiceState, after: ServiceState): readonly AgentChange[] {
  return after.refusals
    .filter((standing) => !before.refusals.includes(standing))
    .map(({ refusal }) => ({ kind: 'blocked', data: refusal }));
}

function statusChanges(before: ServiceState, after: ServiceState): readonly AgentChange[] {
  const { phase, leadership, epoch, paused } = after;
  const same =
    before.phase === phase &&
    before.leadership === leadership &&
    before.epoch === epoch &&
    before.paused === paused;
  if (same) return [];
  return [{ kind: 'status', data: { phase, active: leadingMember(after), epoch, paused } }];
}

function trafficChanges(before: ServiceState, after: ServiceState): readonly AgentChange[] {
  const { trafficUp } = after;
  return trafficUp === before.trafficUp ? [] : [{ kind: 'traffic', data: { up: trafficUp } }];
}

export class EventStream {
  readonly #wallNow: () => number;
  readonly #kept: AgentEvent[] = [];
  readonly #watchers = new Set<(event: AgentEvent) => void>();
  #nextId: number;

  /**
   * Numbers start from the wall clock in ms, so that those of a later agent come after those of this one:
   * a watcher that resumes must not take the one's numbers for the other's.
   */
  constructor(wallNow: () => number) {
    this.#wallNow = wallNow;
    this.#nextId = wallNow();
  }

  post(draft: AgentEventDraft): void {
    const event: AgentEvent = { ...draft, id: this.#nextId, wallMs: this.#wallNow() };
    this.#nextId += 1;
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const watcher of this.#watchers) watcher(event);
  }

  after(id: number): readonly AgentEvent[] {
    return this.#kept.filter((event) => event.id > id);
  }

  subscribe(watcher: (event: AgentEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}
