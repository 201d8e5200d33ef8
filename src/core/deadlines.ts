import type { ServiceConfig } from './config.ts';
import { failbackDeadline } from './failback.ts';
import { expiresAt } from './lease.ts';
import { mayTend } from './members.ts';
import { rehearsalDueAt } from './rehearsal.ts';
import type { AgentState, MemberState, ServiceState } from './state.ts';
import { earlier, type Instant } from './time.ts';
import { OUTCOME_GRACE_MS, type StepContext } from './step-context.ts';

// Everything in the state that becomes true by the passage of time alone. A decision that depends on `at` needs its deadline
// here; otherwise it would be made only when another event arrives.

/** The next deadline of this service, perhaps already past; null: none. */
export function nextDeadlineOf(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): Instant | null {
  const next = new NextMoment(service);
  addTurningPoints(next, host, config, service, state);
  for (const effect of service.pending) next.add(effect.deadline + OUTCOME_GRACE_MS);
  next.add(service.lease.renewAt);
  if (!service.paused) next.add(state.observer.holdUntil);
  if (service.route === null) next.add(service.routeNotBefore);
  return earlier(overdueVerdict(service, state), next.at);
}

/** The next deadline that leads to an action, without routine ones; null: none. */
export function nextTurningPoint(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): Instant | null {
  const next = new NextMoment(service);
  addTurningPoints(next, host, config, service, state);
  return next.at;
}

/** Keeps the earliest deadline that was not due yet at the last decision. */
class NextMoment {
  at: Instant | null = null;
  readonly #decidedAt: Instant;

  constructor({ decidedAt }: ServiceState) {
    this.#decidedAt = decidedAt;
  }

  add(moment: Instant | null): void {
    if (moment !== null && moment > this.#decidedAt) this.at = earlier(this.at, moment);
  }
}

function addTurningPoints(
  next: NextMoment,
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): void {
  if (mayTend(service))
    for (const member of service.members) addMemberMoments(next, config, member);
  addOperationMoments(next, service);
  next.add(service.observing?.until ?? null);
  next.add(failbackDeadline(readOnlyContext(host, config, service, state)));
  if (config.degraded.action === 'switchover' && service.operation === null)
    next.add(service.degradedSwitchovers.notBefore);
}

/** An expired detector deadline is due now, unless input is being drained before its verdict. */
function overdueVerdict(service: ServiceState, state: AgentState): Instant | null {
  if (state.polling !== null) return null;
  let next: Instant | null = null;
  for (const { detector } of service.members) next = earlier(next, detector.nextAt);
  return next;
}

function addMemberMoments(next: NextMoment, config: ServiceConfig, member: MemberState): void {
  if (member.lifecycle === 'absent') next.add(member.repair.notBefore);
  next.add(member.retryAt);
  next.add(rehearsalDueAt(config.takeover.maxRehearsalAgeMs, member));
}

function addOperationMoments(next: NextMoment, service: ServiceState): void {
  const { operation, lease, leadership } = service;
  const isContended = operation !== null || leadership.who === 'elsewhere';
  if (isContended && lease.record !== null) next.add(expiresAt(lease, lease.record.durationMs));
  if (operation === null) return;
  if (operation.step === 'choosing' || operation.step === 'raising') next.add(operation.deadline);
  if (operation.step === 'choosing') next.add(operation.notBefore);
}

/** The failback functions need the context of a step; nothing is decided here, so it stays unchanged. */
function readOnlyContext(
  host: string,
  config: ServiceConfig,
  service: ServiceState,
  state: AgentState,
): StepContext {
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
