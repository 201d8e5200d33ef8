import { requireCount, requirePositive, requireShare } from './check-argument.ts';
import { type ShareInterval, shareInterval } from './intervals.ts';
import { type Random, seededRandom } from './random.ts';
import { type Weibull, requireWeibull, weibullQuantile } from './weibull.ts';

// The life of a standby group whose members age, by simulation: with a hazard that grows there is no chain and, for
// warm standby, no closed form. The sequence is seeded, so the same input gives the same figures everywhere.

export type AgingGroup = {
  readonly active: number;
  readonly standbys: number;
  readonly life: Weibull;
  /** Hours of serving by which one hour on standby ages a member; 0 cold, 1 hot. */
  readonly standbyFactor: number;
  readonly coverage: number;
};

export type LifeEstimate = {
  readonly runs: number;
  /** Runs that survived the mission, and their share with its exact interval. */
  readonly survivors: number;
  readonly reliability: number;
  readonly reliabilityInterval: ShareInterval;
  readonly mttf: number;
  /** Standard error of `mttf`; mttf ± 2.58 of it is a 99% interval, as there are many runs. */
  readonly mttfError: number;
};

type SimulationPlan = {
  readonly time: number;
  readonly runs: number;
  readonly seed: number;
  /** Confidence level of the interval, such as 0.99. */
  readonly level: number;
};

/**
 * R(t) and MTTF of a k-out-of-n standby group without repair. Aging is by exposure: a member fails once its age, which
 * grows by 1 an hour when it serves and by the standby factor when it does not, reaches its life.
 * Source of the model: Nelson, Accelerated Testing, 1990, chapter 10 (cumulative exposure); intervals: Clopper–Pearson.
 */
export function simulateLife(group: AgingGroup, plan: SimulationPlan): LifeEstimate {
  requireCount('active', group.active, 1, 1000);
  requireCount('standbys', group.standbys, 0, 1000);
  requireWeibull(group.life);
  requireShare('standbyFactor', group.standbyFactor);
  requireShare('coverage', group.coverage);
  requirePositive('time', plan.time);
  requireCount('runs', plan.runs, 100, 100_000_000);
  const random = seededRandom(plan.seed);
  let survivors = 0;
  let mean = 0;
  let squares = 0;
  for (let run = 1; run <= plan.runs; run += 1) {
    const life = oneLife(group, random);
    if (life > plan.time) survivors += 1;
    // Welford's update, so that long lives do not swamp short ones.
    const deviation = life - mean;
    mean += deviation / run;
    squares += deviation * (life - mean);
  }
  return {
    runs: plan.runs,
    survivors,
    reliability: survivors / plan.runs,
    reliabilityInterval: shareInterval(survivors, plan.runs, plan.level),
    mttf: mean,
    mttfError: Math.sqrt(squares / (plan.runs - 1) / plan.runs),
  };
}

/** Time at which the group fails. */
function oneLife(group: AgingGroup, random: Random): number {
  const { active, standbys, life, standbyFactor, coverage } = group;
  const draw = (): number => weibullQuantile(life, random());
  const serving = Array.from({ length: active }, draw);
  const waiting = Array.from({ length: standbys }, draw);
  for (let now = 0; ;) {
    const [first, left] = least(serving);
    const [next, leftWaiting] = least(waiting);
    const untilWaiting = standbyFactor === 0 ? Infinity : leftWaiting / standbyFactor;
    const step = Math.min(left, untilWaiting);
    now += step;
    age(serving, step);
    age(waiting, step * standbyFactor);
    if (untilWaiting < left) {
      waiting.splice(next, 1);
      continue;
    }
    const spare = waiting.shift();
    if (spare === undefined || random() >= coverage) return now;
    serving[first] = spare;
  }
}

/** Place and value of the least; Infinity if there is none. */
function least(values: readonly number[]): readonly [number, number] {
  let [place, value] = [-1, Infinity];
  values.forEach((candidate, at) => {
    if (candidate < value) [place, value] = [at, candidate];
  });
  return [place, value];
}

function age(values: number[], by: number): void {
  for (let place = 0; place < values.length; place += 1) values[place] -= by;
}
