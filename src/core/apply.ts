import { unreachable } from './assert.ts';
import { carryOver } from './carry-over.ts';
import type { LeaseRecord } from './effect.ts';
import type { Event, KnownEpoch } from './event.ts';
import { failbackRequested } from './failback.ts';
import { fellBack } from './failover.ts';
import * as facts from './apply-observation.ts';
import { noteLeader } from './leadership.ts';
import { leaseObserved } from './lease.ts';
import { applyOutcome, type Outcome } from './effect-results.ts';
import { recoverService } from './recover.ts';
import { failoverRequested, switchoverRequested } from './switchover.ts';
import { answer, type Turn } from './step-context.ts';

/** Brings what is known of the service up to date with the event. */
export function applyEvent(turn: Turn, event: Event): void {
  if ('member' in event && !turn.config.members.some((member) => member.name === event.member))
    return;
  switch (event.type) {
    case 'probeSucceeded':
      return facts.probeSucceeded(turn, event);
    case 'probeFailed':
      return facts.probeFailed(turn, event);
    case 'memberExiting':
      return facts.memberExiting(turn, event);
    case 'memberExited':
      return facts.memberExited(turn, event);
    case 'trafficFailed':
      return facts.trafficFailed(turn, event);
    case 'trafficSampled':
      return facts.trafficSampled(turn, event);
    case 'positionReported':
      return facts.positionReported(turn, event);
    case 'effectSucceeded':
      return ended(turn, event.id, { ok: true, result: event.result });
    case 'effectFailed':
      return ended(turn, event.id, { ok: false, fault: event.fault, detail: event.detail });
    case 'effectTimedOut':
      return ended(turn, event.id, { ok: false, fault: 'timedOut', detail: '' });
    case 'hostSampled':
    case 'deadlineReached':
      return;
    case 'agentStarted':
      carryOver(turn, event.carried);
      return seeLease(turn, knownLease(turn, event.epochs));
    case 'agentRecovered': {
      const { name } = turn.config;
      recoverService(
        turn,
        event.found.filter(({ service }) => service === name),
      );
      return seeLease(turn, knownLease(turn, event.epochs));
    }
    case 'leaseObserved':
      return seeLease(turn, event.record);
    case 'trafficFellBack':
      return fellBack(turn, event.from, event.to);
    case 'trafficLost':
    case 'trafficRestored': {
      const trafficUp = event.type === 'trafficRestored';
      turn.service = { ...turn.service, trafficUp, route: trafficUp ? null : turn.service.route };
      return;
    }
    case 'switchoverRequested':
      return switchoverRequested(turn, event.to);
    case 'failoverRequested':
      return failoverRequested(turn, event.to);
    case 'failbackRequested':
      return failbackRequested(turn);
    case 'pauseRequested':
      return pauseRequested(turn);
    case 'resumeRequested':
      return resumeRequested(turn);
    default:
      return unreachable(event);
  }
}

function ended(turn: Turn, id: number, outcome: Outcome): void {
  const effect = turn.service.pending.find((candidate) => candidate.id === id);
  if (effect !== undefined) applyOutcome(turn, effect, outcome);
}

function knownLease(turn: Turn, epochs: readonly KnownEpoch[]): LeaseRecord | null {
  return epochs.find(({ service }) => service === turn.config.name)?.record ?? null;
}

function seeLease(turn: Turn, record: LeaseRecord | null): void {
  const lease = leaseObserved(turn.service.lease, record, turn.host, turn.at);
  turn.service = {
    ...turn.service,
    lease,
    epoch: Math.max(turn.service.epoch, record?.epoch ?? 0),
  };
  noteLeader(turn);
}

/** Everything is still observed and reported, nothing is done. Refused while something is under way, as that would be left half done. */
function pauseRequested(turn: Turn): void {
  const { operation } = turn.service;
  if (operation !== null && operation.kind !== 'start') {
    answer(turn, { code: 'operationUnderWay', operation: operation.kind });
    return;
  }
  turn.service = { ...turn.service, paused: true };
  answer(turn, null);
}

function resumeRequested(turn: Turn): void {
  if (!turn.service.paused) {
    answer(turn, { code: 'notPaused' });
    return;
  }
  turn.service = { ...turn.service, paused: false };
  answer(turn, null);
}
