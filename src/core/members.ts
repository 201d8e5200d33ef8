import { unreachable } from './assert.ts';
import { idleDetector, watchMember } from './detect.ts';
import type { EffectId } from './effect.ts';
import { rankCandidates } from './candidates.ts';
import { firstActive, isStartOpen } from './initial-active.ts';
import { repairDue } from './rejoin.ts';
import { follow, mustFollow, mustLead } from './roles.ts';
import { mayForward } from './route.ts';
import {
  activeHere,
  targetOf,
  type MemberState,
  type Operation,
  type ServiceState,
} from './state.ts';
import {
  isPending,
  issue,
  localMembers,
  memberConfigOf,
  memberOf,
  note,
  QUICK_MS,
  updateMember,
  type StepContext,
} from './step-context.ts';
import { FULL, upkeepOf, type Upkeep } from './temperature.ts';

// Keeps each member of this host in its desired state, which follows from the service state alone. The active member and
// the target of a takeover run at full capacity. While the active member is suspected, the best standby is prepared at
// once: harmless if the suspicion is false. All others stay at the configured temperature. One effect at a time per member:
// effects never overtake each other.
// Longer than most files because raising and lowering a temperature belong together.

/** Added to the time limit of priming: deadline of its result. */
const PRIME_SLACK_MS = 500;

/** A paused service is left alone, but only once it has an active member: a pause that survives its agent must not keep the service down. */
export function mayTend({ paused, operation }: ServiceState): boolean {
  return !paused || operation?.kind === 'start';
}

/** Issues the next effect for each member that is not in its desired state. */
export function tendMembers(context: StepContext): void {
  for (const { name } of localMembers(context)) tendMember(context, memberOf(context, name));
}

const LIFECYCLE_ORDERS = [
  'startMember',
  'awaitReady',
  'primeMember',
  'stopMember',
  'demoteMember',
  'fenceMember',
  'freezeMember',
  'thawMember',
  'setCapacity',
  'promoteMember',
  'rejoinMember',
] as const;

function tendMember(context: StepContext, member: MemberState): void {
  if (isPending(context, member.name, LIFECYCLE_ORDERS)) return;
  if (context.config.mode === 'observe') {
    watchForeign(context, member);
    return;
  }
  if (context.at < member.retryAt) return;
  if (needsFence(context, member)) {
    orderFence(context, member.name);
    return;
  }
  const { operation } = context.service;
  if (operation !== null && staysDown(context, operation, member)) return;
  const wanted = wantedFor(context, member);
  const isUrgent = operation?.step === 'choosing';
  if (member.lifecycle === 'absent') {
    if (wanted.standing !== 'absent' && repairDue(member, context.at, isUrgent))
      start(context, member, wanted);
  } else {
    temper(context, member, wanted);
  }
}

/**
 * While a plan runs, only the plan gives orders to the old active member, and an exclusive service does not restart members
 * that the plan has fenced.
 * While there is no active member, a member that would return as a primary waits until the data plane no longer routes to it:
 * it would accept writes that its successor lacks.
 */
function staysDown(
  context: StepContext,
  operation: Operation,
  { name, lifecycle }: MemberState,
): boolean {
  const { exclusive, abilities } = context.config;
  const { step, from, mayServe } = operation;
  if (step === 'yielding') return operation.suspects.includes(name);
  if (step === 'taking')
    return name === from || (exclusive && name !== operation.to && lifecycle === 'absent');
  const isPrimary = abilities.promote && (name === from || mayServe.includes(name));
  return step === 'choosing' && isPrimary && lifecycle === 'absent' && mayForward(context);
}

/** Brings a started member to its desired temperature. */
function temper(context: StepContext, member: MemberState, wanted: Upkeep): void {
  if (member.lifecycle === 'frozen') {
    if (wanted.standing !== 'frozen') raise(context, member.name);
  } else if (member.lifecycle === 'running' && member.readySince !== null) {
    if (mustLead(context, member) || mustFollow(context, member)) return;
    adjust(context, member, wanted);
  }
}

/** Processes of a failed member may be left. */
function needsFence(context: StepContext, member: MemberState): boolean {
  if (member.fenced) return false;
  const { operation } = context.service;
  if (operation?.step === 'yielding' && operation.suspects.includes(member.name)) return true;
  return member.lifecycle === 'absent' || member.detector.health === 'failed';
}

function wantedFor(context: StepContext, member: MemberState): Upkeep {
  if (isNeeded(context, member.name) || member.rehearsingSince !== null) return FULL;
  if (doubted(context) && member.name === bestStandby(context)) return FULL;
  return upkeepOf(memberConfigOf(context, member.name).temperature);
}

/** The active member, the target of a takeover, and all members while there is no active member. */
function isNeeded(context: StepContext, name: string): boolean {
  const { operation } = context.service;
  const active = activeHere(context.service);
  if (operation === null) return name === active;
  if (operation.step === 'yielding') return false;
  if (operation.kind === 'start') return name === firstActive(context) || isStartOpen(context);
  return (
    operation.step === 'choosing' || [active, operation.from, targetOf(operation)].includes(name)
  );
}

/** Whether the active member is suspected, or this agent may be at fault: reason enough to prepare a standby and keep it prepared. */
function doubted(context: StepContext): boolean {
  const active = activeHere(context.service);
  return active !== null && memberOf(context, active).detector.health !== 'healthy';
}

function bestStandby(context: StepContext): string | null {
  const active = activeHere(context.service);
  const ranked = rankCandidates(context, active === null ? [] : [active]);
  return ranked[0]?.member.name ?? null;
}

function start(context: StepContext, member: MemberState, { capacity }: Upkeep): void {
  const { timeouts, abilities } = context.config;
  const started = issue(
    context,
    { type: 'startMember', member: member.name, capacity },
    { withinMs: timeouts.startMs },
  );
  updateMember(context, member.name, { followsEpoch: null });
  const { operation } = context.service;
  const active = activeHere(context.service);
  // Until a successor is chosen, this copy may be the newest one; rejoining now would discard it. The rejoin follows later.
  const isSettled = operation === null || operation.step === 'raising';
  const rejoined =
    abilities.rejoin && isSettled && active !== null && active !== member.name
      ? follow(context, member.name, active, [started])
      : null;
  awaitReady(context, member.name, [rejoined ?? started]);
  updateMember(context, member.name, {
    lifecycle: 'starting',
    capacity,
    fenced: false,
    readySince: null,
    primed: false,
    detector: idleDetector(context.at, 'starting'),
  });
  noteReturn(context, member.name);
}

/**
 * The old active member, restarted in place while there is no active member. It returns in its former role, and the data
 * plane may still route to it: another member must fence it again before it takes over.
 */
function noteReturn(context: StepContext, name: string): void {
  const { operation } = context.service;
  if (!context.config.exclusive || operation?.from !== name) return;
  context.service = { ...context.service, operation: { ...operation, fromGone: false } };
}

export function awaitReady(context: StepContext, member: string, after: readonly EffectId[]): void {
  issue(
    context,
    { type: 'awaitReady', member },
    { withinMs: context.config.timeouts.readyMs, after },
  );
}

/** Adjusts a running member: its capacity, and its temperature if it is not needed. */
function adjust(context: StepContext, member: MemberState, { standing, capacity }: Upkeep): void {
  const isLowered =
    standing !== 'running' || (capacity === 'reduced' && member.capacity === 'full');
  if (isLowered && !mayLower(context, member)) return;
  switch (standing) {
    case 'frozen':
      return primeThenFreeze(context, member);
    case 'absent':
      return endOrderly(context, member);
    case 'running':
      if (capacity !== member.capacity)
        issue(
          context,
          { type: 'setCapacity', member: member.name, capacity },
          { withinMs: QUICK_MS },
        );
      return;
    default:
      return unreachable(standing);
  }
}

/** Lower a standby only if the service is steady, its requests have ended and it is healthy: freezing would hide a suspicion. */
function mayLower(context: StepContext, member: MemberState): boolean {
  if (context.service.leadership.who === 'nobody' || context.service.operation !== null)
    return false;
  if (member.role === 'active' || member.detector.health !== 'healthy') return false;
  return !isPending(context, member.name, ['drainTraffic']);
}

/** A member that never served is slow at first, and a frozen one cannot be primed. A takeover does not wait for this. */
function primeThenFreeze(context: StepContext, member: MemberState): void {
  const { primeMs } = context.config;
  if (primeMs === null || member.primed) freeze(context, member);
  else {
    const withinMs = primeMs + PRIME_SLACK_MS;
    issue(context, { type: 'primeMember', member: member.name }, { withinMs });
  }
}

function freeze(context: StepContext, member: MemberState): void {
  issue(context, { type: 'unwatchMember', member: member.name }, { withinMs: QUICK_MS });
  issue(context, { type: 'freezeMember', member: member.name }, { withinMs: QUICK_MS });
  updateMember(context, member.name, {
    lifecycle: 'freezing',
    detector: idleDetector(context.at, 'frozen'),
  });
}

/** Stops the member in order. */
export function endOrderly(context: StepContext, member: MemberState): void {
  const { stopMs, fenceMs } = context.config.timeouts;
  issue(context, { type: 'unwatchMember', member: member.name }, { withinMs: QUICK_MS });
  issue(
    context,
    { type: 'stopMember', member: member.name, graceMs: stopMs },
    { withinMs: stopMs + fenceMs },
  );
  updateMember(context, member.name, {
    lifecycle: 'stopping',
    readySince: null,
    detector: idleDetector(context.at, 'cold'),
  });
}

/**
 * Prepares a standby for serving: thaws it, lifts its quota. Returns the effect that must succeed before it can serve; null
 * if it is already prepared.
 */
export function raise(context: StepContext, name: string): EffectId | null {
  const member = memberOf(context, name);
  if (member.capacity === 'reduced' && !isPending(context, name, ['setCapacity'])) {
    issue(context, { type: 'setCapacity', member: name, capacity: 'full' }, { withinMs: QUICK_MS });
  }
  const thawing = context.service.pending.find(
    (effect) => effect.type === 'thawMember' && effect.member === name,
  );
  if (thawing !== undefined) return thawing.id;
  if (member.lifecycle !== 'frozen' && member.lifecycle !== 'freezing') return null;
  const freezing = context.service.pending.find(
    (effect) => effect.type === 'freezeMember' && effect.member === name,
  );
  note(context, { code: 'prepared', member: name, from: member.temperature });
  updateMember(context, name, { lifecycle: 'thawing' });
  return issue(
    context,
    { type: 'thawMember', member: name },
    { withinMs: QUICK_MS, after: [freezing?.id ?? null] },
  );
}

/** Fences a member, unless a fence is in progress. */
export function orderFence(context: StepContext, name: string): EffectId {
  const pending = context.service.pending.find(
    (effect) => effect.type === 'fenceMember' && effect.member === name,
  );
  return (
    pending?.id ??
    issue(
      context,
      { type: 'fenceMember', member: name },
      { withinMs: context.config.timeouts.fenceMs },
    )
  );
}

/** observe-only: others run the member; hotwarm only probes it. */
function watchForeign(context: StepContext, member: MemberState): void {
  const lost = member.detector.health === 'failed' && member.name !== activeHere(context.service);
  if (member.lifecycle === 'running' && !lost) return;
  beginWatch(context, member.name, member.incarnation + 1, 'starting');
  updateMember(context, member.name, { lifecycle: 'running' });
}

/** Starts the routine probes of one incarnation. */
export function beginWatch(
  context: StepContext,
  name: string,
  incarnation: number,
  health: 'starting' | 'healthy',
): void {
  issue(context, { type: 'watchMember', member: name, incarnation }, { withinMs: QUICK_MS });
  updateMember(context, name, {
    incarnation,
    detector: watchMember(context.config.detection, incarnation, context.at, health),
  });
}
