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
  type Turn,
} from './step-context.ts';
import { FULL, upkeepOf, type Upkeep } from './temperature.ts';

// Keeps each member of this host as it should be. What it should be follows from the state alone: the
// active and whoever is about to become active run at full capacity; while the active is doubted, the
// best standby is raised at once, as that does no harm if the doubt proves wrong; everybody else is kept
// at the configured temperature. One order at a time a member, so that orders never cross.
// Longer than most files, as raising and lowering are the two directions of one ladder of temperatures.

/** Beyond the time for priming until its outcome must be there. */
const PRIME_SLACK_MS = 500;

/** A paused service is left alone, but not before it has an active member: a pause that outlives its agent does not keep the service down. */
export function mayTend({ paused, operation }: ServiceState): boolean {
  return !paused || operation?.kind === 'start';
}

/** Orders whatever brings each member one step closer to what it should be. */
export function tendMembers(turn: Turn): void {
  for (const { name } of localMembers(turn)) tendMember(turn, memberOf(turn, name));
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

function tendMember(turn: Turn, member: MemberState): void {
  if (isPending(turn, member.name, LIFECYCLE_ORDERS)) return;
  if (turn.config.mode === 'observe') {
    watchForeign(turn, member);
    return;
  }
  if (turn.at < member.retryAt) return;
  if (needsFence(turn, member)) {
    orderFence(turn, member.name);
    return;
  }
  const { operation } = turn.service;
  if (operation !== null && staysDown(turn, operation, member)) return;
  const wanted = wantedFor(turn, member);
  const isUrgent = operation?.step === 'choosing';
  if (member.lifecycle === 'absent') {
    if (wanted.standing !== 'absent' && repairDue(member, turn.at, isUrgent))
      start(turn, member, wanted);
  } else {
    temper(turn, member, wanted);
  }
}

/**
 * While a plan runs the old active is the plan's alone, and where exclusive nobody that it fenced may come back beside its target.
 * While somebody is sought, who would come back as a primary waits until the data plane leads to it no more: it would take
 * writes that whoever takes over lacks.
 */
function staysDown(turn: Turn, operation: Operation, { name, lifecycle }: MemberState): boolean {
  const { exclusive, abilities } = turn.config;
  const { step, from, mayServe } = operation;
  if (step === 'yielding') return operation.suspects.includes(name);
  if (step === 'taking')
    return name === from || (exclusive && name !== operation.to && lifecycle === 'absent');
  const isPrimary = abilities.promote && (name === from || mayServe.includes(name));
  return step === 'choosing' && isPrimary && lifecycle === 'absent' && mayForward(turn);
}

/** Brings a member that was started to the temperature wanted. */
function temper(turn: Turn, member: MemberState, wanted: Upkeep): void {
  if (member.lifecycle === 'frozen') {
    if (wanted.standing !== 'frozen') raise(turn, member.name);
  } else if (member.lifecycle === 'running' && member.ready) {
    if (mustLead(turn, member) || mustFollow(turn, member)) return;
    adjust(turn, member, wanted);
  }
}

/** Something of it may be left although it is dead or must be. */
function needsFence(turn: Turn, member: MemberState): boolean {
  if (member.fenced) return false;
  const { operation } = turn.service;
  if (operation?.step === 'yielding' && operation.suspects.includes(member.name)) return true;
  return member.lifecycle === 'absent' || member.detector.health === 'failed';
}

function wantedFor(turn: Turn, member: MemberState): Upkeep {
  if (isNeeded(turn, member.name) || member.rehearsingSince !== null) return FULL;
  if (doubted(turn) && member.name === bestStandby(turn)) return FULL;
  return upkeepOf(memberConfigOf(turn, member.name).temperature);
}

/** The active, whoever is about to be, and everybody while somebody is sought. */
function isNeeded(turn: Turn, name: string): boolean {
  const { operation } = turn.service;
  const active = activeHere(turn.service);
  if (operation === null) return name === active;
  if (operation.step === 'yielding') return false;
  if (operation.kind === 'start') return name === firstActive(turn) || isStartOpen(turn);
  return (
    operation.step === 'choosing' || [active, operation.from, targetOf(operation)].includes(name)
  );
}

/** Whether there is any doubt about the active, be it our own: reason enough to raise a standby and keep it raised. */
function doubted(turn: Turn): boolean {
  const active = activeHere(turn.service);
  return active !== null && memberOf(turn, active).detector.health !== 'healthy';
}

function bestStandby(turn: Turn): string | null {
  const active = activeHere(turn.service);
  const ranked = rankCandidates(turn, active === null ? [] : [active]);
  return ranked[0]?.member.name ?? null;
}

function start(turn: Turn, member: MemberState, { capacity }: Upkeep): void {
  const { timeouts, abilities } = turn.config;
  const started = issue(
    turn,
    { type: 'startMember', member: member.name, capacity },
    { withinMs: timeouts.startMs },
  );
  updateMember(turn, member.name, { followsEpoch: null });
  const { operation } = turn.service;
  const active = activeHere(turn.service);
  // While somebody is sought its copy may be the newest there is, and a rejoin would discard it. It is made up for later.
  const isSettled = operation === null || operation.step === 'raising';
  const rejoined =
    abilities.rejoin && isSettled && active !== null && active !== member.name
      ? follow(turn, member.name, active, [started])
      : null;
  awaitReady(turn, member.name, [rejoined ?? started]);
  updateMember(turn, member.name, {
    lifecycle: 'starting',
    capacity,
    fenced: false,
    ready: false,
    readySince: null,
    primed: false,
    detector: idleDetector(turn.at, 'starting'),
  });
  noteReturn(turn, member.name);
}

/**
 * The old active, restarted in place while somebody is sought. It comes back in the role in which it fell, and the data plane
 * may lead to it still, so whoever takes over must fence it again.
 */
function noteReturn(turn: Turn, name: string): void {
  const { operation } = turn.service;
  if (!turn.config.exclusive || operation?.from !== name) return;
  turn.service = { ...turn.service, operation: { ...operation, fromGone: false } };
}

export function awaitReady(turn: Turn, member: string, after: readonly EffectId[]): void {
  issue(turn, { type: 'awaitReady', member }, { withinMs: turn.config.timeouts.readyMs, after });
}

/** A running member: its capacity, and down to its temperature when nothing needs it. */
function adjust(turn: Turn, member: MemberState, { standing, capacity }: Upkeep): void {
  const isLowered =
    standing !== 'running' || (capacity === 'reduced' && member.capacity === 'full');
  if (isLowered && !mayLower(turn, member)) return;
  switch (standing) {
    case 'frozen':
      return primeThenFreeze(turn, member);
    case 'absent':
      return endOrderly(turn, member);
    case 'running':
      if (capacity !== member.capacity)
        issue(turn, { type: 'setCapacity', member: member.name, capacity }, { withinMs: QUICK_MS });
      return;
    default:
      return unreachable(standing);
  }
}

/** Lowered only in quiet: somebody serves, nothing is under way, its own requests have ended, and it is well: frozen, any doubt about it would seem settled. */
function mayLower(turn: Turn, member: MemberState): boolean {
  if (turn.service.leadership.who === 'nobody' || turn.service.operation !== null) return false;
  if (member.role === 'active' || member.detector.health !== 'healthy') return false;
  return !isPending(turn, member.name, ['drainTraffic']);
}

/** What never served is slow at first, and frozen it cannot be asked any more. A takeover does not wait for this. */
function primeThenFreeze(turn: Turn, member: MemberState): void {
  const { primeMs } = turn.config;
  if (primeMs === null || member.primed) freeze(turn, member);
  else {
    const withinMs = primeMs + PRIME_SLACK_MS;
    issue(turn, { type: 'primeMember', member: member.name }, { withinMs });
  }
}

function freeze(turn: Turn, member: MemberState): void {
  issue(turn, { type: 'unwatchMember', member: member.name }, { withinMs: QUICK_MS });
  issue(turn, { type: 'freezeMember', member: member.name }, { withinMs: QUICK_MS });
  updateMember(turn, member.name, {
    lifecycle: 'freezing',
    detector: idleDetector(turn.at, 'frozen'),
  });
}

/** Ends it in an orderly way. */
export function endOrderly(turn: Turn, member: MemberState): void {
  const { stopMs, fenceMs } = turn.config.timeouts;
  issue(turn, { type: 'unwatchMember', member: member.name }, { withinMs: QUICK_MS });
  issue(
    turn,
    { type: 'stopMember', member: member.name, graceMs: stopMs },
    { withinMs: stopMs + fenceMs },
  );
  updateMember(turn, member.name, {
    lifecycle: 'stopping',
    ready: false,
    readySince: null,
    detector: idleDetector(turn.at, 'cold'),
  });
}

/**
 * Brings a standby to full strength: thaws it, lifts its quota. Returns the effect that must have ended
 * before it can serve; null when it serves already.
 */
export function raise(turn: Turn, name: string): EffectId | null {
  const member = memberOf(turn, name);
  if (member.capacity === 'reduced' && !isPending(turn, name, ['setCapacity'])) {
    issue(turn, { type: 'setCapacity', member: name, capacity: 'full' }, { withinMs: QUICK_MS });
  }
  const thawing = turn.service.pending.find(
    (effect) => effect.type === 'thawMember' && effect.member === name,
  );
  if (thawing !== undefined) return thawing.id;
  if (member.lifecycle !== 'frozen' && member.lifecycle !== 'freezing') return null;
  const freezing = turn.service.pending.find(
    (effect) => effect.type === 'freezeMember' && effect.member === name,
  );
  note(turn, { code: 'prepared', member: name, from: member.temperature });
  updateMember(turn, name, { lifecycle: 'thawing' });
  return issue(
    turn,
    { type: 'thawMember', member: name },
    { withinMs: QUICK_MS, after: [freezing?.id ?? null] },
  );
}

/** Orders the fence of a member unless one is under way. */
export function orderFence(turn: Turn, name: string): EffectId {
  const pending = turn.service.pending.find(
    (effect) => effect.type === 'fenceMember' && effect.member === name,
  );
  return (
    pending?.id ??
    issue(turn, { type: 'fenceMember', member: name }, { withinMs: turn.config.timeouts.fenceMs })
  );
}

/** observe-only: the member is somebody else's; it is watched wherever it stands. */
function watchForeign(turn: Turn, member: MemberState): void {
  const lost = member.detector.health === 'failed' && member.name !== activeHere(turn.service);
  if (member.lifecycle === 'running' && !lost) return;
  beginWatch(turn, member.name, member.incarnation + 1, 'starting');
  updateMember(turn, member.name, { lifecycle: 'running' });
}

/** Starts routine probes of one incarnation. */
export function beginWatch(
  turn: Turn,
  name: string,
  incarnation: number,
  health: 'starting' | 'healthy',
): void {
  issue(turn, { type: 'watchMember', member: name, incarnation }, { withinMs: QUICK_MS });
  updateMember(turn, name, {
    incarnation,
    detector: watchMember(turn.config.detection, incarnation, turn.at, health),
  });
}
