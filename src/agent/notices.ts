import {
  leadingMember,
  type AgentState,
  type MemberState,
  type ServiceState,
} from '../core/state.ts';
import type { News, Notice } from './contract.ts';

// What changed from one state to the next, as lines for whoever is watching. The newest ones are kept, so
// that a watcher who was cut off can go on where it was.

const KEPT = 1000;

export type NoticeDraft = { readonly service: string } & News;

/** The changes worth telling between two states, in a fixed order. */
export function changes(before: AgentState, after: AgentState): readonly NoticeDraft[] {
  return after.services.flatMap((service, index) => {
    const old = before.services[index];
    if (old === undefined || old === service) return [];
    const news = [
      ...healthNews(old, service),
      ...incidentNews(old, service),
      ...refusalNews(old, service),
      ...statusNews(old, service),
      ...trafficNews(old, service),
    ];
    return news.map((item) => ({ service: service.name, ...item }));
  });
}

function healthNews(before: ServiceState, after: ServiceState): readonly News[] {
  return after.members.flatMap((member, index): readonly News[] => {
    const old = before.members[index];
    if (old === undefined || old === member || sameHealth(old, member)) return [];
    const { name, lifecycle, ready, pid, repair, detector } = member;
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
    before.ready === after.ready &&
    before.repair.attempts === after.repair.attempts
  );
}

function incidentNews(before: ServiceState, after: ServiceState): readonly News[] {
  const { incident } = after;
  if (incident === null || incident === before.incident) return [];
  const opened = before.incident?.id !== incident.id;
  const timeline = opened
    ? incident.timeline
    : incident.timeline.slice(before.incident?.timeline.length ?? 0);
  if (!opened && timeline.length === 0 && before.incident?.outcome === incident.outcome) return [];
  return [{ kind: 'incident', data: { ...incident, timeline, opened } }];
}

function refusalNews(before: ServiceState, after: ServiceState): readonly News[] {
  return after.refusals
    .filter((standing) => !before.refusals.includes(standing))
    .map(({ refusal }) => ({ kind: 'refusal', data: refusal }));
}

function statusNews(before: ServiceState, after: ServiceState): readonly News[] {
  const { phase, leadership, epoch, paused } = after;
  const same =
    before.phase === phase &&
    before.leadership === leadership &&
    before.epoch === epoch &&
    before.paused === paused;
  if (same) return [];
  return [{ kind: 'status', data: { phase, active: leadingMember(after), epoch, paused } }];
}

function trafficNews(before: ServiceState, after: ServiceState): readonly News[] {
  const { trafficUp } = after;
  return trafficUp === before.trafficUp ? [] : [{ kind: 'traffic', data: { up: trafficUp } }];
}

export class NoticeBoard {
  readonly #wallNow: () => number;
  readonly #kept: Notice[] = [];
  readonly #watchers = new Set<(notice: Notice) => void>();
  #nextId: number;

  /**
   * Numbers go on from the wall clock in ms, so that those of a later agent come after those of this one:
   * a watcher who resumes must not take the one's numbers for the other's.
   */
  constructor(wallNow: () => number) {
    this.#wallNow = wallNow;
    this.#nextId = wallNow();
  }

  post(draft: NoticeDraft): void {
    const notice: Notice = { ...draft, id: this.#nextId, wallMs: this.#wallNow() };
    this.#nextId += 1;
    this.#kept.push(notice);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const watcher of this.#watchers) watcher(notice);
  }

  after(id: number): readonly Notice[] {
    return this.#kept.filter((notice) => notice.id > id);
  }

  subscribe(watcher: (notice: Notice) => void): () => void {
    this.#watchers.add(watcher);
    return () => {
      this.#watchers.delete(watcher);
    };
  }
}
