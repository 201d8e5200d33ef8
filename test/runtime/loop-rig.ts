import type { TestContext } from 'node:test';
import { carryOutBy } from '../../src/agent/carry-out.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { EffectResult, Event } from '../../src/core/event.ts';
import type { AgentState } from '../../src/core/state.ts';
import { AgentLoop, type LoopOptions } from '../../src/runtime/loop.ts';
import type { Journal, JournalEntry } from '../../src/runtime/ports.ts';
import { coreConfig } from '../core/configs.ts';
import { mockTime } from './mock-time.ts';

// The loop with a clock, a journal and drivers of the test's own.

/** Everything that the loop does to the outside, in order. */
type Trace = string[];

class FakeJournal implements Journal {
  snapshotDue = false;
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

  flush(): void {
    this.#trace.push('flush');
  }

  newest(): null {
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
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const trace: Trace = [];
  const journal = new FakeJournal(trace);
  const defects: unknown[] = [];
  const made = { journal, trace, defects, at: 0 };
  const loopOptions: LoopOptions = {
    config: coreConfig(),
    journal,
    time: mockTime(made),
    carryOut: carryOutBy(async (effect) => {
      trace.push(`execute ${effect.type}`);
      return await (options.execute?.(effect) ?? new Promise(() => undefined));
    }),
    meter: null,
    relay: (deliver) => deliver(),
    onStep: (event, _before, after) => {
      trace.push(`told ${event.type}`);
      options.onStep?.(event, loop, after);
    },
    onDefect: (error) => defects.push(error),
  };
  const events = (): readonly Event[] =>
    journal.entries.flatMap((entry) => (entry.type === 'event' ? [entry.event] : []));
  const loop = new AgentLoop(loopOptions);
  t.after(() => loop.close());
  return Object.assign(made, { loop, events });
}

export const STARTED: Event = {
  type: 'agentStarted',
  at: 0,
  epochs: [],
  nextIncident: 1,
  carried: [],
};

export function pause(at: number): Event {
  return { type: 'pauseRequested', at, service: 'shop' };
}

export function resume(at: number): Event {
  return { type: 'resumeRequested', at, service: 'shop' };
}
