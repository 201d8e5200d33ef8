import type { CoreConfig } from '../core/config.ts';
import type { Event } from '../core/event.ts';
import type { AgentState, Incident, ServiceState } from '../core/state.ts';

// What a replay starts from: a state, the configuration it was decided by, and the events that came.

export type Recording = {
  readonly service: string;
  /** Number of the incident that it is about. */
  readonly incident: number;
  readonly config: CoreConfig;
  /** Before the first event. */
  readonly state: AgentState;
  readonly events: readonly Event[];
  /** What else was recorded: states that the replay must arrive at. */
  readonly checkpoints: readonly Checkpoint[];
  /** The incident as the agent stored it; null: it is not known. */
  readonly stored: Incident | null;
};

/** A state that was written down as JSON between two events. */
export type Checkpoint = { readonly afterEvents: number; readonly state: AgentState };

/** The service of that name. Throws where there is none, as a recording is about one of its services. */
export function serviceOf(state: AgentState, name: string): ServiceState {
  const service = state.services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new Error(`the recording has no service ${name}`);
  return service;
}
