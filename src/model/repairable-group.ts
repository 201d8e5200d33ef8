import { meanTimeTo } from './absorption.ts';
import type { Chain, Transition } from './chain.ts';
import { requireCount, requirePositive } from './check-argument.ts';
import { startIn } from './initial.ts';
import { type StandbyGroup, requireGroup } from './standby-group.ts';
import { stationaryDistribution } from './stationary.ts';
import type { Reliability } from './reliability.ts';
import { transientSolution } from './transient.ts';

// k-out-of-n with standby and repair, as a birth–death chain with a side state for each failover that did not
// succeed: the textbook machine-repair model, of which two-unit hot, warm and cold redundancy are the smallest cases.
// Source: Trivedi 2002, 8.2 (birth–death), 8.5 (coverage); Kuo and Zuo, Optimal Reliability Modeling, 2003, 7.

export type RepairableGroup = StandbyGroup & {
  /** μ of one crew, repairs per unit of time. */
  readonly repairRate: number;
  readonly crews: number;
  /** Rate at which an operator fixes a failed failover; ≥ the repair rate as a rule. */
  readonly recoveryRate: number;
  /** Healthy members while too few are left: they are idle and do not fail, or run as before. */
  readonly whenDown: 'idle' | 'running';
};

type GroupChain = {
  readonly chain: Chain;
  /** States in which the service is down; the start, with all well, is state 0. */
  readonly down: readonly number[];
};

/**
 * States 0 … s: so many members have failed, and the service is up. Then, all down: s + j, 1 ≤ j ≤ s, the failover of
 * the j-th failure did not succeed; and s + f, f > s: f members have failed, which are too many.
 */
export function repairableChain(group: RepairableGroup): GroupChain {
  requireRepairable(group);
  const { active, standbys, coverage, standbyCoverage = 1, repairRate, crews } = group;
  const most = group.whenDown === 'idle' ? standbys + 1 : standbys + active;
  const stateOf = (failed: number): number => (failed > standbys ? standbys + failed : failed);
  const transitions: Transition[] = [];
  for (let failed = 0; failed <= most; failed += 1) {
    const from = stateOf(failed);
    if (failed > 0) {
      const rate = Math.min(failed, crews) * repairRate;
      transitions.push({ from, to: stateOf(failed - 1), rate });
    }
    if (failed === most) break;
    const next = stateOf(failed + 1);
    const waiting = Math.max(0, standbys - failed) * group.standbyFactor * group.failureRate;
    const serving = Math.min(active, active + standbys - failed) * group.failureRate;
    if (failed >= standbys) {
      transitions.push({ from, to: next, rate: serving });
      continue;
    }
    const stuck = standbys + failed + 1;
    const covered = coverage * serving + standbyCoverage * waiting;
    const uncovered = (1 - coverage) * serving + (1 - standbyCoverage) * waiting;
    transitions.push({ from, to: next, rate: covered });
    transitions.push({ from, to: stuck, rate: uncovered });
    transitions.push({ from: stuck, to: next, rate: group.recoveryRate });
  }
  const size = stateOf(most) + 1;
  const down = Array.from({ length: size - standbys - 1 }, (_state, place) => standbys + 1 + place);
  return { chain: { size, transitions }, down };
}

/** Share of time in which too few members serve, in the long run; relative precision. */
export function groupUnavailability(group: RepairableGroup): number {
  const { chain, down } = repairableChain(group);
  const { distribution } = stationaryDistribution(chain);
  return down.reduce((sum, state) => sum + distribution[state], 0);
}

/** Mean time until the service is down for the first time, with repairs meanwhile, starting with all well. */
export function repairableMttf(group: RepairableGroup): number {
  const { chain, down } = repairableChain(group);
  return meanTimeTo(chain, startIn(chain.size, 0), down);
}

/** The service has not been down until `time`, with repairs meanwhile, starting with all well. */
export function repairableReliability(group: RepairableGroup, time: number): Reliability {
  const { chain, down } = repairableChain(group);
  const isDown = new Set(down);
  const transitions = chain.transitions.filter(({ from }) => !isDown.has(from));
  const stopped = { size: chain.size, transitions };
  const { distribution } = transientSolution(stopped, startIn(chain.size, 0), time);
  const unreliability = down.reduce((sum, state) => sum + distribution[state], 0);
  const reliability = distribution.reduce((sum, p, at) => (isDown.has(at) ? sum : sum + p), 0);
  return { reliability, unreliability };
}

function requireRepairable(group: RepairableGroup): void {
  requireGroup(group);
  requirePositive('repairRate', group.repairRate);
  requireCount('crews', group.crews, 1, 10_000);
  requirePositive('recoveryRate', group.recoveryRate);
}
