import { BASELINE, type Design, designsFor, plainness } from './design-space.ts';
import { type Evaluation, evaluator } from './evaluation.ts';
import { type NextNine, nextNine, widened } from './next-nine.ts';
import { ALIKE, ROUNDING, preferred } from './preference.ts';
import {
  OBJECTIVES,
  type Miss,
  type Objective,
  type Unbridged,
  distanceOf,
  missesOf,
  neverBridged,
} from './objectives.ts';
import type { PlanQuestion } from './question.ts';

// From the question to one answer. The recommendation is among the cheapest designs that achieve everything: of those
// within a twentieth of the cheapest the one with the least downtime, and of those alike in that the plainest. A budget
// is a limit, not a sum to be spent: what more money would buy is listed, not chosen.

export type Plan = {
  readonly question: PlanQuestion;
  /** One member without a standby, for comparison. */
  readonly baseline: Evaluation;
  /** What is configured now; null: nothing is. */
  readonly present: Evaluation | null;
  readonly evaluations: readonly Evaluation[];
  /** Cheapest first; each has less downtime than all before it. */
  readonly front: readonly Evaluation[];
  readonly chosen: Choice;
  readonly nextNine: NextNine;
};

type Choice = {
  readonly evaluation: Evaluation;
  /** Empty: it achieves everything. */
  readonly misses: readonly Miss[];
  readonly neverBridged: readonly Unbridged[];
  /** How many designs achieve everything. */
  readonly achieving: number;
  /** The best of those that cost less, and what it misses; null: none costs less. */
  readonly cheaper: Judged | null;
  /** The next one of the front within the budget; null: nothing better may be had. */
  readonly dearer: Evaluation | null;
  /** If nothing achieves everything: the best with more places than were allowed, and what it still misses; else null. */
  readonly elsewhere: Judged | null;
  /** If nothing achieves everything: for each objective, the best design that misses only this one. */
  readonly concessions: readonly Concession[];
};

type Concession = {
  readonly objective: Objective;
  readonly evaluation: Evaluation;
  readonly miss: Miss;
};

/** `present`: the design that is configured now, if there is one. */
export function planFor(question: PlanQuestion, present: Design | null = null): Plan {
  const evaluate = evaluator(question);
  const evaluations = designsFor(question).map(evaluate);
  const chosen = choose(question, evaluations);
  return {
    question,
    baseline: evaluate(BASELINE),
    present: present === null ? null : evaluate(present),
    evaluations,
    front: paretoFront(evaluations),
    chosen,
    nextNine: nextNine(question, chosen.evaluation, evaluations),
  };
}

/** Designs that no other one beats in cost and downtime; of equal ones the plainest. */
function paretoFront(evaluations: readonly Evaluation[]): readonly Evaluation[] {
  const front: Evaluation[] = [];
  for (const evaluation of evaluations.toSorted(byCost)) {
    const last = front.at(-1);
    if (last === undefined || evaluation.unavailability < last.unavailability)
      front.push(evaluation);
  }
  return front;
}

/** The front without its steps that save next to nothing. */
export function notable(front: readonly Evaluation[]): readonly Evaluation[] {
  const kept: Evaluation[] = [];
  for (const evaluation of front) {
    const last = kept.at(-1);
    if (last === undefined || ALIKE * evaluation.unavailability < last.unavailability) {
      kept.push(evaluation);
    }
  }
  return kept;
}

function byCost(a: Evaluation, b: Evaluation): number {
  return (
    a.bill.perMonth - b.bill.perMonth ||
    a.unavailability - b.unavailability ||
    plainness(a.design) - plainness(b.design)
  );
}

function choose(question: PlanQuestion, evaluations: readonly Evaluation[]): Choice {
  const judged = evaluations.map((evaluation) => ({
    evaluation,
    misses: missesOf(question, evaluation),
  }));
  const achieving = judged.filter(({ misses }) => misses.length === 0);
  const evaluation =
    achieving.length > 0 ? preferred(achieving.map((each) => each.evaluation)) : closest(judged);
  const misses = missesOf(question, evaluation);
  const cost = evaluation.bill.perMonth;
  const cheaper = judged
    .filter((each) => each.evaluation.bill.perMonth * ROUNDING < cost)
    .toSorted(
      (a, b) =>
        distanceOf(a.misses) - distanceOf(b.misses) ||
        a.evaluation.unavailability - b.evaluation.unavailability,
    )[0];
  return {
    evaluation,
    misses,
    neverBridged: neverBridged(question, evaluation),
    achieving: achieving.length,
    cheaper: cheaper ?? null,
    dearer: dearer(question, evaluations, evaluation),
    elsewhere: misses.length === 0 ? null : elsewhere(question, misses.length),
    concessions: misses.length === 0 ? [] : concessions(judged),
  };
}

/** null: more places do not help. */
function elsewhere(question: PlanQuestion, missing: number): Judged | null {
  const wider = { ...question, limits: widened(question.limits) };
  const judged = designsFor(wider)
    .map(evaluator(wider))
    .map((evaluation) => ({ evaluation, misses: missesOf(wider, evaluation) }))
    .filter(({ misses }) => misses.every(({ objective }) => isMoney(objective)));
  if (judged.length === 0) return null;
  const evaluation = closest(judged);
  const misses = missesOf(wider, evaluation);
  return misses.length <= missing ? { evaluation, misses } : null;
}

function isMoney(objective: Objective): boolean {
  return objective === 'budget' || objective === 'power';
}

export type Judged = { readonly evaluation: Evaluation; readonly misses: readonly Miss[] };

/** Fewest misses, then the nearest, then the cheapest. */
function closest(judged: readonly Judged[]): Evaluation {
  const fewest = Math.min(...judged.map(({ misses }) => misses.length));
  const near = judged.filter(({ misses }) => misses.length === fewest);
  const distance = Math.min(...near.map(({ misses }) => distanceOf(misses)));
  return preferred(
    near
      .filter(({ misses }) => distanceOf(misses) <= distance + Math.log(ALIKE))
      .map(({ evaluation }) => evaluation),
  );
}

function concessions(judged: readonly Judged[]): readonly Concession[] {
  return OBJECTIVES.flatMap((objective) => {
    const only = judged.filter(
      ({ misses }) => misses.length === 1 && misses[0]?.objective === objective,
    );
    if (only.length === 0) return [];
    const evaluation = closest(only);
    const miss = only.find((each) => each.evaluation === evaluation)?.misses[0];
    return miss === undefined ? [] : [{ objective, evaluation, miss }];
  });
}

/** What more money would buy: the cheapest that is better by more than a hundredth, or takes over ten times as fast. */
function dearer(
  question: PlanQuestion,
  evaluations: readonly Evaluation[],
  chosen: Evaluation,
): Evaluation | null {
  const better = evaluations.filter(
    (each) =>
      each.bill.perMonth > chosen.bill.perMonth * ROUNDING &&
      each.unavailability < chosen.unavailability &&
      (each.unavailability * ALIKE < chosen.unavailability ||
        each.recovery.crashMs * 10 <= chosen.recovery.crashMs) &&
      missesOf(question, each).length === 0,
  );
  return better.length === 0 ? null : preferred(better);
}
