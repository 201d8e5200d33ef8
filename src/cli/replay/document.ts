import { incidentIn, stepsOf, type StoryEntry, storyOf } from '../../replay/story.ts';
import type { Incident } from '../../core/state.ts';
import type { Compared, Divergence, Walk } from '../../replay/walk.ts';

/** What `hotwarm replay --json` answers. Instants are of the recording's monotonic clock, ms. */
export type ReplayDocument = {
  readonly service: string;
  readonly id: number;
  readonly events: number;
  readonly exact: boolean;
  readonly compared: Compared;
  readonly divergences: readonly Divergence[];
  /** null: the replay does not come as far. */
  readonly incident: Incident | null;
  readonly story: readonly StoryEntry[];
};

export function replayDocument(walked: Walk, all: boolean): ReplayDocument {
  const { recording, steps, compared, divergences } = walked;
  const { service, incident: id } = recording;
  return {
    service,
    id,
    events: steps.length,
    exact: divergences.length === 0,
    compared,
    divergences,
    incident: incidentIn(steps, service, id),
    story: storyOf(stepsOf(steps, service, id), { service, all }),
  };
}
