import { performance } from 'node:perf_hooks';
import { assert } from '../core/assert.ts';
import type { CoreConfig } from '../core/config.ts';
import type { Effect } from '../core/effect.ts';
import type { EffectResult, Event } from '../core/event.ts';
import { initialState } from '../core/initial.ts';
import type { AgentState } from '../core/state.ts';
import { nextDeadline, step } from '../core/step.ts';
import { Percentiles } from './figures.ts';
import type { HostSampler } from './host-sampler.ts';
import type { Journal } from './journal.ts';
import { EffectRunner } from './runner.ts';

// The one impure loop of a host: an event comes in, the core decides, the journal is made durable, the
// effects go out. Events are taken one at a time in the order of their arrival; one that comes while
// another is being decided waits its turn. Nothing here knows what any event means, but for two things:
// `drainInput` is answered by this loop itself, and after a pause of its own the loop looks at the host first.

/** Quiet events (those without effects) are written in batches at most this far apart. */
const FLUSH_MS = 5000;
/** Events that wait while one is being decided come of that one alone; so many are a defect, not load. */
const QUEUE_LIMIT = 1000;
/** Longest a timer is set for; a later deadline is set again when this is over. */
const TIMER_MAX_MS = 60_000;

export type LoopOptions = {
  readonly config: CoreConfig;
  readonly journal: Journal;
  readonly now: () => number;
  readonly wallNow: () => number;
  readonly execute: (effect: Effect, signal: AbortSignal) => Promise<EffectResult>;
  readonly onStep: (event: Event, before: AgentState, after: AgentState) => void;
  /** A broken invariant: the process must stop. */
  readonly onDefect: (error: unknown) => void;
};

/** What the next agent must know, should this one die now, although nothing is ordered by it. */
function isTurningPoint(before: AgentState, after: AgentState): boolean {
  return after.services.some((service, index) => {
    const old = before.services[index];
    return (
      old?.active !== service.active ||
      old.operation !== service.operation ||
      old.paused !== service.paused
    );
  });
}

export class AgentLoop {
  readonly #options: LoopOptions;
  readonly #runner: EffectRunner;
  readonly #queue: Event[] = [];
  readonly decisionMs = new Percentiles();
  readonly lagMs = new Percentiles();
  #state: AgentState;
  #sampler: HostSampler | null = null;
  #busy = false;
  #closed = false;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  readonly #flushTimer: NodeJS.Timeout;
  #events = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#state = initialState(options.config, options.now());
    this.#runner = new EffectRunner({
      execute: options.execute,
      now: options.now,
      onOutcome: (outcome) => this.deliver({ ...outcome, at: options.now() }),
    });
    this.#flushTimer = setInterval(() => options.journal.flush(), FLUSH_MS);
    this.#flushTimer.unref();
  }

  get state(): AgentState {
    return this.#state;
  }

  get events(): number {
    return this.#events;
  }

  /** Goes on from a state that another loop left; before the first event. */
  resume(state: AgentState): void {
    assert(this.#events === 0, 'a loop resumes before its first event');
    this.#state = state;
  }

  /** From now on every event is preceded by the samples that are due. */
  attach(sampler: HostSampler): void {
    this.#sampler = sampler;
    sampler.start();
  }

  deliver(event: Event): void {
    if (this.#closed) return;
    if (event.type !== 'hostSampled') this.#sampler?.catchUp();
    assert(this.#queue.length < QUEUE_LIMIT, 'events that wait are bounded');
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#step(next);
    } catch (error) {
      this.close();
      this.#options.onDefect(error);
    } finally {
      this.#busy = false;
    }
    if (event.type !== 'probeSucceeded' || this.#timer === null) this.#arm();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#runner.close();
    this.#sampler?.stop();
    clearInterval(this.#flushTimer);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#options.journal.flush();
  }

  #step(event: Event): void {
    const startedAt = performance.now();
    const { config, journal, wallNow } = this.#options;
    const before = this.#state;
    // Events are stamped where they arise; two that arose close together may be delivered crosswise.
    const stamped = event.at < before.at ? { ...event, at: before.at } : event;
    if (journal.snapshotDue)
      journal.append({ type: 'snapshot', wallMs: wallNow(), config, state: before });
    journal.append({ type: 'event', event: stamped });
    const { state, effects } = step(config, before, stamped);
    this.#state = state;
    this.#events += 1;
    if (effects.length > 0 || isTurningPoint(before, state)) journal.flush();
    this.decisionMs.add(performance.now() - startedAt);
    for (const effect of effects) this.#take(effect);
    this.#options.onStep(stamped, before, state);
  }

  #take(effect: Effect): void {
    switch (effect.type) {
      case 'drainInput':
        this.#drainInput(effect.id);
        return;
      case 'cancelEffects':
        this.#runner.cancel(effect.ids);
        this.deliver({
          type: 'effectSucceeded',
          at: this.#options.now(),
          id: effect.id,
          result: { type: 'done' },
        });
        return;
      default:
        this.#runner.take(effect);
    }
  }

  /** The event loop goes timers → poll → check: the check phase, then a timer of the next round, has polled once for certain. */
  #drainInput(id: number): void {
    setImmediate(() =>
      setTimeout(() => {
        this.deliver({
          type: 'effectSucceeded',
          at: this.#options.now(),
          id,
          result: { type: 'done' },
        });
      }, 0),
    );
  }

  /** A timer for the next deadline; one that fires too early only sets itself again. */
  #arm(): void {
    const { config, now } = this.#options;
    const dueAt = nextDeadline(config, this.#state);
    if (this.#closed || dueAt === null || dueAt >= this.#timerAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = dueAt;
    const waitMs = Math.min(TIMER_MAX_MS, Math.max(0, Math.ceil(dueAt - now())));
    this.#timer = setTimeout(() => this.#fire(dueAt), waitMs);
  }

  #fire(setFor: number): void {
    const { config, now } = this.#options;
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const at = now();
    this.lagMs.add(Math.max(0, at - setFor));
    const dueAt = nextDeadline(config, this.#state);
    if (dueAt !== null && dueAt <= at) this.deliver({ type: 'deadlineReached', at, dueAt });
    else this.#arm();
  }
}
