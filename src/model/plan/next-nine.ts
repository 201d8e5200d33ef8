import type { FaultFigure, FaultRate, FaultRates } from '../fault-rates.ts';
import { type Design, designsFor } from './design-space.ts';
import { type Evaluation, evaluator } from './evaluation.ts';
import { preferred } from './preference.ts';
import type { PlanLimits, PlanQuestion } from './question.ts';

// What it would take to gain the next nine: another scheme, with more places than were allowed if need be, or one
// figure of the fault model that is so many times better, all others being as they are.

export type NextNine = {
  /** 1 − the availability with one more nine. */
  readonly unavailability: number;
  /** The cheapest design that comes to it; null: none that was tried does. */
  readonly design: Evaluation | null;
  /** It needs more hosts or zones than were allowed. */
  readonly isBeyondLimits: boolean;
  /** Figures one of which would do, the least improvement first. */
  readonly levers: readonly Lever[];
};

type Lever = {
  readonly figure: FaultFigure;
  /** So many times as rarely, as quickly or as surely. */
  readonly factor: number;
  /** What the figure would then be: ms, or a share. */
  readonly value: number;
};

/** The limits of what is tried beyond what was allowed. */
const BEYOND = { hosts: 3, zones: 2, standbys: 2 } as const;
/** No figure is improved by more than this. */
const MOST_FACTOR = 1_000;
const BISECTIONS = 24;

/** `evaluations`: of all designs within the limits. */
export function nextNine(
  question: PlanQuestion,
  chosen: Evaluation,
  evaluations: readonly Evaluation[],
): NextNine {
  const unavailability = nextUnavailability(chosen.unavailability);
  const within = bestAt(evaluations, unavailability);
  const wider = { ...question, limits: widened(question.limits) };
  const design = within ?? bestAt(designsFor(wider).map(evaluator(wider)), unavailability);
  return {
    unavailability,
    design,
    isBeyondLimits: within === null && design !== null,
    levers: levers(question, chosen.design, unavailability),
  };
}

/** 99.95% → 99.99%: the next power of ten. */
export function nextUnavailability(unavailability: number): number {
  if (unavailability <= 0) return 0;
  const nines = Math.floor(-Math.log10(unavailability) + 1e-9);
  return Number(`1e-${nines + 1}`);
}

/** With more places than were allowed, and few standbys. */
export function widened(limits: PlanLimits): PlanLimits {
  const hosts = Math.max(limits.hosts, BEYOND.hosts);
  return {
    hosts,
    zones: Math.max(limits.zones, BEYOND.zones),
    standbys: Math.max(1, Math.min(limits.standbys, BEYOND.standbys)),
  };
}

function bestAt(evaluations: readonly Evaluation[], unavailability: number): Evaluation | null {
  const enough = evaluations.filter((each) => each.unavailability <= unavailability);
  return enough.length === 0 ? null : preferred(enough);
}

type Change = {
  readonly figure: FaultFigure;
  readonly value: (rates: FaultRates, factor: number) => number | null;
  readonly apply: (rates: FaultRates, value: number) => FaultRates;
};

const COMPONENTS = ['process', 'hang', 'degraded', 'host', 'zone'] as const;

const CHANGES: readonly Change[] = [
  ...COMPONENTS.flatMap((component): readonly Change[] => [
    {
      figure: `${component}.every`,
      value: (rates, factor) => times(rates[component].everyMs, factor),
      apply: (rates, everyMs) => withRate(rates, component, { ...rates[component], everyMs }),
    },
    {
      figure: `${component}.repair`,
      value: (rates, factor) => rates[component].repairMs / factor,
      apply: (rates, repairMs) => withRate(rates, component, { ...rates[component], repairMs }),
    },
  ]),
  {
    figure: 'pause.every',
    value: (rates, factor) => times(rates.pause.everyMs, factor),
    apply: (rates, everyMs) => ({ ...rates, pause: { ...rates.pause, everyMs } }),
  },
  {
    figure: 'failoverSuccess',
    value: (rates, factor) => 1 - (1 - rates.coverage) / factor,
    apply: (rates, coverage) => ({ ...rates, coverage }),
  },
  {
    figure: 'restartSuccess',
    value: (rates, factor) => 1 - (1 - rates.restartShare) / factor,
    apply: (rates, restartShare) => ({ ...rates, restartShare }),
  },
  {
    figure: 'commonCause',
    value: (rates, factor) => rates.commonCauseShare / factor,
    apply: (rates, commonCauseShare) => ({ ...rates, commonCauseShare }),
  },
  {
    figure: 'manualRepair',
    value: (rates, factor) => rates.recoveryMs / factor,
    apply: (rates, recoveryMs) => ({ ...rates, recoveryMs }),
  },
];

function times(everyMs: number | null, factor: number): number | null {
  return everyMs === null ? null : everyMs * factor;
}

function withRate(
  rates: FaultRates,
  component: (typeof COMPONENTS)[number],
  rate: FaultRate,
): FaultRates {
  return { ...rates, [component]: rate };
}

function levers(question: PlanQuestion, design: Design, unavailability: number): readonly Lever[] {
  return CHANGES.flatMap((change) => {
    const value = (factor: number): number | null => change.value(question.rates, factor);
    const isEnough = (factor: number): boolean => {
      const figure = value(factor);
      if (figure === null) return false;
      const rates = change.apply(question.rates, figure);
      return evaluator({ ...question, rates })(design).unavailability <= unavailability;
    };
    if (!isEnough(MOST_FACTOR)) return [];
    const factor = leastFactor(isEnough);
    return [{ figure: change.figure, factor, value: value(factor) ?? 0 }];
  }).toSorted((a, b) => a.factor - b.factor);
}

/** The least factor that is enough, by bisection of its logarithm. */
function leastFactor(isEnough: (factor: number) => boolean): number {
  let [low, high] = [0, Math.log(MOST_FACTOR)];
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (isEnough(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}
