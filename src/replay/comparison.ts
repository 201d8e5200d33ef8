import type { Incident } from '../core/state.ts';
import type { DurationMs, Instant } from '../core/time.ts';
import { incidentIn } from './timeline.ts';
import type { Walk } from './verify.ts';
import type { WhatIf } from './what-if.ts';

// What another setting would have changed, in codes; sentences are made of them where they are shown.

export type Outline = {
  readonly kind: Incident['kind'];
  readonly from: string | null;
  readonly to: string | null;
  readonly outcome: Incident['outcome'];
  readonly verdictAt: Instant;
  readonly servedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outageMs: DurationMs | null;
};

export type Finding =
  /** Every order and outcome is that of the record. */
  | { readonly code: 'same' }
  /** The incident would not have happened, as far as was recorded. */
  | { readonly code: 'notAtAll' }
  /** Negative: earlier. */
  | { readonly code: 'begun'; readonly byMs: DurationMs }
  | { readonly code: 'outage'; readonly byMs: DurationMs }
  /** The observation of the new active, and with it the incident. */
  | { readonly code: 'ended'; readonly byMs: DurationMs }
  | {
      readonly code: 'otherTarget';
      readonly recorded: string | null;
      readonly other: string | null;
    }
  | { readonly code: 'otherOutcome'; readonly recorded: string; readonly other: string }
  /** How long after that the member that would have been given up answered. */
  | { readonly code: 'mistaken'; readonly member: string; readonly afterMs: DurationMs }
  /** As far as was recorded no member would have served again. */
  | { readonly code: 'notServed' }
  | { readonly code: 'agentEnded' }
  /** The orders differ, and what became of the incident does not. */
  | { readonly code: 'otherOrders' };

export type Comparison = {
  readonly recorded: Outline | null;
  readonly other: Outline | null;
  readonly findings: readonly Finding[];
};

/** Timers are no more exact than this, so a smaller shift is none. */
const NOISE_MS = 0.5;

export function compare(walked: Walk, other: WhatIf): Comparison {
  const { service, incident: id } = walked.recording;
  const recorded = incidentIn(walked.steps, service, id);
  return {
    recorded: recorded === null ? null : outline(recorded),
    other: other.incident === null ? null : outline(other.incident),
    findings: findingsOf(recorded, other),
  };
}

function findingsOf(recorded: Incident | null, whatIf: WhatIf): readonly Finding[] {
  const { incident: other, stopped } = whatIf;
  const agentEnded: Finding[] = stopped === 'agentEnded' ? [{ code: 'agentEnded' }] : [];
  if (other === null || recorded === null) return [{ code: 'notAtAll' }, ...agentEnded];
  const ended = shift('ended', recorded.endedAt, other.endedAt);
  if (whatIf.divergedAt === null) return [{ code: 'same' }, ...ended];
  const findings: Finding[] = [
    ...shift('begun', recorded.verdictAt, other.verdictAt),
    ...mistake(other, whatIf.answeredAt),
    ...shift('outage', recorded.outageMs, other.outageMs),
  ];
  if (other.to !== recorded.to)
    findings.push({ code: 'otherTarget', recorded: recorded.to, other: other.to });
  if (other.outcome !== recorded.outcome)
    findings.push({ code: 'otherOutcome', recorded: recorded.outcome, other: other.outcome });
  if (other.servedAt === null && recorded.servedAt !== null) findings.push({ code: 'notServed' });
  return findings.length === 0 && agentEnded.length === 0
    ? [{ code: 'otherOrders' }]
    : [...findings, ...agentEnded];
}

function shift(
  code: 'begun' | 'outage' | 'ended',
  recorded: number | null,
  other: number | null,
): readonly Finding[] {
  if (recorded === null || other === null) return [];
  const byMs = other - recorded;
  return Math.abs(byMs) < NOISE_MS ? [] : [{ code, byMs }];
}

function mistake(other: Incident, answeredAt: Instant | null): readonly Finding[] {
  if (answeredAt === null || other.from === null) return [];
  return [{ code: 'mistaken', member: other.from, afterMs: answeredAt - other.verdictAt }];
}

function outline(incident: Incident): Outline {
  const { kind, from, to, outcome, verdictAt, servedAt, endedAt, outageMs } = incident;
  return { kind, from, to, outcome, verdictAt, servedAt, endedAt, outageMs };
}
