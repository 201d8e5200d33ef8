import type { ServiceConfig } from './config.ts';
import { failbackDeadline } from './failback.ts';
import { expiresAt } from './lease.ts';
import { rehearsalDueAt } from './rehearsal.ts';
import type { AgentState, MemberState, ServiceState } from './state.ts';
import { earlier, type Instant } from './time.ts';
import { OUTCOME_GRACE_MS, type Turn } from './turn.ts';

// Everything in the state that becomes true merely by waiting. A decision that depends on `at` must have its
// moment here, or it would be taken only when something else happens.

/** The next moment at which this service must be looked at, perhaps already past; null: none. */
export function nextDeadlineOf(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): Instant | null {
  const moments = [
    ...turningPoints(host, config, service, state),
    ...service.pending.map((effect) => effect.deadline + OUTCOME_GRACE_MS),
    service.lease.renewAt,
    service.paused ? null : state.observer.holdUntil,
    service.route === null ? service.routeNotBefore : null,
  ];
  return earlier(overdueVerdict(service, state), nextOf(moments, service));
}

/** The next moment at which something is done although nothing happens, the routine left out; null: none. */
export function nextTurningPoint(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): Instant | null {
  return nextOf(turningPoints(host, config, service, state), service);
}

function turningPoints(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): readonly (Instant | null)[] {
  return [
    ...service.members.flatMap((member) => memberMoments(config, service, member)),
    ...operationMoments(service),
    service.observing?.until ?? null,
    failbackDeadline(readOnlyTurn(host, config, service, state)),
    grayMoment(config, service),
  ];
}

function nextOf(moments: readonly (Instant | null)[], { decidedAt }: ServiceState): Instant | null {
  return moments.reduce<Instant | null>(
    (next, moment) => (moment !== null && moment > decidedAt ? earlier(next, moment) : next),
    null,
  );
}

/** A detector's deadline that has passed is due now, unless the poll phase before its verdict is under way. */
function overdueVerdict(service: ServiceState, state: AgentState): Instant | null {
  if (state.polling !== null) return null;
  return service.members.reduce<Instant | null>(
    (next, { detector }) => earlier(next, detector.nextAt),
    null,
  );
}

function memberMoments(
  config: ServiceConfig,
  service: ServiceState,
  member: MemberState,
): readonly (Instant | null)[] {
  if (service.paused) return [];
  return [
    member.lifecycle === 'absent' ? member.repair.notBefore : null,
    member.retryAt,
    rehearsalDueAt(config.takeover.rehearsedWithinMs, member),
  ];
}

function operationMoments(service: ServiceState): readonly (Instant | null)[] {
  const { operation, lease } = service;
  if (operation === null) return [];
  const leaseFree = lease.record === null ? null : expiresAt(lease, lease.record.durationMs);
  return [
    operation.deadline,
    operation.step === 'choosing' ? operation.notBefore : null,
    leaseFree,
  ];
}

function grayMoment(config: ServiceConfig, service: ServiceState): Instant | null {
  return config.gray.action === 'switchover' && service.operation === null
    ? service.grayEjections.notBefore
    : null;
}

/** The questions about failback are asked of a turn; here nothing is decided, so nothing of it changes. */
function readOnlyTurn(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): Turn {
  return {
    config,
    host,
    at: service.decidedAt,
    observer: state.observer,
    service,
    effects: [],
    shadowed: [],
    hesitations: [],
    nextEffect: state.nextEffect,
    nextIncident: state.nextIncident,
  };
}
