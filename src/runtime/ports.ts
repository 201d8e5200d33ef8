import type { CoreConfig } from '../core/config.ts';
import type { Effect, LeaseRecord } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { Outcome } from '../core/effect-results.ts';
import type { EffectFault } from '../core/reasons.ts';
import type { AgentState } from '../core/state.ts';
import type { Instant } from '../core/time.ts';

// What the agent's behavior needs from the world that it runs in. On Linux these are timers, SQLite and drivers; in the
// simulator virtual time, a journal that forgets, and a network. Answers come by callback and not by promise, because
// the order of microtasks must not decide what a simulated run does. A callback may run before the call returns.

export type Cancel = () => void;

export interface Time {
  /** This host's monotonic clock. */
  now(): Instant;
  /** Runs once, at `instant` or later. */
  at(instant: Instant, run: () => void): Cancel;
  /** Runs once everything that has already arrived is read. */
  afterReading(run: () => void): void;
}

export type JournalEntry =
  | { readonly type: 'event'; readonly event: Event }
  /** Starts a segment: the state is the one before the next event. */
  | { readonly type: 'snapshot'; readonly config: CoreConfig; readonly state: AgentState };

/** A part of the journal that can be replayed by itself. */
export type Segment = {
  readonly config: CoreConfig;
  /** Before the first event. */
  readonly state: AgentState;
  readonly events: readonly Event[];
  /** Written since the host's last boot: its instants are those of the clock that runs now. */
  readonly isOfThisBoot: boolean;
};

export interface Journal {
  /** A snapshot should be appended before the next event. */
  readonly snapshotDue: boolean;
  append(entry: JournalEntry): void;
  /** Makes durable what was appended. May fail without a word: availability does not depend on the journal. */
  flush(): void;
  /** The newest segment, if this version can read it. */
  newest(): Segment | null;
}

/** Carries out an effect that is no lease effect. `end` counts once; the result cancels what still runs. */
export type CarryOut = (effect: Effect, end: (outcome: Outcome) => void) => Cancel;

/** What a key of the lease store holds. Revisions of one key only grow; 0: it holds nothing. */
export type StoredLease = { readonly revision: number; readonly record: LeaseRecord | null };

export type StoreFailure = {
  readonly type: 'failed';
  readonly fault: EffectFault;
  readonly detail: string;
};

export type ReadAnswer = { readonly type: 'read'; readonly stored: StoredLease } | StoreFailure;

export type SwapAnswer =
  | { readonly type: 'swapped'; readonly revision: number }
  | { readonly type: 'conflict'; readonly stored: StoredLease }
  | StoreFailure;

/** The linearizable lease store. It may never answer. */
export interface Leases {
  read(service: string, end: (answer: ReadAnswer) => void): void;
  /** Writes the record if the key is still at `revision`. */
  swap(
    service: string,
    revision: number,
    record: LeaseRecord,
    end: (answer: SwapAnswer) => void,
  ): void;
  /** Reports changes of any lease: late, twice, or not at all where the connection is lost. */
  watch(onChange: (service: string, stored: StoredLease) => void): Cancel;
}
