import type { Effect, EffectId } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import type { Outcome } from '../core/effect-results.ts';
import type { EffectFault } from '../core/reasons.ts';
import type { Instant } from '../core/time.ts';
import type { Cancel, CarryOut, Time } from './ports.ts';

// Carries out effects: each one once all it waits for has succeeded, each with a deadline, each with exactly one
// outcome. The deadline allows for what it waits for to take as long as that may; an effect that begins sooner ends
// sooner, by its own timeout. The runner decides nothing. An effect that is past its deadline is cancelled and reported
// as timed out at once; whatever its driver still answers is dropped.

/** An outcome as the event that reports it, without its time. */
export type Ended =
  | { readonly type: 'effectSucceeded'; readonly id: EffectId; readonly result: EffectResult }
  | {
      readonly type: 'effectFailed';
      readonly id: EffectId;
      readonly fault: EffectFault;
      readonly detail: string;
    }
  | { readonly type: 'effectTimedOut'; readonly id: EffectId };

type RunnerOptions = {
  readonly time: Time;
  readonly carryOut: CarryOut;
  readonly onEnded: (ended: Ended) => void;
};

export type OpenEffect = { readonly effect: Effect; readonly started: boolean };

type Task = {
  readonly effect: Effect;
  started: boolean;
  cancelTimer: Cancel;
  /** Of what carries it out. */
  cancel: Cancel;
};

/** Ended effects that later ones may still name. The core names only those it has pending, so few are enough. */
const ENDED_KEPT = 1024;

const NOTHING: Cancel = () => {};

export class EffectRunner {
  readonly #options: RunnerOptions;
  readonly #tasks = new Map<EffectId, Task>();
  /** Whether it succeeded. */
  readonly #ended = new Map<EffectId, boolean>();
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** What has not ended. */
  get open(): Iterable<OpenEffect> {
    return this.#tasks.values();
  }

  take(effect: Effect): void {
    if (this.#closed) return;
    const task = { effect, started: false, cancelTimer: NOTHING, cancel: NOTHING };
    this.#tasks.set(effect.id, task);
    this.#consider(task);
    if (this.#isWaiting(task)) this.#setTimer(task, effect.deadline);
  }

  /** Ends those that have not begun. */
  cancel(ids: readonly EffectId[]): void {
    for (const id of ids) {
      const task = this.#tasks.get(id);
      if (task !== undefined && !task.started)
        this.#fail(id, 'cancelled', 'taken back before it began');
    }
  }

  /** Cancels everything; no outcome is reported any more. */
  close(): void {
    this.#closed = true;
    const tasks = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const { cancelTimer, cancel } of tasks) {
      cancelTimer();
      cancel();
    }
  }

  #isWaiting(task: Task): boolean {
    return !task.started && this.#tasks.get(task.effect.id) === task;
  }

  #consider(task: Task): void {
    if (!this.#isWaiting(task)) return;
    const { effect } = task;
    const { id, after } = effect;
    if (after.some((dependency) => this.#ended.get(dependency) === false)) {
      this.#fail(id, 'dependencyFailed', 'what it waited for failed');
      return;
    }
    if (after.some((dependency) => !this.#ended.has(dependency))) return;
    const { time, carryOut } = this.#options;
    const deadline = Math.min(effect.deadline, time.now() + effect.withinMs);
    task.started = true;
    task.cancelTimer();
    this.#setTimer(task, deadline);
    const cancel = carryOut({ ...effect, deadline }, (outcome) => this.#carriedOut(id, outcome));
    task.cancel = cancel;
  }

  #setTimer(task: Task, deadline: Instant): void {
    task.cancelTimer = this.#options.time.at(deadline, () => this.#timeOut(task));
  }

  #timeOut({ effect: { id }, cancel }: Task): void {
    cancel();
    this.#end(id, false, { type: 'effectTimedOut', id });
  }

  #carriedOut(id: EffectId, outcome: Outcome): void {
    if (outcome.ok) this.#end(id, true, { type: 'effectSucceeded', id, result: outcome.result });
    else this.#fail(id, outcome.fault, outcome.detail);
  }

  #fail(id: EffectId, fault: EffectFault, detail: string): void {
    this.#end(id, false, { type: 'effectFailed', id, fault, detail });
  }

  #end(id: EffectId, succeeded: boolean, ended: Ended): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    task.cancelTimer();
    this.#tasks.delete(id);
    this.#remember(id, succeeded);
    this.#options.onEnded(ended);
    for (const waiting of this.#tasks.values())
      if (waiting.effect.after.includes(id)) this.#consider(waiting);
  }

  #remember(id: EffectId, succeeded: boolean): void {
    this.#ended.set(id, succeeded);
    if (this.#ended.size <= ENDED_KEPT) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}
