import { leaseAfter } from '../core/lease.ts';
import { unreachable } from '../core/assert.ts';
import type { CoreConfig } from '../core/config.ts';
import type { Effect, EffectId } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import type { AgentState, MemberState } from '../core/state.ts';
import type { Instant } from '../core/time.ts';
import { type Agenda, UNRECORDED } from './pending-effects.ts';
import {
  actsOnTheWorld,
  type Answer,
  type LikelyEnd,
  memberOfOrder,
  type Reality,
  type RecordedOrder,
} from './recorded-results.ts';
import { serviceOf } from './recording.ts';

// How the orders of another course of things end. One that was given in the record at the same moment ends as it
// did then; any other is assumed to end like those of its kind did, once all that it waits for has ended well.

export type Assumption = {
  readonly effect: Effect['type'];
  readonly member: string | null;
  readonly tookMs: number;
  readonly failed: boolean;
  /** What it rests on: recorded orders of this kind, a usual time, or what was seen of the member. */
  readonly basis: LikelyEnd['basis'] | 'observations';
};

type OrdersOptions = {
  readonly config: CoreConfig;
  readonly reality: Reality;
  readonly agenda: Agenda;
  readonly state: () => AgentState;
  readonly now: () => Instant;
  /** What a look at a member would find now. */
  readonly ask: (effect: Effect & { type: 'probeMember' }) => Answer;
  /** An order whose success is assumed is about to succeed. */
  readonly onSuccess: (effect: Effect) => void;
};

type Open = { readonly effect: Effect; began: boolean };

export class Orders {
  readonly assumptions: Assumption[] = [];
  readonly #options: OrdersOptions;
  readonly #known = new Map<EffectId, Effect>();
  readonly #open = new Map<EffectId, Open>();
  readonly #ended = new Map<EffectId, boolean>();
  readonly #matched = new Set<EffectId>();
  readonly #used = new Set<RecordedOrder>();

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  effect(id: EffectId): Effect | null {
    return this.#known.get(id) ?? null;
  }

  wasGiven(order: RecordedOrder): boolean {
    return this.#used.has(order);
  }

  /** Was given before this course begins; it ends as it did, if that is known. */
  goOn(effect: Effect): void {
    this.#known.set(effect.id, effect);
    this.#matched.add(effect.id);
  }

  /** true: the record has it too. */
  give(effect: Effect): boolean {
    this.#known.set(effect.id, effect);
    this.#open.set(effect.id, { effect, began: false });
    const match = this.#match(effect);
    if (match !== null) {
      this.#used.add(match);
      this.#matched.add(effect.id);
    }
    const outcome = match === null ? null : outcomeOf(effect, match);
    if (effect.type === 'cancelEffects') this.#cancel(effect, match !== null);
    else if (outcome === null) this.#consider(effect.id);
    else this.#options.agenda.addEvent({ ...outcome.event, id: effect.id }, outcome.index);
    return match !== null;
  }

  end(id: EffectId, succeeded: boolean): void {
    this.#ended.set(id, succeeded);
    this.#open.delete(id);
    for (const other of this.#open.keys())
      if (!this.#options.agenda.hasEndOf(other)) this.#consider(other);
  }

  /** The same order, given at the same moment, that waits for the same. */
  #match(effect: Effect): RecordedOrder | null {
    if (!effect.after.every((id) => this.#matched.has(id))) return null;
    const found = this.#options.reality.orders.find(
      (order) =>
        !this.#used.has(order) &&
        order.effect.issuedAt === effect.issuedAt &&
        order.effect.type === effect.type &&
        order.effect.service === effect.service &&
        memberOfOrder(order.effect) === memberOfOrder(effect) &&
        order.effect.after.length === effect.after.length,
    );
    return found ?? null;
  }

  /** Begins what waits for nothing any more. */
  #consider(id: EffectId): void {
    const open = this.#open.get(id);
    if (open === undefined || open.began) return;
    const { effect } = open;
    if (effect.after.some((one) => this.#ended.get(one) === false)) {
      open.began = true;
      this.#fail(id, 'dependencyFailed');
    } else if (effect.after.every((one) => this.#ended.has(one))) {
      open.began = true;
      this.#begin(effect);
    }
  }

  #begin(effect: Effect): void {
    const { agenda, reality, now } = this.#options;
    if (effect.type === 'probeMember') return this.#ask(effect);
    const { tookMs, fault, basis } = reality.likelyEnd(effect);
    const { id } = effect;
    if (actsOnTheWorld(effect, null)) {
      const member = memberOfOrder(effect);
      this.assumptions.push({ effect: effect.type, member, tookMs, failed: fault !== null, basis });
    }
    const at = now() + Math.min(tookMs, effect.withinMs);
    if (tookMs > effect.withinMs) agenda.addEvent({ type: 'effectTimedOut', at, id });
    else if (fault !== null) agenda.addEvent({ type: 'effectFailed', at, id, ...fault });
    else
      agenda.add({
        at,
        order: UNRECORDED,
        ends: id,
        make: () => {
          const result = this.#resultOf(effect);
          this.#options.onSuccess(effect);
          return { type: 'effectSucceeded', at, id, result };
        },
      });
  }

  #ask(effect: Effect & { type: 'probeMember' }): void {
    const { ask, now, agenda } = this.#options;
    const { channel } = this.#member(effect.service, effect.member).detector;
    const { at, answer } = ask(effect);
    const [type, member] = [effect.type, effect.member];
    const assumption = { effect: type, member, tookMs: at - now(), failed: !answer.ok } as const;
    this.assumptions.push({ ...assumption, basis: 'observations' });
    const result: EffectResult = { type: 'probed', channel, answer };
    agenda.addEvent({ type: 'effectSucceeded', at, id: effect.id, result });
  }

  #resultOf(effect: Effect): EffectResult {
    switch (effect.type) {
      case 'startMember': {
        const { incarnation } = this.#member(effect.service, effect.member);
        return { type: 'started', pid: 0, incarnation: incarnation + 1 };
      }
      case 'acquireLease':
      case 'renewLease': {
        const { host, services } = this.#options.config;
        const lease = services.find(({ name }) => name === effect.service)?.lease;
        return { type: 'leased', record: leaseAfter(effect, null, host, lease?.durationMs ?? 0) };
      }
      case 'drainTraffic':
        return { type: 'drained', cut: 0 };
      case 'stopMember':
      case 'freezeMember':
      case 'thawMember':
      case 'setCapacity':
      case 'awaitReady':
      case 'primeMember':
      case 'promoteMember':
      case 'demoteMember':
      case 'rejoinMember':
      case 'fenceMember':
      case 'watchMember':
      case 'unwatchMember':
      case 'probeMember':
      case 'drainInput':
      case 'cancelEffects':
      case 'releaseLease':
      case 'switchTraffic':
      case 'recordIncident':
        return { type: 'done' };
      default:
        return unreachable(effect);
    }
  }

  /** As the runner does: what has begun continues. */
  #cancel(effect: Effect & { type: 'cancelEffects' }, isRecorded: boolean): void {
    const { agenda, now } = this.#options;
    for (const id of effect.ids) {
      if (isRecorded && agenda.hasEndOf(id)) continue;
      const open = this.#open.get(id);
      const waits = open?.effect.after.some((one) => !this.#ended.has(one)) ?? false;
      if (open === undefined || !waits) continue;
      open.began = true;
      agenda.dropEndOf(id);
      this.#fail(id, 'cancelled');
    }
    const result = { type: 'done' } as const;
    agenda.addEvent({ type: 'effectSucceeded', at: now(), id: effect.id, result });
  }

  #fail(id: EffectId, fault: 'dependencyFailed' | 'cancelled'): void {
    const { agenda, now } = this.#options;
    agenda.addEvent({ type: 'effectFailed', at: now(), id, fault, detail: '' });
  }

  #member(service: string, name: string): MemberState {
    const found = serviceOf(this.#options.state(), service).members.find(
      (member) => member.name === name,
    );
    if (found === undefined) throw new Error(`the recording has no member ${name}`);
    return found;
  }
}

/** null: under the other setting that outcome would have timed out, or a timeout would not; or it is not known. */
function outcomeOf(effect: Effect, order: RecordedOrder): RecordedOrder['outcome'] {
  const { effect: recorded, outcome, tookMs } = order;
  if (effect.type === 'probeMember' && recorded.type === 'probeMember')
    return effect.timeoutMs === recorded.timeoutMs ? outcome : null;
  if (effect.withinMs === recorded.withinMs) return outcome;
  const isCut = tookMs > effect.withinMs || outcome?.event.type === 'effectTimedOut';
  return isCut ? null : outcome;
}
