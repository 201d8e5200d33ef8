import { assert, unreachable } from '../core/assert.ts';
import type { CoreConfig } from '../core/config.ts';
import { isOutcome } from '../core/describe/event.ts';
import type { Effect } from '../core/effect.ts';
import { EVENT_KINDS } from '../core/event-kinds.ts';
import type { Event } from '../core/event.ts';
import { activeHere, type AgentState, type Incident, type MemberState } from '../core/state.ts';
import { nextDeadline, step } from '../core/step.ts';
import type { Instant } from '../core/time.ts';
import { Agenda, isBefore, type Item, UNRECORDED } from './pending-effects.ts';
import { type Assumption, Orders } from './assumed-results.ts';
import {
  actsOnTheWorld,
  type Answer,
  endsMember,
  Reality,
  type RecordedOrder,
  type Run,
  usualAnswer,
} from './recorded-results.ts';
import { serviceOf } from './recording.ts';
import { retimed } from './setting.ts';
import { incidentIn, type TimelineStep } from './timeline.ts';
import type { Step, Walk } from './verify.ts';

// What would have happened with another setting. The recorded facts come again, at their times, and the real core
// decides by the other configuration. While its orders are those of the record, so are their outcomes. The first
// order that acts on the world and was not given then, or was given and is not now, is where the two courses part.
// From there on facts about what the other course has changed are left out, and outcomes are assumed (assumed-results.ts).
// A member that an order ended in the record, and not here, continues as it was last seen.
//
// Not answered: what clients would have done, and whatever the record cannot tell of, such as another interval of
// the probes or other members. Such settings are refused before it comes here.
//
// Longer than most files, as all of it is one loop over one state.

/** The setting holds from so long before the incident, so that what it rests on was learnt under it too. */
const LEAD_MS = 60_000;
/** Until a takeover that was observed must have been found good or not. */
const TAIL_MS = 30_000;
const MAX_STEPS = 200_000;

export type WhatIf = {
  /** The other setting holds from then on. */
  readonly from: Instant;
  readonly steps: readonly (TimelineStep & { readonly assumed: boolean })[];
  /** When the two courses part; null: they do not. */
  readonly divergedAt: Instant | null;
  readonly assumptions: readonly Assumption[];
  /** null: it does not happen. */
  readonly incident: Incident | null;
  /** The answer of the member that this course gives up and that in truth still lived; null: none is known. */
  readonly answeredAt: Instant | null;
  /** agentEnded: the recorded agent crashed on the way, and the rest is not known. */
  readonly stopped: 'settled' | 'agentEnded' | 'limit';
};

/** The recorded incident under another configuration of the same services. */
export function whatIf(walked: Walk, config: CoreConfig): WhatIf {
  return new Course(walked, config).run();
}

class Course {
  readonly #config: CoreConfig;
  readonly #service: string;
  readonly #id: number;
  readonly #recorded: Incident | null;
  readonly #reality: Reality;
  readonly #orders: Orders;
  readonly #agenda = new Agenda();
  readonly #facts: readonly Step[];
  readonly #deadlines: Step[];
  /** Recorded orders that acted on the world and were not yet passed. */
  readonly #acted: RecordedOrder[];
  readonly #steps: (TimelineStep & { readonly assumed: boolean })[] = [];
  /** By service and member, runs whose answers are assumed: they did not happen, or were ended. */
  readonly #assumedRuns = new Map<string, Run>();
  readonly #from: Instant;
  #nextFact = 0;
  #state: AgentState;
  #now: Instant;
  #divergedAt: Instant | null = null;

  constructor(walked: Walk, config: CoreConfig) {
    const { service, incident: id } = walked.recording;
    this.#config = config;
    this.#service = service;
    this.#id = id;
    this.#recorded = incidentIn(walked.steps, service, id);
    const steps = walked.steps.slice(firstStep(walked, this.#recorded));
    const before = steps[0]?.before ?? walked.recording.state;
    this.#from = steps[0]?.event.at ?? before.at;
    this.#now = this.#from;
    this.#state = before;
    this.#reality = new Reality(steps);
    this.#facts = steps
      .filter(({ event }) => !isOutcome(event) && event.type !== 'deadlineReached')
      .map((one) => retimed(one, walked.recording.config, config))
      .toSorted((one, other) => one.event.at - other.event.at || one.index - other.index);
    this.#deadlines = steps.filter(({ event }) => event.type === 'deadlineReached');
    this.#acted = actingOrders(steps, this.#reality);
    this.#orders = new Orders({
      config,
      reality: this.#reality,
      agenda: this.#agenda,
      state: () => this.#state,
      now: () => this.#now,
      ask: (effect) => this.#ask(effect),
      onSuccess: (effect) => this.#change(effect),
    });
    this.#goOn(before, steps);
  }

  run(): WhatIf {
    const stopped = this.#loop();
    const incident = incidentIn(this.#steps, this.#service, this.#id);
    return {
      from: this.#from,
      steps: this.#steps,
      divergedAt: this.#divergedAt,
      assumptions: this.#orders.assumptions,
      incident,
      answeredAt: incident === null ? null : this.#answerAfter(incident),
      stopped,
    };
  }

  /** Orders in progress at the beginning end as they did. */
  #goOn(before: AgentState, steps: readonly Step[]): void {
    const pending = before.services.flatMap((service) => service.pending);
    for (const effect of pending) this.#orders.goOn(effect);
    const ids = new Set([...pending.map(({ id }) => id), before.polling?.id]);
    for (const { event, index } of steps)
      if (isOutcome(event) && ids.has(event.id)) this.#agenda.addEvent(event, index);
  }

  #loop(): WhatIf['stopped'] {
    while (this.#steps.length < MAX_STEPS) {
      const item = this.#next();
      if (item === null || item.at > this.#limit()) return 'settled';
      this.#passOmitted(item.at);
      const event = item.make();
      if (event === null) continue;
      if (isAgentStart(event) && this.#divergedAt !== null) return 'agentEnded';
      this.#now = Math.max(this.#now, item.at);
      this.#deliver({ ...event, at: this.#now });
      if (this.#hasEnded()) return 'settled';
    }
    return 'limit';
  }

  #deliver(event: Event): void {
    const before = this.#state;
    const effect = isOutcome(event) ? this.#orders.effect(event.id) : null;
    const { state, effects } = step(this.#config, before, event);
    this.#state = state;
    if (isOutcome(event)) this.#orders.end(event.id, event.type === 'effectSucceeded');
    for (const one of effects) {
      const isRecorded = this.#orders.give(one);
      if (!isRecorded && actsOnTheWorld(one, activeOf(before, one.service)))
        this.#divergedAt ??= this.#now;
    }
    const assumed = this.#divergedAt !== null;
    this.#steps.push({ event, effect, before, after: state, effects, assumed });
  }

  /** The next of recorded facts, outcomes and assumed facts, and deadlines. */
  #next(): Item | null {
    const [fact, planned, deadline] = [this.#peekFact(), this.#agenda.first, this.#peekDeadline()];
    let next = fact;
    for (const item of [planned, deadline])
      if (item !== null && (next === null || isBefore(item, next))) next = item;
    if (next === null) return null;
    if (next === fact) this.#nextFact += 1;
    if (next === planned) this.#agenda.shift();
    return next;
  }

  #peekFact(): Item | null {
    const fact = this.#facts[this.#nextFact];
    if (fact === undefined) return null;
    const make = (): Event | null => (this.#stillHappens(fact) ? fact.event : null);
    return { at: fact.event.at, order: fact.index, ends: null, make };
  }

  /** At the moment in which the recorded timer for the same deadline fired, else as soon as it is due. */
  #peekDeadline(): Item | null {
    const dueAt = nextDeadline(this.#config, this.#state);
    if (dueAt === null) return null;
    const found = this.#deadlines.findIndex(
      ({ event }) =>
        event.type === 'deadlineReached' && event.dueAt === dueAt && event.at >= this.#now,
    );
    const recorded = this.#deadlines[found];
    const at = recorded?.event.at ?? Math.max(dueAt, this.#now);
    const make = (): Event => {
      if (recorded !== undefined) this.#deadlines.splice(found, 1);
      return { type: 'deadlineReached', at, dueAt };
    };
    return { at, order: recorded?.index ?? UNRECORDED, ends: null, make };
  }

  /** Recorded orders whose moment has passed without being given here. */
  #passOmitted(until: Instant): void {
    for (;;) {
      const [order] = this.#acted;
      if (order === undefined || order.effect.issuedAt >= until) return;
      this.#acted.shift();
      if (this.#orders.wasGiven(order)) continue;
      const { effect } = order;
      this.#divergedAt ??= effect.issuedAt;
      if (!endsMember(effect) || !('member' in effect)) continue;
      const run = this.#runOf(effect.service, effect.member);
      if (run !== null && this.#reality.isAnswering(run, effect.issuedAt)) this.#assumeRun(run);
    }
  }

  /** Whether a recorded fact would have come to be on this course too. */
  #stillHappens({ event, before }: Step): boolean {
    if (this.#divergedAt === null) return true;
    const { recurs } = EVENT_KINDS[event.type];
    switch (recurs) {
      case 'always':
        return true;
      case 'never':
        return false;
      case 'withRun':
        assert('incarnation' in event, 'what is of a run names it');
        return !this.#assumedRuns.has(keyOf(event)) && event.at <= this.#knownUntil(event);
      case 'withActive': {
        assert('member' in event, 'what clients met names the member');
        const isSameActive =
          activeOf(this.#state, event.service) === activeOf(before, event.service);
        return isSameActive && !this.#assumedRuns.has(keyOf(event));
      }
      case 'withFallback':
        assert(event.type === 'trafficFellBack', 'only the data plane falls back');
        return this.#mayFallBack(event.service, event.from, event.to);
      default:
        return unreachable(recurs);
    }
  }

  #mayFallBack(service: string, from: string, to: string): boolean {
    const known = serviceOf(this.#state, service);
    const { route } = known;
    return activeHere(known) === from && route !== null && route.fallbacks.includes(to);
  }

  /** A recorded end by an order is known to this course where it gives that order too. */
  #knownUntil(run: Run): Instant {
    const ending = this.#reality.endingOf(run);
    if (ending === null || this.#orders.wasGiven(ending)) return Number.POSITIVE_INFINITY;
    return ending.effect.issuedAt;
  }

  #ask({ service, member, timeoutMs }: Effect & { type: 'probeMember' }): Answer {
    const run = this.#runOf(service, member);
    if (run === null) return usualAnswer(this.#now, false);
    if (this.#assumedRuns.get(keyOf(run))?.incarnation === run.incarnation)
      return usualAnswer(this.#now, true);
    return this.#reality.answerTo(run, this.#now, timeoutMs);
  }

  /** A member that is watched from another moment on than it was answers from then on. */
  #change(effect: Effect): void {
    if (effect.type !== 'watchMember' || this.#divergedAt === null) return;
    const { service, member, incarnation } = effect;
    this.#assumeRun({ service, member, incarnation });
  }

  #assumeRun(run: Run): void {
    this.#assumedRuns.set(keyOf(run), run);
    const { lastSequence } = this.#member(run).detector.silence.arrivals;
    this.#answerRegularly(run, (lastSequence ?? 0) + 1);
  }

  #answerRegularly(run: Run, sequence: number): void {
    const intervalMs =
      this.#config.services.find(({ name }) => name === run.service)?.detection.intervalMs ?? 0;
    const at = this.#now + intervalMs;
    const make = (): Event | null => {
      const { detector, incarnation } = this.#member(run);
      if (!detector.watched || incarnation !== run.incarnation) return null;
      this.#now = Math.max(this.#now, at);
      this.#answerRegularly(run, sequence + 1);
      const { channel } = detector;
      return { type: 'probeSucceeded', at, ...run, channel, sequence, latencyMs: 1 };
    };
    this.#agenda.add({ at, order: UNRECORDED, ends: null, make });
  }

  /** null: nothing of it runs. */
  #runOf(service: string, member: string): Run | null {
    const { lifecycle, incarnation } = this.#member({ service, member });
    return lifecycle === 'absent' ? null : { service, member, incarnation };
  }

  #member({ service, member }: Omit<Run, 'incarnation'>): MemberState {
    const found = serviceOf(this.#state, service).members.find(({ name }) => name === member);
    if (found === undefined) throw new Error(`the recording has no member ${member}`);
    return found;
  }

  /** What the record knows of the member that is given up, after it is. */
  #answerAfter({ cause, from, verdictAt }: Incident): Instant | null {
    if (cause.code !== 'memberFailed' || from === null) return null;
    const judged = this.#steps.findLast(({ event }) => event.at < verdictAt);
    if (judged === undefined) return null;
    const member = serviceOf(judged.after, this.#service).members.find(({ name }) => name === from);
    if (member === undefined) return null;
    const { incarnation } = member;
    return this.#reality.nextAnswerAt(
      { service: this.#service, member: from, incarnation },
      verdictAt,
    );
  }

  /** Nothing is known beyond the newest recorded fact; without the incident its recorded end is enough. */
  #limit(): Instant {
    const knownUntil = this.#facts.at(-1)?.event.at ?? this.#now;
    const recordedEnd = this.#recorded?.endedAt ?? knownUntil;
    const { incident } = serviceOf(this.#state, this.#service);
    const isOpen = incident?.id === this.#id;
    return Math.min(knownUntil, isOpen ? recordedEnd + TAIL_MS : recordedEnd);
  }

  #hasEnded(): boolean {
    const { incident } = serviceOf(this.#state, this.#service);
    return incident?.id === this.#id && incident.endedAt !== null;
  }
}

function keyOf({ service, member }: { readonly service: string; readonly member: string }): string {
  return `${service}/${member}`;
}

function activeOf(state: AgentState, service: string): string | null {
  const known = state.services.find(({ name }) => name === service);
  return known === undefined ? null : activeHere(known);
}

function isAgentStart(event: Event): boolean {
  return event.type === 'agentStarted' || event.type === 'agentRecovered';
}

/** At most the lead before the incident, and after the end of the one before it. */
function firstStep({ steps, recording }: Walk, incident: Incident | null): number {
  if (incident === null) return 0;
  const from = Math.min(incident.startedAt, incident.wellUntil ?? incident.startedAt) - LEAD_MS;
  const isQuiet = ({ before }: Step): boolean => {
    if (!before.started) return false;
    const { incident: newest, operation } = serviceOf(before, recording.service);
    if (newest?.id === incident.id) return true;
    return operation === null && newest?.endedAt !== null;
  };
  const first = steps.findIndex((one) => one.event.at >= from && isQuiet(one));
  return Math.max(0, first);
}

function actingOrders(steps: readonly Step[], reality: Reality): RecordedOrder[] {
  const acting = new Set(
    steps.flatMap(({ effects, before }) =>
      effects
        .filter((effect) => actsOnTheWorld(effect, activeOf(before, effect.service)))
        .map(({ id }) => id),
    ),
  );
  return reality.orders.filter(({ effect }) => acting.has(effect.id));
}
