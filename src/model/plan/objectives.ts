import type { Evaluation } from './evaluation.ts';
import type { PlanQuestion } from './question.ts';

// Whether a design achieves what is demanded, and by how much it misses.

export const OBJECTIVES = ['availability', 'rto', 'rpo', 'budget', 'power'] as const;

export type Objective = (typeof OBJECTIVES)[number];

export type Miss = {
  readonly objective: Objective;
  /** In the unit of the objective; of availability its complement. */
  readonly wanted: number;
  /** null: without a bound. */
  readonly got: number | null;
};

/** Every objective that is missed, in a fixed order. */
export function missesOf(question: PlanQuestion, evaluation: Evaluation): readonly Miss[] {
  const { objectives } = question;
  const rtoMs = longestRecoveryMs(question, evaluation);
  const compared: readonly (readonly [Objective, number | null, number | null])[] = [
    ['availability', objectives.unavailability, evaluation.unavailability],
    ['rto', objectives.rtoMs, rtoMs],
    ['rpo', objectives.rpoBytes, evaluation.lossBytes ?? 0],
    ['budget', objectives.perMonth, evaluation.bill.perMonth],
    ['power', objectives.power, evaluation.bill.watts],
  ];
  return compared.flatMap(([objective, wanted, got]) =>
    wanted === null || (got !== null && got <= wanted * ROUNDING)
      ? []
      : [{ objective, wanted, got }],
  );
}

/** 0.1 + 0.2 is not above a budget of 0.3. */
const ROUNDING = 1 + 1e-9;

/**
 * The longest takeover, at the 99th percentile, of the faults that a scheme within the limits could answer; null: one
 * of them ends only when an operator fixes it. What no scheme within the limits could answer, such as the loss of the
 * only host, is no objective's business here; `neverBridged` says what that is.
 */
export function longestRecoveryMs(
  { limits, service }: PlanQuestion,
  { recovery, design }: Evaluation,
): number | null {
  const { crashMs, hangMs, hostMs, zoneMs } = recovery;
  const canMove = service.state !== 'shared';
  if (hangMs === null || design.standbys.length === 0) return null;
  return Math.max(
    crashMs,
    hangMs,
    limits.hosts > 1 && canMove ? (hostMs ?? 0) : 0,
    limits.zones > 1 && canMove ? (zoneMs ?? 0) : 0,
  );
}

export type Unbridged = 'host' | 'zone' | 'degraded' | 'hang';

/** Faults that no takeover of this design ends. */
export function neverBridged(
  { rates }: PlanQuestion,
  evaluation: Evaluation,
): readonly Unbridged[] {
  const { design, recovery } = evaluation;
  const found: Unbridged[] = [];
  if (rates.host.everyMs !== null && design.hosts === 1) found.push('host');
  if (rates.zone.everyMs !== null && design.zones === 1) found.push('zone');
  if (rates.degraded.everyMs !== null && design.degraded === 'report') found.push('degraded');
  if (rates.hang.everyMs !== null && recovery.hangMs === null) found.push('hang');
  return found;
}

/** How far off, as the sum of the logarithms of got over wanted. */
export function distanceOf(misses: readonly Miss[]): number {
  return misses.reduce((total, { wanted, got }) => {
    if (got === null || wanted === 0) return total + UNBOUNDED;
    return total + Math.log(got / wanted);
  }, 0);
}

/** Worse than any ratio that may be bridged. */
const UNBOUNDED = 100;
