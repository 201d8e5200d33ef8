import type { CoreConfig } from '../core/config.ts';
import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import type { Journal, JournalEntry, Segment } from '../runtime/ports.ts';
import type { Host } from './host.ts';

// A journal that loses events like the one of src/agent: unflushed events are lost with the agent; a batch on a full disk is
// lost, with all events until the next snapshot; segments of an earlier boot are marked.

/** The events of one agent process: alone they must give the same states and effects again (checkers/replay.ts). */
export type Life = {
  readonly host: string;
  readonly initial: AgentState;
  readonly events: Event[];
  readonly effects: Effect[];
  last: AgentState;
};

/** Segments are short, because a recovering agent replays the newest one. */
const SEGMENT_EVENTS = 500;

export class SimulatedJournal implements Journal {
  readonly #host: Host;
  readonly #onFlush: () => void;
  #durable: {
    readonly boot: number;
    readonly config: CoreConfig;
    readonly state: AgentState;
    readonly events: Event[];
  } | null = null;
  #pending: JournalEntry[] = [];
  #needsSnapshot = true;
  #rows = 0;

  constructor(host: Host, onFlush: () => void) {
    this.#host = host;
    this.#onFlush = onFlush;
  }

  get snapshotDue(): boolean {
    return this.#needsSnapshot || this.#rows >= SEGMENT_EVENTS;
  }

  /** Opened by a new process: unflushed events of the last one are gone. */
  open(): void {
    this.#pending = [];
    this.#needsSnapshot = true;
  }

  append(entry: JournalEntry): void {
    if (entry.type === 'snapshot') {
      this.#needsSnapshot = false;
      this.#rows = 0;
    }
    if (this.#needsSnapshot) return;
    this.#rows += 1;
    this.#pending.push(entry);
  }

  flush(): void {
    this.#onFlush();
    const batch = this.#pending;
    this.#pending = [];
    if (this.#host.diskFull) {
      if (batch.length > 0) this.#needsSnapshot = true;
      return;
    }
    for (const entry of batch) {
      if (entry.type === 'event') {
        this.#durable?.events.push(entry.event);
      } else {
        const { config, state } = entry;
        this.#durable = { boot: this.#host.boot, config, state, events: [] };
      }
    }
  }

  newest(): Segment | null {
    if (this.#durable === null) return null;
    const { boot, config, state, events } = this.#durable;
    return { config, state, events, isOfThisBoot: boot === this.#host.boot };
  }
}
