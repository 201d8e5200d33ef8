import type { Effect, EffectId } from '../core/effect.ts';
import type { EffectResult } from '../core/event.ts';
import type { EffectFault } from '../core/reasons.ts';
import { DriverError } from '../drivers/driver-error.ts';

// Carries out effects: each one once all it waits for has succeeded, each with a deadline, each with
// exactly one outcome. The deadline allows for what it waits for to take as long as that may; an effect that
// begins sooner ends sooner, by its own patience. It decides nothing. An effect that is past its deadline is told so (its signal
// aborts) and reported as timed out at once; whatever its driver still answers is dropped.

export type Outcome =
  | { readonly type: 'effectSucceeded'; readonly id: EffectId; readonly result: EffectResult }
  | {
      readonly type: 'effectFailed';
      readonly id: EffectId;
      readonly fault: EffectFault;
      readonly detail: string;
    }
  | { readonly type: 'effectTimedOut'; readonly id: EffectId };

export type RunnerOptions = {
  readonly execute: (effect: Effect, signal: AbortSignal) => Promise<EffectResult>;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly now: () => number;
};

type Task = {
  readonly effect: Effect;
  readonly abort: AbortController;
  started: boolean;
  timer: NodeJS.Timeout;
};

/** Ended effects that later ones may still name. The core names only those it has pending, so few are enough. */
const ENDED_KEPT = 1024;

export class EffectRunner {
  readonly #options: RunnerOptions;
  readonly #tasks = new Map<EffectId, Task>();
  readonly #ended = new Map<EffectId, boolean>();
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  take(effect: Effect): void {
    if (this.#closed) return;
    const timer = this.#timerFor(effect.id, effect.deadline);
    this.#tasks.set(effect.id, { effect, abort: new AbortController(), started: false, timer });
    this.#consider(effect.id);
  }

  /** Ends those that have not begun. */
  cancel(ids: readonly EffectId[]): void {
    for (const id of ids) {
      const task = this.#tasks.get(id);
      if (task !== undefined && !task.started)
        this.#fail(id, 'cancelled', 'taken back before it began');
    }
  }

  /** Aborts everything; no outcome is reported any more. */
  close(): void {
    this.#closed = true;
    for (const { abort, timer } of this.#tasks.values()) {
      clearTimeout(timer);
      abort.abort();
    }
    this.#tasks.clear();
  }

  #consider(id: EffectId): void {
    const task = this.#tasks.get(id);
    if (task === undefined || task.started) return;
    if (task.effect.after.some((dependency) => this.#ended.get(dependency) === false)) {
      this.#fail(id, 'dependencyFailed', 'what it waited for failed');
      return;
    }
    if (task.effect.after.some((dependency) => !this.#ended.has(dependency))) return;
    task.started = true;
    const deadline = Math.min(task.effect.deadline, this.#options.now() + task.effect.withinMs);
    clearTimeout(task.timer);
    task.timer = this.#timerFor(id, deadline);
    this.#options.execute({ ...task.effect, deadline }, task.abort.signal).then(
      (result) => this.#end(id, true, { type: 'effectSucceeded', id, result }),
      (error: unknown) => this.#fail(id, faultOf(error), textOf(error)),
    );
  }

  #timerFor(id: EffectId, deadline: number): NodeJS.Timeout {
    return setTimeout(() => this.#timeOut(id), Math.max(0, deadline - this.#options.now()));
  }

  #timeOut(id: EffectId): void {
    this.#tasks.get(id)?.abort.abort();
    this.#end(id, false, { type: 'effectTimedOut', id });
  }

  #fail(id: EffectId, fault: EffectFault, detail: string): void {
    this.#end(id, false, { type: 'effectFailed', id, fault, detail });
  }

  #end(id: EffectId, succeeded: boolean, outcome: Outcome): void {
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    clearTimeout(task.timer);
    this.#tasks.delete(id);
    this.#remember(id, succeeded);
    this.#options.onOutcome(outcome);
    for (const waiting of this.#tasks.values()) {
      if (waiting.effect.after.includes(id)) this.#consider(waiting.effect.id);
    }
  }

  #remember(id: EffectId, succeeded: boolean): void {
    this.#ended.set(id, succeeded);
    if (this.#ended.size <= ENDED_KEPT) return;
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined) this.#ended.delete(oldest);
  }
}

function faultOf(error: unknown): EffectFault {
  return error instanceof DriverError ? error.fault : 'driverFailed';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
