import { unreachable } from './assert.ts';
import { carryOver } from './carry-over.ts';
import type { LeaseRecord } from './effect.ts';
import type { Event, KnownEpoch } from './event.ts';
import { failbackRequested } from './failback.ts';
import { usedFallback } from './failover.ts';
import * as facts from './apply-observation.ts';
import { noteLeader } from './leadership.ts';
import { leaseObserved } from './lease.ts';
import { applyOutcome, type Outcome } from './effect-results.ts';
import { recoverService } from './recover.ts';
import { failoverRequested, switchoverRequested } from './switchover.ts';
import { answer, type StepContext } from './step-context.ts';

/** Updates the known state of the service from the event. */
export function applyEvent(context: StepContext, event: Event): void {
  if ('member' in event && !context.config.members.some((member) => member.name === event.member))
    return;
  switch (event.type) {
    case 'probeSucceeded':
      return facts.probeSucceeded(context, event);
    case 'probeFailed':
      return facts.probeFailed(context, event);
    case 'memberExiting':
      return facts.memberExiting(context, event);
    case 'memberExited':
      return facts.memberExited(context, event);
    case 'trafficFailed':
      return facts.trafficFailed(context, event);
    case 'trafficSampled':
      return facts.trafficSampled(context, event);
    case 'positionReported':
      return facts.positionReported(context, event);
    case 'effectSucceeded':
      return ended(context, event.id, { ok: true, result: event.result });
    case 'effectFailed':
      return ended(context, event.id, { ok: false, fault: event.fault, detail: event.detail });
    case 'effectTimedOut':
      return ended(context, event.id, { ok: false, fault: 'timedOut', detail: '' });
    case 'hostSampled':
    case 'deadlineReached':
      return;
    case 'agentStarted':
      carryOver(context, event.carried);
      return seeLease(context, knownLease(context, event.epochs));
    case 'agentRecovered': {
      const { name } = context.config;
      recoverService(
        context,
        event.found.filter(({ service }) => service === name),
      );
      return seeLease(context, knownLease(context, event.epochs));
    }
    case 'leaseObserved':
      return seeLease(context, event.record);
    case 'trafficFellBack':
      return usedFallback(context, event.from, event.to);
    case 'trafficLost':
    case 'trafficRestored': {
      const trafficUp = event.type === 'trafficRestored';
      context.service = {
        ...context.service,
        trafficUp,
        route: trafficUp ? null : context.service.route,
      };
      return;
    }
    case 'switchoverRequested':
      return switchoverRequested(context, event.to);
    case 'failoverRequested':
      return failoverRequested(context, event.to);
    case 'failbackRequested':
      return failbackRequested(context);
    case 'pauseRequested':
      return pauseRequested(context);
    case 'resumeRequested':
      return resumeRequested(context);
    default:
      return unreachable(event);
  }
}

function ended(context: StepContext, id: number, outcome: Outcome): void {
  const effect = context.service.pending.find((candidate) => candidate.id === id);
  if (effect !== undefined) applyOutcome(context, effect, outcome);
}

function knownLease(context: StepContext, epochs: readonly KnownEpoch[]): LeaseRecord | null {
  return epochs.find(({ service }) => service === context.config.name)?.record ?? null;
}

function seeLease(context: StepContext, record: LeaseRecord | null): void {
  const lease = leaseObserved(context.service.lease, record, context.host, context.at);
  context.service = {
    ...context.service,
    lease,
    epoch: Math.max(context.service.epoch, record?.epoch ?? 0),
  };
  noteLeader(context);
}

/** Paused: hotwarm observes and reports but takes no action. Refused during an operation, which would be left half done. */
function pauseRequested(context: StepContext): void {
  const { operation } = context.service;
  if (operation !== null && operation.kind !== 'start') {
    answer(context, { code: 'operationUnderWay', operation: operation.kind });
    return;
  }
  context.service = { ...context.service, paused: true };
  answer(context, null);
}

function resumeRequested(context: StepContext): void {
  if (!context.service.paused) {
    answer(context, { code: 'notPaused' });
    return;
  }
  context.service = { ...context.service, paused: false };
  answer(context, null);
}
