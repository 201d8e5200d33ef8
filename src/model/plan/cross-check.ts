import { MINUTES_PER_YEAR } from '../year.ts';
import type { Evaluation } from './evaluation.ts';
import type { LayerKind } from './layer.ts';
import type { PlanQuestion } from './question.ts';

// The formulas against a simulation of the real controller. They should agree within the simulation's interval; where
// they do not, this says which of the effects that the formulas leave out, or count on the safe side, is of the right
// sign and of the right size. An effect is named only if it could explain a tenth of the gap or more: a gap that
// nothing explains is a defect of one of the two, and is said to be one.

/** What a simulation found, with its interval at a level such as 99%. */
export type SimulatedEstimate = {
  readonly unavailability: number;
  readonly lower: number;
  readonly upper: number;
};

export type EffectCode =
  /** Faults of several layers at once make each other last longer. */
  | 'overlap'
  /** A member that fails again and again is restarted after growing pauses. */
  | 'restartBackoff'
  /** An exclusive service waits for the lease of an active that cannot be fenced. */
  | 'leaseWait'
  /** The gate refuses a standby whose proof is too old. */
  | 'gateRefusal'
  /** An agent on an overloaded host waits longer before it marks a member failed. */
  | 'strainedObserver'
  /** Detection, switching and repair last about the same each time, and are exponential in the formulas. */
  | 'steadyDurations'
  /** The data plane turns to a standby before the agent has decided. */
  | 'earlyFallback'
  /** A takeover that fails is tried again with the next candidate at once. */
  | 'nextCandidate'
  /** A member that serves badly counts as down. */
  | 'degradedCountsAsDown'
  /** The formulas count false failovers of a member that pauses more often. */
  | 'mistakesAssumed';

type LeftOutEffect = {
  readonly code: EffectCode;
  /** How much it may come to. */
  readonly minutesPerYear: number;
};

export type CrossCheck =
  | {
      readonly agrees: true;
      /** The interval spans more than two decades: it would agree with almost anything. */
      readonly isWeak: boolean;
    }
  | {
      readonly agrees: false;
      /** The formulas say more downtime, or less, than was simulated. */
      readonly formula: 'higher' | 'lower';
      readonly minutesPerYear: number;
      /** The likeliest first; empty: nothing that is known explains it. */
      readonly effects: readonly LeftOutEffect[];
    };

const WEAK_RATIO = 100;
const LEAST_PART = 0.1;

/** Throws a RangeError where the interval is none. */
export function crossCheck(
  question: PlanQuestion,
  evaluation: Evaluation,
  estimate: SimulatedEstimate,
): CrossCheck {
  const { lower, upper } = estimate;
  if (!(lower >= 0 && lower <= upper && upper <= 1)) {
    throw new RangeError(`the interval ${lower} to ${upper} is none within 0 and 1`);
  }
  const { unavailability } = evaluation;
  if (unavailability >= lower && unavailability <= upper) {
    return { agrees: true, isWeak: upper > WEAK_RATIO * lower };
  }
  const isHigher = unavailability > upper;
  const gap = isHigher ? unavailability - upper : lower - unavailability;
  const minutesPerYear = gap * MINUTES_PER_YEAR;
  const known = isHigher ? countedTooHigh(evaluation) : leftOut(question, evaluation);
  return {
    agrees: false,
    formula: isHigher ? 'higher' : 'lower',
    minutesPerYear,
    effects: known
      .filter((effect) => effect.minutesPerYear >= LEAST_PART * minutesPerYear)
      .toSorted((a, b) => far(a, minutesPerYear) - far(b, minutesPerYear)),
  };
}

function far({ minutesPerYear }: LeftOutEffect, gap: number): number {
  return Math.abs(Math.log(minutesPerYear / gap));
}

/** Longest pause between two restarts: the default of `repair.max`. */
const BACKOFF_MINUTES = 0.5;
/** The default of `lease.duration`. */
const LEASE_MINUTES = 1 / 6;
/** The most by which a degraded observer multiplies its timeouts. */
const PATIENCE = 9;

function leftOut(question: PlanQuestion, evaluation: Evaluation): readonly LeftOutEffect[] {
  const { design } = evaluation;
  const { service, rates } = question;
  const members = layerOf(evaluation, 'member');
  const outages = members?.outagesPerYear ?? 0;
  const effects: LeftOutEffect[] = [
    { code: 'overlap', minutesPerYear: overlapMinutes(evaluation) },
    {
      code: 'restartBackoff',
      minutesPerYear: (members?.unbridgedPerYear ?? 0) * BACKOFF_MINUTES,
    },
    {
      code: 'strainedObserver',
      minutesPerYear: (PATIENCE - 1) * minutesOf(evaluation, 'member', 'detecting'),
    },
  ];
  if (service.state !== 'none') {
    effects.push({ code: 'leaseWait', minutesPerYear: outages * LEASE_MINUTES });
  }
  if (design.rehearsedMs !== null) {
    effects.push({
      code: 'gateRefusal',
      minutesPerYear: (outages * rates.process.repairMs) / 60_000,
    });
  }
  return effects;
}

function countedTooHigh(evaluation: Evaluation): readonly LeftOutEffect[] {
  const exhausted = (['member', 'host', 'zone'] as const)
    .filter((kind) => (layerOf(evaluation, kind)?.chains.length ?? 0) > 0)
    .reduce((sum, kind) => sum + minutesOf(evaluation, kind, 'exhausted'), 0);
  const moving =
    minutesOf(evaluation, 'member', 'detecting') + minutesOf(evaluation, 'member', 'switching');
  return [
    { code: 'steadyDurations', minutesPerYear: exhausted / 2 },
    { code: 'earlyFallback', minutesPerYear: moving },
    { code: 'nextCandidate', minutesPerYear: minutesOf(evaluation, 'member', 'recovering') },
    { code: 'degradedCountsAsDown', minutesPerYear: minutesOf(evaluation, 'unseen', 'detecting') },
    { code: 'mistakesAssumed', minutesPerYear: minutesOf(evaluation, 'mistake', 'switching') },
  ];
}

/** A fault of one layer that strikes while another one is down lasts for as long as both. */
function overlapMinutes({ layers }: Evaluation): number {
  let share = 0;
  for (const one of layers) {
    for (const other of layers) {
      if (one !== other) share += one.unavailability * other.unavailability;
    }
  }
  return share * MINUTES_PER_YEAR;
}

function layerOf({ layers }: Evaluation, kind: LayerKind) {
  return layers.find((layer) => layer.kind === kind);
}

function minutesOf(evaluation: Evaluation, kind: LayerKind, phase: string): number {
  return evaluation.contributions
    .filter((part) => part.layer === kind && part.phase === phase)
    .reduce((sum, part) => sum + part.minutesPerYear, 0);
}
