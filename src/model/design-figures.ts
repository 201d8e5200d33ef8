import { meanTimeTo } from './absorption.ts';
import { compress } from './chain.ts';
import { eliminate, rewardUntilLast, SECOND_OF_STEPS, stationaryWeights } from './elimination.ts';
import { startIn } from './initial.ts';
import type { Parameter, Phase, Situation } from './design-branch.ts';
import { type DesignChain, isServing, designChain } from './design-chain.ts';
import type { RedundancyDesign } from './design.ts';
import type { Reliability } from './reliability.ts';
import { transientSolution } from './transient.ts';
import { HOURS_PER_YEAR, MINUTES_PER_YEAR } from './year.ts';

// What a design comes to: the figures that a plan compares. A year has 365.25 days.

/** Phases in which no member serves: the causes of downtime. */
export type DownPhase = Exclude<Phase, 'serving' | 'warming'>;

export type DesignFigures = {
  readonly availability: number;
  /** 1 − availability, by itself: nine nines keep all their digits. */
  readonly unavailability: number;
  readonly downtimeMinutesPerYear: number;
  /** The same by phase; adds up to the whole. */
  readonly downtimeMinutesByPhase: Readonly<Record<DownPhase, number>>;
  /** How often a year service ends, be it only for the moment of a failover. */
  readonly outagesPerYear: number;
  /** Share of full service in the long run: performability with partial service while warming up. */
  readonly servingShare: number;
  /** What is missing from full service: unavailability and the share lost while warming up. */
  readonly shortfall: number;
  /** Share of the serving time in which no standby would work, known or not. */
  readonly unreadyShare: number;
  readonly states: number;
};

/** Long-run figures of a design, from its stationary distribution. */
export function designFigures(design: RedundancyDesign): DesignFigures {
  return figuresOf(design, solve(designChain(design)));
}

export type Elasticity = {
  readonly parameter: Parameter;
  /** d ln unavailability / d ln parameter: percent more downtime per percent. */
  readonly elasticity: number;
};

/**
 * How much the downtime depends on each parameter of a design, exactly: with a reward d of 1 in the states that are
 * down and U = π d, dU/dθ = Σ π_i (dq_ij/dθ) (g_j − g_i), where g solves Q g = U − d. The bias g_i is the downtime until
 * the next visit to state 0, less U times the time until then; both are positive sums by elimination.
 * Parameters that are shares count by their small side: `uncoveredShare` is 1 − coverage.
 * Source: Schweitzer, Perturbation theory and finite Markov chains, J. Appl. Prob. 5, 1968; Cao, Stochastic Learning
 * and Optimization, 2007, chapter 2 (performance potentials).
 */
export function downtimeElasticities(design: RedundancyDesign): readonly Elasticity[] {
  const solved = solve(designChain(design));
  const { situations, links } = solved.model;
  const down = situations.map((situation) => (isServing(situation) ? 0 : 1));
  const { unavailability } = figuresOf(design, solved);
  const downtime = rewardUntilLast(solved.elimination, down);
  const duration = rewardUntilLast(solved.elimination, new Float64Array(down.length).fill(1));
  const bias = downtime.map((spent, state) => spent - unavailability * duration[state]);
  const total = new Map<Parameter, number>();
  for (const { from, to, factor } of links) {
    const flow = solved.distribution[from] * factor.value * (bias[to] - bias[from]);
    for (const [parameter, slope] of factor.slopes) {
      total.set(parameter, (total.get(parameter) ?? 0) + flow * slope);
    }
  }
  return [...total]
    .map(([parameter, slope]) => ({ parameter, elasticity: slope / unavailability }))
    .toSorted((a, b) => Math.abs(b.elasticity) - Math.abs(a.elasticity));
}

/** What counts as the end of a mission: any outage, or only one that no failover bridges. */
export type Loss = 'outage' | 'unbridged';

/** The probability that the service was not lost until `hours`, starting with all well. */
export function designReliability(
  design: RedundancyDesign,
  hours: number,
  loss: Loss,
): Reliability {
  const model = designChain(design);
  const lost = model.situations.map((situation) => isLost(situation, loss));
  const transitions = model.chain.transitions.filter(({ from }) => !lost[from]);
  const chain = { size: model.chain.size, transitions };
  const { distribution } = transientSolution(chain, startIn(chain.size, 0), hours);
  const sum = (wanted: boolean): number =>
    distribution.reduce((total, p, state) => (lost[state] === wanted ? total + p : total), 0);
  return { reliability: sum(false), unreliability: sum(true) };
}

/** Mean hours until the service is lost for the first time, starting with all well. */
export function designMttfHours(design: RedundancyDesign, loss: Loss): number {
  const { chain, situations } = designChain(design);
  const targets = situations.flatMap((situation, state) =>
    isLost(situation, loss) ? [state] : [],
  );
  return meanTimeTo(chain, startIn(chain.size, 0), targets);
}

/** Expected share of (0, hours) in which no member serves, starting with all healthy. */
export function intervalUnavailability(design: RedundancyDesign, hours: number): number {
  const { chain, situations } = designChain(design);
  const { occupancy } = transientSolution(chain, startIn(chain.size, 0), hours);
  return (
    occupancy.reduce((sum, spent, state) => (isServing(situations[state]) ? sum : sum + spent), 0) /
    hours
  );
}

function isLost(situation: Situation, loss: Loss): boolean {
  if (loss === 'unbridged') return ['recovering', 'exhausted'].includes(situation.phase);
  return !isServing(situation);
}

type Solved = {
  readonly model: DesignChain;
  readonly elimination: NonNullable<ReturnType<typeof eliminate>>;
  readonly distribution: Float64Array;
};

/** From every state all can become healthy again, so the chain has one closed class, and state 0 is in it. */
function solve(model: DesignChain): Solved {
  const elimination = eliminate(compress(model.chain), 0, 60 * SECOND_OF_STEPS);
  if (elimination === null) {
    throw new RangeError(
      `the design has ${model.chain.size} states, too many to solve; give it fewer standbys`,
    );
  }
  const weights = stationaryWeights(elimination);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { model, elimination, distribution: weights.map((weight) => weight / total) };
}

function figuresOf(design: RedundancyDesign, { model, distribution }: Solved): DesignFigures {
  const { situations, links } = model;
  const down = { detecting: 0, switching: 0, recovering: 0, exhausted: 0, failback: 0 };
  let availability = 0;
  let servingShare = 0;
  let lostWarming = 0;
  let unready = 0;
  situations.forEach(({ phase, target, ready }, state) => {
    const share = distribution[state];
    if (phase !== 'serving' && phase !== 'warming') {
      down[phase] += share;
      return;
    }
    const serving = phase === 'warming' ? (design.standbys[target].warmUp?.servingShare ?? 1) : 1;
    availability += share;
    if (ready.every((count) => count === 0)) unready += share;
    servingShare += share * serving;
    lostWarming += share * (1 - serving);
  });
  const unavailability = Object.values(down).reduce((sum, share) => sum + share, 0);
  const outages = links.reduce(
    (sum, { from, to, factor }) =>
      isServing(situations[from]) && !isServing(situations[to])
        ? sum + distribution[from] * factor.value
        : sum,
    0,
  );
  return {
    availability,
    unavailability,
    downtimeMinutesPerYear: minutesOf(unavailability),
    downtimeMinutesByPhase: {
      detecting: minutesOf(down.detecting),
      switching: minutesOf(down.switching),
      recovering: minutesOf(down.recovering),
      exhausted: minutesOf(down.exhausted),
      failback: minutesOf(down.failback),
    },
    outagesPerYear: outages * HOURS_PER_YEAR,
    servingShare,
    shortfall: unavailability + lostWarming,
    unreadyShare: unready / availability,
    states: situations.length,
  };
}

function minutesOf(share: number): number {
  return share * MINUTES_PER_YEAR;
}
