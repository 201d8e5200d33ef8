import { initialState } from '../../src/core/initial.ts';
import type { Recording } from '../../src/replay/recording.ts';
import { play } from '../core/scenario.ts';

/** What a journal would hold of a scenario of the core's tests; the last incident of it. */
export function record(script: string): Recording {
  const { world } = play(script);
  const { incident } = world.service;
  if (incident === null) throw new Error('the scenario has an incident');
  // Through JSON, as everything in a journal.
  const { config, state, events } = JSON.parse(
    JSON.stringify({
      config: world.config,
      state: initialState(world.config, 0),
      events: world.events,
    }),
  ) as Pick<Recording, 'config' | 'state' | 'events'>;
  const stored = JSON.parse(JSON.stringify(incident)) as typeof incident;
  const { name: service } = world.service;
  return { service, incident: incident.id, config, state, events, checkpoints: [], stored };
}
