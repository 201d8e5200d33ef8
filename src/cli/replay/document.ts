import type { Incident } from '../../core/state.ts';
import type { Instant } from '../../core/time.ts';
import { type Comparison, compare } from '../../replay/comparison.ts';
import type { Assumption } from '../../replay/assumed-results.ts';
import {
  incidentIn,
  stepsOf,
  type TimelineEntry,
  type TimelineStep,
  timelineOf,
} from '../../replay/timeline.ts';
import type { Compared, Divergence, Gap, Walk } from '../../replay/verify.ts';
import type { WhatIf } from '../../replay/what-if.ts';

/** The document of `hotwarm replay --json`. Instants are of the recording's monotonic clock, ms. */
export type ReplayDocument = {
  readonly service: string;
  readonly id: number;
  readonly events: number;
  readonly exact: boolean;
  readonly compared: Compared;
  readonly divergences: readonly Divergence[];
  /** Where the journal lost events. */
  readonly gaps: readonly Gap[];
  /** null: the replay does not reach it. */
  readonly incident: Incident | null;
  readonly timeline: readonly TimelineEntry[];
  /** null: without --set. */
  readonly whatIf: WhatIfDocument | null;
};

type WhatIfDocument = Comparison & {
  readonly from: Instant;
  readonly divergedAt: Instant | null;
  readonly stopped: WhatIf['stopped'];
  readonly assumptions: readonly Assumption[];
  readonly timeline: readonly TimelineEntry[];
};

type Options = { readonly all: boolean; readonly whatIf: WhatIf | null };

export function replayDocument(walked: Walk, { all, whatIf }: Options): ReplayDocument {
  const { recording, steps, compared, divergences, gaps } = walked;
  const { service, incident: id } = recording;
  return {
    service,
    id,
    events: steps.length,
    exact: divergences.length === 0 && gaps.length === 0,
    compared,
    divergences,
    gaps,
    incident: incidentIn(steps, service, id),
    timeline: timelineOf(stepsOf(steps, service, id), { service, all }),
    whatIf: whatIf === null ? null : whatIfDocument(walked, whatIf, all),
  };
}

function whatIfDocument(walked: Walk, whatIf: WhatIf, all: boolean): WhatIfDocument {
  const { from, divergedAt, stopped, assumptions } = whatIf;
  const { service } = walked.recording;
  const timeline = timelineOf(whatIfSteps(walked, whatIf), { service, all });
  return { ...compare(walked, whatIf), from, divergedAt, stopped, assumptions, timeline };
}

/** The steps of the hypothetical incident; without one, the time of the recorded incident. */
export function whatIfSteps({ recording, steps }: Walk, whatIf: WhatIf): readonly TimelineStep[] {
  const { service, incident: id } = recording;
  if (whatIf.incident !== null) return stepsOf(whatIf.steps, service, id);
  const from = stepsOf(steps, service, id)[0]?.event.at ?? whatIf.from;
  return whatIf.steps.filter(({ event }) => event.at >= from);
}
