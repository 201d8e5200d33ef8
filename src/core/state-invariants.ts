import { assert } from './assert.ts';
import type { ServiceConfig } from './config.ts';
import {
  activeHere,
  isPlanned,
  type Incident,
  type MemberState,
  type Operation,
  type ServiceState,
} from './state.ts';
import type { Instant } from './time.ts';
import { PENDING_LIMIT, TIMELINE_LIMIT } from './step-context.ts';

// Invariants of a service's state after every step: bounds, order in time, and that this host decides only about its own
// members. Each check is a few comparisons, because all run after every event.

export type Holder = { readonly host: string; readonly at: Instant };

/** Between one state of a service and the next. */
export function checkProgress(before: ServiceState, after: ServiceState): void {
  assert(after.epoch >= before.epoch, 'the epoch never falls');
  assert(after.decidedAt >= before.decidedAt, 'decisions follow one another in time');
  const [old, now] = [before.incident, after.incident];
  assert(old === null || now !== null, 'the newest incident is kept');
  if (old === null || now === null || old === now) return;
  assert(now.id >= old.id, "incidents' numbers grow");
  assert(now.id > old.id || old.endedAt === null, 'an incident that has ended stays as it is');
}

export function checkState(config: ServiceConfig, service: ServiceState, holder: Holder): void {
  checkRoles(service);
  checkLeadership(service, holder);
  checkLease(service, holder);
  checkBounds(config, service);
  for (const member of service.members) checkMember(member, holder);
  if (service.operation !== null) checkOperation(service, service.operation, holder);
  if (service.incident !== null) checkIncident(service.incident, holder.at);
}

function checkRoles(service: ServiceState): void {
  const actives = service.members.filter((member) => member.role === 'active');
  assert(actives.length <= 1, 'at most one member has the role of the active');
  assert(
    actives.length === 0 || actives[0]?.name === activeHere(service),
    'the active member has the role',
  );
}

function checkLeadership(service: ServiceState, { host }: Holder): void {
  const { leadership, observing, usedFallback } = service;
  if (leadership.who === 'elsewhere')
    assert(leadership.host !== host, 'the leader of another host is not of this one');
  if (leadership.who === 'here')
    assert(isLocal(service, leadership.member, host), 'the active here is a member of this host');
  assert(
    observing === null || leadership.who === 'here',
    'only an active of this host is observed after a takeover',
  );
  assert(
    usedFallback === null || usedFallback.from !== usedFallback.to,
    'a fallback is another member',
  );
}

function checkLease({ lease, epoch }: ServiceState, { host, at }: Holder): void {
  assert(lease.seenAt <= at, 'the lease was seen in the past');
  assert(lease.record === null || lease.record.epoch <= epoch, "the lease's epoch is known");
  assert(
    lease.heldUntil === null || lease.record?.holder.host === host,
    'this host holds a lease only if the record says so',
  );
}

function checkBounds(config: ServiceConfig, service: ServiceState): void {
  const { failovers, pending, refusals, members } = service;
  assert(
    failovers.length <= config.failback.maxFailovers + 1,
    'the remembered failovers are bounded',
  );
  assert(
    failovers.every((at, index) => index === 0 || at >= (failovers[index - 1] ?? at)),
    'the remembered failovers are in order',
  );
  assert(pending.length <= PENDING_LIMIT, 'effects in flight are bounded');
  assert(
    pending.every(({ id }, index) => index === 0 || id > (pending[index - 1]?.id ?? 0)),
    'effects in flight are in order and each stands once',
  );
  assert(
    refusals.every(
      ({ refusal }, index) =>
        refusals.findIndex((other) => other.refusal.code === refusal.code) === index,
    ),
    'a refusal of each kind stands once',
  );
  assert(members.length === config.members.length, 'every configured member has a state');
  assert(service.degradedSwitchovers.count >= 0, 'ejections are counted from 0');
}

function checkMember(member: MemberState, { host, at }: Holder): void {
  const { detector, repair, performance } = member;
  assert(detector.since <= at, 'a health began in the past');
  assert(detector.confirm === null || detector.health === 'suspect', 'only a suspect is confirmed');
  assert(repair.attempts >= 0, 'failures are counted from 0');
  assert(performance.at <= at, 'a performance was measured in the past');
  assert(
    member.readySince === null || member.readySince <= at,
    'a member became ready in the past',
  );
  assert(
    member.lifecycle !== 'frozen' || !detector.watched,
    'a frozen member is not expected to answer',
  );
  assert(
    member.rehearsingSince === null || member.role === 'standby',
    'only a standby is rehearsed',
  );
  if (member.host === host) return;
  assert(member.lifecycle === 'absent', 'nothing is known of a member of another host');
  assert(member.role === 'standby', 'a member of another host has no role here');
  assert(member.rehearsingSince === null, 'a member of another host is not rehearsed');
}

function checkOperation(service: ServiceState, operation: Operation, { host, at }: Holder): void {
  const { kind, step, from, incident, excluded, mayServe, attempts, startedAt } = operation;
  assert(startedAt <= at, 'an operation began in the past');
  assert(attempts >= 0, 'plans that failed are counted from 0');
  assert((kind === 'start') === (incident === null), 'every takeover but the first is an incident');
  assert(!isPlanned(operation) || from !== null, 'a planned move replaces an active member');
  assert(step !== 'raising' || isPlanned(operation), 'only a planned move waits for its target');
  assert(
    step !== 'yielding' || service.leadership.who === 'elsewhere',
    'a host gives way to another one only',
  );
  assert(
    kind !== 'start' || step === 'yielding' || service.leadership.who === 'nobody',
    'a first start has no predecessor',
  );
  assert(excluded.length <= service.members.length, 'the excluded candidates are bounded');
  for (const name of mayServe)
    assert(isLocal(service, name, host), 'what may serve is a member of this host');
  if (from !== null) assert(isLocal(service, from, host), 'what is replaced is of this host');
  if (operation.step === 'raising' || operation.step === 'taking')
    assert(isLocal(service, operation.to, host), 'whoever takes over is a member of this host');
}

function checkIncident(incident: Incident, at: Instant): void {
  const { verdictAt, startedAt, endedAt, outageMs, outcome, timeline } = incident;
  assert(startedAt <= verdictAt && verdictAt <= at, 'an incident begins before its verdict');
  assert(endedAt === null || endedAt >= verdictAt, 'an incident ends after its verdict');
  assert(endedAt === null || outcome !== 'underWay', 'an incident that has ended has an outcome');
  assert(outageMs === null || outageMs >= 0, 'an outage takes no less than no time');
  assert(timeline.length <= TIMELINE_LIMIT, 'a timeline is bounded');
}

function isLocal({ members }: ServiceState, name: string, host: string): boolean {
  return members.some((member) => member.name === name && member.host === host);
}
