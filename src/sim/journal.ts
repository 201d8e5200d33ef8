import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';

// The twin of an agent's journal. What was written but not flushed is lost with the agent; while the disk is full nothing is
// flushed, and later the whole state is written anew. A life is one agent's time from its first event on: its events
// alone must lead to the same states and effects again (checkers/replay.ts).

export type Life = {
  readonly host: string;
  readonly initial: AgentState;
  readonly events: Event[];
  readonly effects: Effect[];
  last: AgentState;
};

export class Journal {
  /** What an agent that starts on this boot can go on from. */
  durable: { readonly boot: number; readonly state: AgentState } | null = null;
  life: Life | null = null;
  readonly #keepsLives: boolean;
  readonly #onLifeEnded: (life: Life) => void;

  constructor(options: { keepsLives: boolean; onLifeEnded: (life: Life) => void }) {
    this.#keepsLives = options.keepsLives;
    this.#onLifeEnded = options.onLifeEnded;
  }

  begin(host: string, initial: AgentState): void {
    this.end();
    if (this.#keepsLives) this.life = { host, initial, events: [], effects: [], last: initial };
  }

  append(event: Event, effects: readonly Effect[], state: AgentState): void {
    if (this.life === null) return;
    this.life.events.push(event);
    this.life.effects.push(...effects);
    this.life.last = state;
  }

  flush(boot: number, state: AgentState, isDiskFull: boolean): void {
    if (!isDiskFull) this.durable = { boot, state };
  }

  end(): void {
    if (this.life !== null) this.#onLifeEnded(this.life);
    this.life = null;
  }
}
