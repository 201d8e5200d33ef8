import type { Effect, EffectId } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import type { EffectFault } from '../core/reasons.ts';

// The twin of src/agent/runner.ts: an effect begins once all it waits for has succeeded, ends by its own patience once it has
// begun and by its deadline in any case, and has one outcome; what its driver answers afterwards is dropped. In
// addition the world may lose, delay or double an outcome on its way to the core, which the real runner never
// does, but a process that dies, or a defect in a driver, may look the same.

export type Outcome =
  | { readonly ok: true; readonly result: EffectResult }
  | { readonly ok: false; readonly fault: EffectFault; readonly detail: string };

export type Ended =
  Outcome | { readonly ok: false; readonly fault: 'timedOut'; readonly detail: string };

/** What becomes of an outcome on its way: told after each of these delays; none: lost. */
export type Delivery = readonly number[];

export type RunnerOptions = {
  readonly now: () => number;
  readonly after: (delayMs: number, action: () => void) => void;
  readonly execute: (effect: Effect, end: (outcome: Outcome) => void) => void;
  readonly deliveryOf: (effect: Effect) => Delivery;
  readonly onOutcome: (effect: Effect, outcome: Ended) => void;
};

type Task = { readonly effect: Effect; started: boolean };

const ENDED_KEPT = 1024;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #tasks = new Map<EffectId, Task>();
  readonly #ended = new Map<EffectId, boolean>();
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Effects that have not ended. */
  get open(): number {
    return this.#tasks.size;
  }

  /** An effect that should have ended before `at`. */
  overdue(at: number): Effect | null {
    for (const { effect } of this.#tasks.values()) if (effect.deadline < at) return effect;
    return null;
  }

  take(effect: Effect): void {
    this.#tasks.set(effect.id, { effect, started: false });
    this.#timer(effect, effect.deadline - this.#options.now());
    this.#consider(effect.id);
  }

  cancel(ids: readonly EffectId[]): void {
    for (const id of ids) {
      const task = this.#tasks.get(id);
      if (task !== undefined && !task.started)
        this.#end(id, { ok: false, fault: 'cancelled', detail: '' });
    }
  }

  close(): void {
    this.#closed = true;
    this.#tasks.clear();
  }

  #consider(id: EffectId): void {
    const task = this.#tasks.get(id);
    if (task === undefined || task.started) return;
    const { effect } = task;
    if (effect.after.some((dependency) => this.#ended.get(dependency) === false)) {
      this.#end(id, { ok: false, fault: 'dependencyFailed', detail: '' });
      return;
    }
    if (effect.after.some((dependency) => !this.#ended.has(dependency))) return;
    task.started = true;
    const deadline = Math.min(effect.deadline, this.#options.now() + effect.withinMs);
    this.#timer(effect, deadline - this.#options.now());
    this.#options.execute({ ...effect, deadline }, (outcome) => this.#end(id, outcome));
  }

  #timer({ id }: Effect, delayMs: number): void {
    this.#options.after(delayMs, () => this.#end(id, { ok: false, fault: 'timedOut', detail: '' }));
  }

  #end(id: EffectId, outcome: Ended): void {
    const task = this.#tasks.get(id);
    if (task === undefined || this.#closed) return;
    this.#tasks.delete(id);
    this.#ended.set(id, outcome.ok);
    if (this.#ended.size > ENDED_KEPT) {
      const [oldest] = this.#ended.keys();
      if (oldest !== undefined) this.#ended.delete(oldest);
    }
    for (const delayMs of this.#options.deliveryOf(task.effect)) {
      if (delayMs === 0) this.#options.onOutcome(task.effect, outcome);
      else this.#options.after(delayMs, () => this.#options.onOutcome(task.effect, outcome));
    }
    for (const waiting of this.#tasks.values())
      if (waiting.effect.after.includes(id)) this.#consider(waiting.effect.id);
  }
}
