import type { Event } from './event.ts';

// Properties of each kind of event, for code that routes, folds or replays events without reading them. The fields are in
// event.ts, the state changes in apply.ts, the texts in describe/event.ts.

export type EventKind = {
  /** all: every service. named: the service in the event. effect: the service of the pending effect. */
  readonly concerns: 'all' | 'named' | 'effect';
  /** Arrives continuously; not worth showing unless it changes something. */
  readonly isRoutine: boolean;
  /**
   * Whether a recorded event also happens in a replay with another setting.
   * withRun: as long as the same process runs. withActive: as long as the same member is active. withFallback: if the
   * route allows it. never: the replay produces its own.
   */
  readonly recurs: 'always' | 'never' | 'withRun' | 'withActive' | 'withFallback';
};

const OWN = { concerns: 'all', isRoutine: false, recurs: 'always' } as const;
const TIMED = { concerns: 'all', isRoutine: true, recurs: 'always' } as const;
const NAMED = { concerns: 'named', isRoutine: false, recurs: 'always' } as const;
const OF_RUN = { concerns: 'named', isRoutine: false, recurs: 'withRun' } as const;
const OF_CLIENTS = { concerns: 'named', isRoutine: false, recurs: 'withActive' } as const;
const OUTCOME = { concerns: 'effect', isRoutine: false, recurs: 'always' } as const;

export const EVENT_KINDS: Readonly<Record<Event['type'], EventKind>> = {
  agentStarted: OWN,
  agentRecovered: OWN,
  deadlineReached: TIMED,
  hostSampled: TIMED,
  probeSucceeded: { ...OF_RUN, isRoutine: true },
  probeFailed: OF_RUN,
  memberExiting: OF_RUN,
  memberExited: OF_RUN,
  positionReported: { ...OF_RUN, isRoutine: true },
  trafficFailed: OF_CLIENTS,
  trafficSampled: { ...OF_CLIENTS, isRoutine: true },
  trafficFellBack: { ...NAMED, recurs: 'withFallback' },
  trafficLost: NAMED,
  trafficRestored: NAMED,
  leaseObserved: { ...NAMED, recurs: 'never' },
  effectSucceeded: OUTCOME,
  effectFailed: OUTCOME,
  effectTimedOut: OUTCOME,
  switchoverRequested: NAMED,
  failoverRequested: NAMED,
  failbackRequested: NAMED,
  pauseRequested: NAMED,
  resumeRequested: NAMED,
};

export function isRoutine(event: Event): boolean {
  return EVENT_KINDS[event.type].isRoutine;
}
