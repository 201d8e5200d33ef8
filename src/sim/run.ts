import { ALL_CHECKERS } from './checkers/all.ts';
import type { Violation } from './checkers/contract.ts';
import type { SimulationOptions } from './options.ts';
import type { TraceLine } from './trace.ts';
import { Simulation } from './simulation.ts';

// One seed, one run: the same options give the same hash, on any host and any version of Node.

type RunStats = {
  /** Steps of the core, of all agents. */
  readonly steps: number;
  /** Steps of the replays of the agents' journals. */
  readonly replayed: number;
  readonly simulatedMs: number;
  readonly requests: number;
  readonly answered: number;
  readonly healedAfterMs: number | null;
  readonly undecided: number;
};

type RunResult = {
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly stats: RunStats;
  /** null unless requested. */
  readonly trace: readonly TraceLine[] | null;
};

export function run(options: SimulationOptions): RunResult {
  const world = new Simulation(options, ALL_CHECKERS);
  world.run();
  const { operations } = world.history;
  return {
    hash: world.trace.hash,
    violations: world.violations,
    stats: {
      steps: world.steps,
      replayed: world.replayed,
      simulatedMs: world.scheduler.now / 1000,
      requests: operations.length,
      answered: operations.filter(({ outcome }) => outcome === 'ok').length,
      healedAfterMs: world.healedAfterMs,
      undecided: world.undecided,
    },
    trace: world.trace.lines,
  };
}
