import { isOutcome, type OutcomeEvent } from '../core/describe/event.ts';
import type { Effect, EffectOrder } from '../core/effect.ts';
import type { Event, ProbeAnswer } from '../core/event.ts';
import type { EffectFault, ProbeFault } from '../core/reasons.ts';
import type { DurationMs, Instant } from '../core/time.ts';
import { isHarmless } from '../core/step-context.ts';
import type { Step } from './verify.ts';

// What a recording knows of the world, for the question what would have happened otherwise: which orders were
// given and how each ended, when each member is known to have answered, and from when on its own course is no
// longer known, because an order ended it.

export type RecordedOrder = {
  readonly effect: Effect;
  /** How it ended; null: the recording ends before it. */
  readonly outcome: { readonly event: OutcomeEvent; readonly index: number } | null;
  /** From when all that it waited for had succeeded, until its end. */
  readonly tookMs: DurationMs;
};

/** How an order like one that was given would have ended. */
export type LikelyEnd = {
  readonly tookMs: DurationMs;
  /** null: with success. */
  readonly fault: { readonly fault: EffectFault; readonly detail: string } | null;
  readonly basis: 'sameMember' | 'otherMember' | 'typical';
};

/** For orders of which the recording has no example: what they take on a host that is not strained. */
const TYPICAL_MS: Readonly<Partial<Record<EffectOrder['type'], DurationMs>>> = {
  startMember: 30,
  awaitReady: 500,
  stopMember: 100,
  fenceMember: 10,
  acquireLease: 3,
  renewLease: 3,
  releaseLease: 3,
  drainTraffic: 10,
  promoteMember: 200,
  demoteMember: 200,
  rejoinMember: 1000,
};
const TYPICAL_REST_MS = 1;
const TYPICAL_ANSWER_MS = 1;

const ENDINGS: ReadonlySet<EffectOrder['type']> = new Set([
  'fenceMember',
  'stopMember',
  'freezeMember',
]);

/** It changes something outside of hotwarm. A route to the member that is active already only tells of fallbacks. */
export function actsOnTheWorld(effect: Effect, active: string | null): boolean {
  if (isHarmless(effect.type) || effect.type === 'renewLease') return false;
  return effect.type !== 'switchTraffic' || effect.route.active !== active;
}

/** Of what such an order does to the member nothing more is known of the member itself. */
export function endsMember({ type }: Effect): boolean {
  return ENDINGS.has(type);
}

/** Of a member of which nothing else is known. */
export function usualAnswer(at: Instant, lives: boolean): Answer {
  return lives ? answered(at, TYPICAL_ANSWER_MS) : failed(at + TYPICAL_ANSWER_MS, 'refused');
}

export function memberOfOrder(effect: Effect): string | null {
  if (effect.type === 'switchTraffic') return effect.route.active;
  return 'member' in effect ? effect.member : null;
}

export class Reality {
  readonly orders: readonly RecordedOrder[];
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.orders = readOrders(steps);
  }

  /** The end that was recorded for such an order to the same member, the nearest in time, else to another one. */
  likelyEnd(effect: Effect): LikelyEnd {
    const alike = this.orders.filter(
      (order) => order.effect.type === effect.type && isExample(order),
    );
    const same = alike.filter((order) => memberOfOrder(order.effect) === memberOfOrder(effect));
    const found = nearest(same, effect.issuedAt) ?? nearest(alike, effect.issuedAt);
    if (found === null) {
      const tookMs = TYPICAL_MS[effect.type] ?? TYPICAL_REST_MS;
      return { tookMs, fault: null, basis: 'typical' };
    }
    const basis = same.includes(found) ? 'sameMember' : 'otherMember';
    return { tookMs: found.tookMs, fault: faultOf(found), basis };
  }

  /** The order that ended the course of this run; null: none did. */
  endingOf(run: Run): RecordedOrder | null {
    const first = this.#steps.find(({ event }) => isAbout(event, run));
    const from = first?.event.at ?? Number.NEGATIVE_INFINITY;
    const ending = this.orders.find(
      ({ effect }) =>
        endsMember(effect) &&
        effect.service === run.service &&
        memberOfOrder(effect) === run.member &&
        effect.issuedAt >= from,
    );
    return ending ?? null;
  }

  /** The first answer of this run after an instant; null: none is known. */
  nextAnswerAt(run: Run, after: Instant): Instant | null {
    const sign = this.#observations(run).find(
      ({ event, effect }) => event.at > after && isAnswer(event, effect),
    );
    return sign?.event.at ?? null;
  }

  /** Whether the newest look at it before an instant found it answering. */
  isAnswering(run: Run, at: Instant): boolean {
    const last = this.#observations(run).findLast(({ event }) => event.at <= at);
    return last === undefined || isAnswer(last.event, last.effect);
  }

  /** What a probe of this run would have come to, judged by what was seen of it before and after. */
  answerTo(run: Run, at: Instant, timeoutMs: DurationMs): Answer {
    const seen = this.#observations(run);
    const until = at + timeoutMs;
    const exitedAt = deathOf(seen);
    if (exitedAt <= at) return failed(at + TYPICAL_ANSWER_MS, 'refused');
    const next = seen.find(({ event, effect }) => event.at > at && isTelling(event, effect));
    if (next === undefined && at >= this.#knownUntil(run) && this.isAnswering(run, at))
      return answered(at, TYPICAL_ANSWER_MS);
    if (exitedAt <= Math.min(until, next?.event.at ?? until)) return failed(exitedAt, 'reset');
    if (next === undefined || next.event.at > until + TYPICAL_ANSWER_MS)
      return failed(until, 'timeout');
    return answerBy(next, { at, timeoutMs, seen });
  }

  /** From when on the course of this run is not known; infinite: it is known to the end. */
  #knownUntil(run: Run): Instant {
    return this.endingOf(run)?.effect.issuedAt ?? Number.POSITIVE_INFINITY;
  }

  #observations(run: Run): readonly Step[] {
    const until = this.#knownUntil(run);
    const first = this.#steps.findIndex(({ event }) => isAbout(event, run));
    if (first === -1) return [];
    return this.#steps
      .slice(first)
      .filter(({ event, effect }) => event.at <= until && isOf(event, effect, run));
  }
}

export type Answer = { readonly answer: ProbeAnswer; readonly at: Instant };

/** What the next thing that was seen of a member says of a look before it. */
function answerBy(
  next: Step,
  look: { readonly at: Instant; readonly timeoutMs: DurationMs; readonly seen: readonly Step[] },
): Answer {
  const { at, timeoutMs, seen } = look;
  const until = at + timeoutMs;
  const { event } = next;
  if (event.type === 'probeFailed') return failed(Math.min(event.at, until), event.fault);
  const tookMs = isAskedBefore(next, at, seen) ? event.at - at : latencyOf(next);
  return tookMs > timeoutMs ? failed(until, 'timeout') : answered(at, tookMs);
}

function deathOf(seen: readonly Step[]): Instant {
  const death = seen.find(
    ({ event }) => event.type === 'memberExiting' || event.type === 'memberExited',
  );
  return death?.event.at ?? Number.POSITIVE_INFINITY;
}

/** The answer that came next was one to a question asked before: until then it did not answer. */
function isAskedBefore(next: Step, at: Instant, seen: readonly Step[]): boolean {
  if (next.event.at - latencyOf(next) <= at) return true;
  return seen.some(
    ({ event }) => event.type === 'probeFailed' && event.at > at && event.at < next.event.at,
  );
}

function latencyOf({ event }: Step): DurationMs {
  if (event.type === 'probeSucceeded') return event.latencyMs;
  const isProbe = event.type === 'effectSucceeded' && event.result.type === 'probed';
  return isProbe && event.result.answer.ok ? event.result.answer.latencyMs : TYPICAL_ANSWER_MS;
}

function answered(at: Instant, latencyMs: DurationMs): Answer {
  return { at: at + latencyMs, answer: { ok: true, latencyMs } };
}

/** One process of a member, from its start to its end. */
export type Run = {
  readonly service: string;
  readonly member: string;
  readonly incarnation: number;
};

function isAbout(event: Event, run: Run): boolean {
  return (
    'incarnation' in event &&
    event.service === run.service &&
    event.member === run.member &&
    event.incarnation === run.incarnation
  );
}

function isOf(event: Event, effect: Effect | null, run: Run): boolean {
  if (isAbout(event, run)) return true;
  return (
    event.type === 'effectSucceeded' &&
    effect?.type === 'probeMember' &&
    effect.service === run.service &&
    effect.member === run.member
  );
}

function isAnswer(event: Event, effect: Effect | null): boolean {
  if (event.type === 'probeSucceeded') return true;
  if (event.type !== 'effectSucceeded' || effect?.type !== 'probeMember') return false;
  return event.result.type === 'probed' && event.result.answer.ok;
}

/** Shows what another probe would have found: an answer, or a refusal. A probe that timed out shows only when. */
function isTelling(event: Event, effect: Effect | null): boolean {
  if (event.type === 'probeFailed') return event.fault !== 'timeout';
  return isAnswer(event, effect);
}

function failed(at: Instant, fault: ProbeFault): Answer {
  return { at, answer: { ok: false, fault, detail: '' } };
}

function readOrders(steps: readonly Step[]): readonly RecordedOrder[] {
  const ends = new Map<number, Step & { readonly outcome: OutcomeEvent }>();
  for (const step of steps)
    if (isOutcome(step.event)) ends.set(step.event.id, { ...step, outcome: step.event });
  return steps
    .flatMap(({ effects }) => effects)
    .map((effect) => {
      const end = ends.get(effect.id);
      if (end === undefined) return { effect, outcome: null, tookMs: 0 };
      const beganAt = Math.max(
        effect.issuedAt,
        ...effect.after.map((id) => ends.get(id)?.event.at ?? effect.issuedAt),
      );
      const outcome = { event: end.outcome, index: end.index };
      return { effect, outcome, tookMs: Math.max(0, end.event.at - beganAt) };
    });
}

/** An order that was called off, or never begun, does not tell how such orders end. */
function isExample({ outcome }: RecordedOrder): boolean {
  if (outcome === null) return false;
  const { event } = outcome;
  if (event.type !== 'effectFailed') return true;
  return event.fault !== 'cancelled' && event.fault !== 'dependencyFailed';
}

function faultOf({ outcome }: RecordedOrder): LikelyEnd['fault'] {
  if (outcome?.event.type === 'effectTimedOut') return { fault: 'timedOut', detail: '' };
  if (outcome?.event.type !== 'effectFailed') return null;
  const { fault, detail } = outcome.event;
  return { fault, detail };
}

function nearest(orders: readonly RecordedOrder[], at: Instant): RecordedOrder | null {
  return orders.reduce<RecordedOrder | null>((best, order) => {
    if (best === null) return order;
    const isNearer = Math.abs(order.effect.issuedAt - at) < Math.abs(best.effect.issuedAt - at);
    return isNearer ? order : best;
  }, null);
}
