import type { TestContext } from 'node:test';
import type { Journal, JournalEntry } from '../../src/agent/journal.ts';
import { AgentLoop, type LoopOptions } from '../../src/agent/loop.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { EffectResult, Event } from '../../src/core/event.ts';
import type { AgentState } from '../../src/core/state.ts';
import { coreConfig } from '../core/configs.ts';

// The loop with a clock, a journal and drivers of the test's own.

/** Everything that the loop does to the outside, in order. */
type Trace = string[];

class FakeJournal implements Journal {
  snapshotDue = false;
  readonly fault = null;
  readonly bytes = 0;
  readonly lostEvents = 0;
  readonly entries: JournalEntry[] = [];
  broken: Error | null = null;
  readonly #trace: Trace;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  append(entry: JournalEntry): void {
    if (this.broken !== null) throw this.broken;
    this.entries.push(entry);
    this.snapshotDue = false;
    this.#trace.push(entry.type === 'event' ? `append ${entry.event.type}` : 'append snapshot');
  }

  flush(): null {
    this.#trace.push('flush');
    return null;
  }
}

export type Rig = {
  readonly loop: AgentLoop;
  readonly journal: FakeJournal;
  readonly trace: Trace;
  readonly defects: unknown[];
  readonly events: () => readonly Event[];
  at: number;
};

export function rig(
  t: TestContext,
  options: {
    readonly onStep?: (event: Event, loop: AgentLoop, after: AgentState) => void;
    readonly execute?: (effect: Effect) => Promise<EffectResult>;
  } = {},
): Rig {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const trace: Trace = [];
  const journal = new FakeJournal(trace);
  const defects: unknown[] = [];
  const loopOptions: LoopOptions = {
    config: coreConfig(),
    journal,
    now: () => made.at,
    wallNow: () => 1_700_000_000_000,
    execute: async (effect) => {
      trace.push(`execute ${effect.type}`);
      return await (options.execute?.(effect) ?? new Promise(() => undefined));
    },
    onStep: (event, _before, after) => {
      trace.push(`told ${event.type}`);
      options.onStep?.(event, loop, after);
    },
    onDefect: (error) => defects.push(error),
  };
  const events = (): readonly Event[] =>
    journal.entries.flatMap((entry) => (entry.type === 'event' ? [entry.event] : []));
  // The loop asks for the time when it is made.
  const made = { journal, trace, defects, events, at: 0 };
  const loop = new AgentLoop(loopOptions);
  t.after(() => loop.close());
  return Object.assign(made, { loop });
}

export const STARTED: Event = { type: 'agentStarted', at: 0, epochs: [], nextIncident: 1 };

export function pause(at: number): Event {
  return { type: 'pauseRequested', at, service: 'shop' };
}

export function resume(at: number): Event {
  return { type: 'resumeRequested', at, service: 'shop' };
}
