import type { DetectorState } from '../core/detect.ts';
import type { AgentState, MemberState, ServiceState } from '../core/state.ts';
import type { DurationMs, Instant } from '../core/time.ts';

// A state as if quiet time had passed without anybody living through it. In quiet time the routine (probes, renewals of
// the lease, samples) comes back to where it was again and again; what changes is only how long ago everything else
// was. So the clocks stand still, and all that is not routine moves into the past: how long a member has been well,
// when it failed, when it was rehearsed, until when to wait. What was learnt from the last probes stays as it is.
// Not kept exactly: the lateness that the probes of the skipped time would have shown. It is below the margin's floor.

/** The caller knows that nothing falls due within `byMs`: see nextTurningPoint of src/core/deadlines.ts. */
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

/** The blocks of the margin's window pass too, so that an old pause is forgotten as it would have been. */
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
