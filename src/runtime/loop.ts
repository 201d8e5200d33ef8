import { assert } from '../core/assert.ts';
import type { CoreConfig } from '../core/config.ts';
import type { Effect, EffectId } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import { initialState } from '../core/initial.ts';
import type { AgentState } from '../core/state.ts';
import { nextDeadline, step } from '../core/step.ts';
import type { Instant } from '../core/time.ts';
import type { HostSampler } from './host-sampler.ts';
import type { Cancel, CarryOut, Journal, Time } from './ports.ts';
import { isTurningPoint } from './recover.ts';
import { EffectRunner, type Ended, type OpenEffect } from './runner.ts';

// The one loop of a host: an event comes in, the core decides, the journal is made durable, the effects go out. Events are
// taken one at a time in the order of their arrival; one that comes while another is being decided waits its turn, and
// so does all that comes before the event of the start. Nothing here knows what any event means, with two exceptions:
// `drainInput` is answered by the loop itself, and after a pause of its own the loop looks at the host first.

/** Quiet events (those without effects) are written in batches at most this far apart. */
const FLUSH_MS = 5000;
/** Events that wait while one is being decided come of that one alone; so many are a defect, not load. */
const QUEUE_LIMIT = 1000;

/** How long decisions take and how late timers are, by a finer clock than the one decided by. */
export interface Meter {
  stepBegan(): void;
  decided(): void;
  timerFired(lateMs: number): void;
}

export type LoopOptions = {
  readonly config: CoreConfig;
  readonly time: Time;
  readonly journal: Journal;
  readonly carryOut: CarryOut;
  /** null: not measured. */
  readonly meter: Meter | null;
  /** Passes an outcome on to the queue; the simulator loses, delays and doubles some here. */
  readonly relay: (deliver: () => void) => void;
  /** After a step, once its effects have begun. */
  readonly onStep: (
    event: Event,
    before: AgentState,
    after: AgentState,
    effects: readonly Effect[],
  ) => void;
  /** A broken invariant: the process must stop. */
  readonly onDefect: (error: unknown) => void;
};

export class AgentLoop {
  readonly #options: LoopOptions;
  readonly #runner: EffectRunner;
  readonly #queue: Event[] = [];
  #state: AgentState;
  #sampler: HostSampler | null = null;
  /** The journal does not lead to the present state. */
  #isGap = false;
  #begun = false;
  #busy = false;
  #closed = false;
  #cancelTimer: Cancel | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelFlush: Cancel = () => {};
  #events = 0;

  constructor(options: LoopOptions) {
    const { config, time, relay } = options;
    this.#options = options;
    this.#state = initialState(config, time.now());
    this.#runner = new EffectRunner({
      ...options,
      onEnded: (ended) => relay(() => this.#report(ended)),
    });
    this.#flushLater();
  }

  get state(): AgentState {
    return this.#state;
  }

  get events(): number {
    return this.#events;
  }

  get openEffects(): Iterable<OpenEffect> {
    return this.#runner.open;
  }

  /** Continues from a state that no event of this loop led to: an earlier agent's, or one that a simulation made older. */
  continueFrom(state: AgentState): void {
    assert(!this.#busy, 'a state is not replaced while it is decided upon');
    this.#state = state;
    this.#isGap = true;
  }

  /** The first event. From now on every event is preceded by the samples that are due. */
  begin(event: Event, sampler: HostSampler | null): void {
    assert(!this.#begun, 'an agent starts once');
    if (this.#closed) return;
    this.#begun = true;
    this.#sampler = sampler;
    sampler?.start();
    this.#queue.unshift(event);
    this.#decide();
    this.#arm();
  }

  deliver(event: Event): void {
    if (this.#closed) return;
    if (event.type !== 'hostSampled') this.#sampler?.catchUp();
    assert(this.#queue.length < QUEUE_LIMIT, 'events that wait are bounded');
    this.#queue.push(event);
    if (this.#busy || !this.#begun) return;
    this.#decide();
    if (event.type !== 'probeSucceeded' || this.#cancelTimer === null) this.#arm();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#runner.close();
    this.#sampler?.stop();
    this.#cancelFlush();
    this.#cancelTimer?.();
    this.#options.journal.flush();
  }

  #decide(): void {
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#step(next);
        if (this.#closed) return;
      }
    } catch (error) {
      this.close();
      this.#options.onDefect(error);
    } finally {
      this.#busy = false;
    }
  }

  #step(event: Event): void {
    const { config, journal, meter, onStep } = this.#options;
    meter?.stepBegan();
    const before = this.#state;
    // Events are stamped where they arise; two that arose close together may be delivered crosswise.
    const stamped = event.at < before.at ? { ...event, at: before.at } : event;
    if (journal.snapshotDue || this.#isGap)
      journal.append({ type: 'snapshot', config, state: before });
    this.#isGap = false;
    journal.append({ type: 'event', event: stamped });
    const { state, effects } = step(config, before, stamped);
    this.#state = state;
    this.#events += 1;
    if (effects.length > 0 || isTurningPoint(before, state)) journal.flush();
    meter?.decided();
    for (const effect of effects) this.#take(effect);
    onStep(stamped, before, state, effects);
  }

  #take(effect: Effect): void {
    switch (effect.type) {
      case 'drainInput':
        this.#options.time.afterReading(() => this.#done(effect.id));
        return;
      case 'cancelEffects':
        this.#runner.cancel(effect.ids);
        this.#done(effect.id);
        return;
      default:
        this.#runner.take(effect);
    }
  }

  #done(id: EffectId): void {
    this.#report({ type: 'effectSucceeded', id, result: { type: 'done' } });
  }

  #report(ended: Ended): void {
    this.deliver({ ...ended, at: this.#options.time.now() });
  }

  #flushLater(): void {
    const { time, journal } = this.#options;
    this.#cancelFlush = time.at(time.now() + FLUSH_MS, () => {
      journal.flush();
      this.#flushLater();
    });
  }

  /** A timer for the next deadline; one that fires too early only sets itself again. */
  #arm(): void {
    const { config, time } = this.#options;
    const dueAt = nextDeadline(config, this.#state);
    if (this.#closed || dueAt === null || dueAt >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = dueAt;
    this.#cancelTimer = time.at(dueAt, () => this.#fire(dueAt));
  }

  #fire(setFor: Instant): void {
    const { config, time, meter } = this.#options;
    this.#cancelTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const at = time.now();
    meter?.timerFired(Math.max(0, at - setFor));
    const dueAt = nextDeadline(config, this.#state);
    if (dueAt !== null && dueAt <= at) this.deliver({ type: 'deadlineReached', at, dueAt });
    else this.#arm();
  }
}
