import { type Change, changesOf } from '../core/change.ts';
import { isOutcome } from '../core/describe/event.ts';
import type { Effect } from '../core/effect.ts';
import { isRoutine as isRoutineKind } from '../core/event-kinds.ts';
import type { Event } from '../core/event.ts';
import type { AgentState, Incident } from '../core/state.ts';
import type { Instant } from '../core/time.ts';
import { serviceOf } from './recording.ts';
import { isNews, transcriptLine } from './transcript.ts';
import type { Step } from './verify.ts';

// The part of a replay that is the incident, for a reader: from the first evidence to its end, what tells
// something one by one, and what only repeats what was known as a count.

export type TimelineEntry =
  | {
      readonly type: 'step';
      readonly at: Instant;
      readonly event: Event;
      readonly effect: Effect | null;
      readonly changes: readonly Change[];
      readonly ordered: readonly Effect[];
      /** The event did not happen: it is what is assumed of another course of things. */
      readonly assumed: boolean;
    }
  | {
      readonly type: 'unchanged';
      readonly at: Instant;
      readonly until: Instant;
      readonly counts: Readonly<Record<string, number>>;
      readonly assumed: boolean;
    };

/** A step, and whether it is assumed. */
export type TimelineStep = Pick<Step, 'event' | 'effect' | 'before' | 'after' | 'effects'> & {
  readonly assumed?: boolean;
};

type TimelineOptions = {
  readonly service: string;
  /** Every event for itself. */
  readonly all: boolean;
};

/** The newest state of an incident in these steps; null: it does not open. */
export function incidentIn(
  steps: readonly TimelineStep[],
  service: string,
  id: number,
): Incident | null {
  for (const step of steps.toReversed()) {
    const { incident } = serviceOf(step.after, service);
    if (incident?.id === id) return incident;
  }
  return null;
}

/** From the last moment that the service was well to the end of the incident; everything where it never opens. */
export function stepsOf<T extends TimelineStep>(
  steps: readonly T[],
  service: string,
  id: number,
): readonly T[] {
  const incident = incidentIn(steps, service, id);
  if (incident === null) return steps;
  const from = Math.min(incident.startedAt, incident.wellUntil ?? incident.startedAt);
  const first = steps.findIndex(({ event }) => event.at >= from);
  const last = steps.findIndex(({ after }) => hasEnded(after, service, id));
  return steps.slice(first === -1 ? 0 : first, last === -1 ? undefined : last + 1);
}

function hasEnded(state: AgentState, service: string, id: number): boolean {
  const { incident } = serviceOf(state, service);
  return (
    incident !== null && (incident.id > id || (incident.id === id && incident.endedAt !== null))
  );
}

export function timelineOf(
  steps: readonly TimelineStep[],
  options: TimelineOptions,
): readonly TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  for (const step of steps) {
    if (!concerns(step, options.service)) continue;
    const entry = entryOf(step, options.service);
    if (options.all || entry.type === 'step')
      entries.push(entry.type === 'step' ? entry : whole(step));
    else fold(entries, entry);
  }
  return entries;
}

/** The same as lines of a transcript, the time counted from `from`. */
export function transcriptOf(
  steps: readonly TimelineStep[],
  service: string,
  from: Instant,
): readonly string[] {
  return steps.flatMap((step) => {
    const line = transcriptLine(step.event.at - from, {
      event: step.event,
      before: serviceOf(step.before, service),
      after: serviceOf(step.after, service),
      effects: step.effects.filter((effect) => effect.service === service),
    });
    return line !== null && concerns(step, service) ? [line] : [];
  });
}

/** Other services of the same agent are another story. */
function concerns({ event, effect, before, after }: TimelineStep, service: string): boolean {
  if (serviceOf(before, service) !== serviceOf(after, service)) return true;
  if ('service' in event) return event.service === service;
  return effect === null || effect.service === service || effect.service === '';
}

function whole(step: TimelineStep): TimelineEntry {
  const { event, effect, assumed = false } = step;
  return { type: 'step', at: event.at, event, effect, changes: [], ordered: [], assumed };
}

function entryOf(step: TimelineStep, service: string): TimelineEntry {
  const { event, effect, assumed = false } = step;
  const changes = changesOf(serviceOf(step.before, service), serviceOf(step.after, service));
  const ordered = step.effects.filter((one) => one.service === service && isNews(one));
  if (changes.length > 0 || ordered.length > 0 || !isRoutine(event, effect))
    return { type: 'step', at: event.at, event, effect, changes, ordered, assumed };
  const counts = { [routineName(event)]: 1 };
  return { type: 'unchanged', at: event.at, until: event.at, counts, assumed };
}

/** What comes all the time and says nothing while nothing follows from it. */
function isRoutine(event: Event, effect: Effect | null): boolean {
  if (isOutcome(event))
    return event.type === 'effectSucceeded' && (effect === null || !isNews(effect));
  return isRoutineKind(event);
}

function routineName(event: Event): string {
  return isOutcome(event) ? 'housekeeping' : event.type;
}

function fold(
  entries: TimelineEntry[],
  entry: TimelineEntry & { readonly type: 'unchanged' },
): void {
  const last = entries.at(-1);
  if (last?.type !== 'unchanged' || last.assumed !== entry.assumed) {
    entries.push(entry);
    return;
  }
  const counts = { ...last.counts };
  for (const [name, count] of Object.entries(entry.counts))
    counts[name] = (counts[name] ?? 0) + count;
  entries[entries.length - 1] = { ...last, until: entry.until, counts };
}
