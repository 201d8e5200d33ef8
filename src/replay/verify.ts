import type { Effect, EffectId } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import { step } from '../core/step.ts';
import type { Instant } from '../core/time.ts';
import { isOutcome } from '../core/describe/event.ts';
import { type Difference, firstDifference } from './difference.ts';
import { type Recording, serviceOf } from './recording.ts';

// Steps a recording through the core, event by event, and holds it against everything that was written down
// while it happened: each recorded outcome must be that of an order which the replay gives too; each state
// between two segments of the journal and the stored incident must be what the replay arrives at, byte for byte.
// The core is deterministic, so a difference means that something is missing from the recording, or that it was
// made by a hotwarm which decided otherwise.

export type Step = {
  /** Counts the events of the recording from 0. */
  readonly index: number;
  readonly event: Event;
  /** The order whose outcome the event is. */
  readonly effect: Effect | null;
  readonly before: AgentState;
  readonly after: AgentState;
  readonly effects: readonly Effect[];
};

export type Divergence =
  /** An outcome of an order that the replay did not give. */
  | { readonly code: 'unknownOutcome'; readonly index: number; readonly id: EffectId }
  | ({ readonly code: 'otherState'; readonly index: number } & Difference)
  | ({ readonly code: 'otherIncident' } & Difference)
  /** The core of today refuses the event in this state. */
  | { readonly code: 'stepFailed'; readonly index: number; readonly message: string }
  | ({ readonly code: 'otherTranscript'; readonly line: number } & Difference);

/** Events after `afterEvents` of the recording were lost, as the disk was full: the replay continues from the state after them. */
export type Gap = {
  readonly afterEvents: number;
  readonly fromAt: Instant;
  readonly toAt: Instant;
};

export type Compared = {
  readonly outcomes: number;
  readonly states: number;
  readonly incidents: number;
  /** With the one in the file that the recording came from. */
  readonly transcript: boolean;
};

export type Walk = {
  readonly recording: Recording;
  readonly steps: readonly Step[];
  /** What could be compared, and was the same. */
  readonly compared: Compared;
  /** Empty: replayed exactly, except for the gaps. Bounded. */
  readonly divergences: readonly Divergence[];
  readonly gaps: readonly Gap[];
};

const DIVERGENCES_KEPT = 10;

export function walk(recording: Recording): Walk {
  const walker = new Walker(recording);
  for (const event of recording.events) if (!walker.take(event)) break;
  return walker.finish();
}

class Walker {
  readonly #recording: Recording;
  readonly #steps: Step[] = [];
  readonly #divergences: Divergence[] = [];
  readonly #gaps: Gap[] = [];
  readonly #issued: Map<EffectId, Effect>;
  #state: AgentState;
  #outcomes = 0;
  #states = 0;
  /** The incident as it was when each order to store it was given. */
  #versions: { readonly id: EffectId; readonly incident: unknown }[] = [];

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#state = recording.state;
    this.#issued = new Map(pendingOf(recording.state).map((effect) => [effect.id, effect]));
  }

  /** false: the replay cannot continue. */
  take(event: Event): boolean {
    const index = this.#steps.length;
    this.#compareState(index);
    const before = this.#state;
    const effect = this.#effectOf(event, before, index);
    try {
      const { state, effects } = step(this.#recording.config, before, event);
      this.#state = state;
      this.#steps.push({ index, event, effect, before, after: state, effects });
      for (const one of effects) this.#issue(one);
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#diverge({ code: 'stepFailed', index, message });
      return false;
    }
  }

  finish(): Walk {
    this.#compareState(this.#steps.length);
    const incidents = this.#compareIncident();
    const counts = { outcomes: this.#outcomes, states: this.#states, incidents };
    return {
      recording: this.#recording,
      steps: this.#steps,
      compared: { ...counts, transcript: false },
      divergences: this.#divergences,
      gaps: this.#gaps,
    };
  }

  #issue(effect: Effect): void {
    this.#issued.set(effect.id, effect);
    const { incident: id, service } = this.#recording;
    if (effect.type !== 'recordIncident' || effect.incident !== id) return;
    const { incident } = serviceOf(this.#state, service);
    if (incident?.id === id) this.#versions.push({ id: effect.id, incident });
  }

  #effectOf(event: Event, before: AgentState, index: number): Effect | null {
    if (!isOutcome(event)) return null;
    if (event.type !== 'effectSucceeded')
      this.#versions = this.#versions.filter(({ id }) => id !== event.id);
    const effect = this.#issued.get(event.id) ?? null;
    // Of a poll in progress at the start of the recording only the number is known.
    if (effect !== null || before.polling?.id === event.id) this.#outcomes += 1;
    else this.#diverge({ code: 'unknownOutcome', index, id: event.id });
    return effect;
  }

  /** Continues from what was recorded, so that one gap is reported once. */
  #compareState(index: number): void {
    const checkpoint = this.#recording.checkpoints.find(({ afterEvents }) => afterEvents === index);
    if (checkpoint === undefined) return;
    const difference = firstDifference(checkpoint.state, this.#state);
    if (difference === null) {
      this.#states += 1;
      return;
    }
    // Each event leaves its own time in the state, so a state of a later time follows events that are not there.
    const [fromAt, toAt] = [this.#state.at, checkpoint.state.at];
    if (toAt > fromAt) this.#gaps.push({ afterEvents: index, fromAt, toAt });
    else this.#diverge({ code: 'otherState', index, ...difference });
    this.#state = checkpoint.state;
    for (const effect of pendingOf(checkpoint.state)) this.#issued.set(effect.id, effect);
  }

  #compareIncident(): number {
    const { stored } = this.#recording;
    const newest = this.#versions.at(-1);
    if (stored === null || newest === undefined) return 0;
    const difference = firstDifference(stored, newest.incident);
    if (difference === null) return 1;
    this.#diverge({ code: 'otherIncident', ...difference });
    return 0;
  }

  #diverge(divergence: Divergence): void {
    if (this.#divergences.length < DIVERGENCES_KEPT) this.#divergences.push(divergence);
  }
}

function pendingOf(state: AgentState): readonly Effect[] {
  return state.services.flatMap(({ pending }) => pending);
}
