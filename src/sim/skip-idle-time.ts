import type { DetectorState } from '../core/detect.ts';
import type { AgentState, MemberState, ServiceState } from '../core/state.ts';
import type { DurationMs, Instant } from '../core/time.ts';

// Ages a state as if idle time had passed. In idle time routine work (probes, lease renewals, samples) returns to the same
// state again and again; only the age of everything else changes. So the clocks stop, and all instants that are not routine
// move into the past: since when a member is healthy, when it failed or was rehearsed, deadlines. Statistics of recent
// probes stay. Not exact: the delays that the skipped probes would have had; they are below the margin's floor.

/** The caller ensures that nothing is due within `byMs`: see nextTurningPoint in src/core/deadlines.ts. */
export function skipIdleTime(state: AgentState, byMs: DurationMs): AgentState {
  return { ...state, services: state.services.map((service) => elapsedService(service, byMs)) };
}

function elapsedService(service: ServiceState, byMs: DurationMs): ServiceState {
  const { failovers, degradedSwitchovers, failbackNotBefore, observing, members } = service;
  return {
    ...service,
    failovers: failovers.map((at) => at - byMs),
    degradedSwitchovers: {
      ...degradedSwitchovers,
      notBefore: degradedSwitchovers.notBefore - byMs,
    },
    failbackNotBefore: failbackNotBefore - byMs,
    observing:
      observing === null
        ? null
        : { ...observing, since: observing.since - byMs, until: observing.until - byMs },
    members: members.map((member) => elapsedMember(member, byMs)),
  };
}

function elapsedMember(member: MemberState, byMs: DurationMs): MemberState {
  return {
    ...member,
    readySince: earlierBy(member.readySince, byMs),
    rehearsedAt: earlierBy(member.rehearsedAt, byMs),
    failedAt: earlierBy(member.failedAt, byMs),
    retryAt: member.retryAt - byMs,
    repair: { ...member.repair, notBefore: member.repair.notBefore - byMs },
    detector: elapsedDetector(member.detector, byMs),
  };
}

/** Also advances the blocks of the margin's window: an old pause expires as in real time. */
function elapsedDetector(detector: DetectorState, byMs: DurationMs): DetectorState {
  const { silence } = detector;
  const { record } = silence;
  return {
    ...detector,
    since: detector.since - byMs,
    silence: {
      ...silence,
      record: {
        ...record,
        startedAt: record.startedAt - byMs,
        blockStartedAt: record.blockStartedAt - byMs,
      },
    },
  };
}

function earlierBy(at: Instant | null, byMs: DurationMs): Instant | null {
  return at === null ? null : at - byMs;
}
