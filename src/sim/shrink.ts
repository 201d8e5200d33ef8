import type { Violation } from './checkers/contract.ts';
import type { Fault } from './fault.ts';
import { NO_MISHAPS, type SimulationOptions } from './options.ts';
import { run } from './run.ts';

// Shrinks a failing run: the fewest faults, the simplest options and the shortest time that still violate the same rule.
// Removes faults in halves, quarters and so on down to single ones (after Zeller and Hildebrandt's delta debugging, 2002),
// until every remaining one is necessary. A run depends on its options alone, so the result describes the failure fully.

type Shrunk = {
  readonly options: SimulationOptions;
  readonly violation: Violation;
  /** Number of runs tried. */
  readonly runs: number;
};

/** A run takes some 10 ms; more would take too long. */
const RUNS_LIMIT = 600;
const SHORTEST_MS = 1;

/** null: the options violate nothing. */
export function shrink(failing: SimulationOptions): Shrunk | null {
  const [violation] = run(failing).violations;
  return violation === undefined ? null : new Shrinker(failing, violation).shrink();
}

class Shrinker {
  #options: SimulationOptions;
  #violation: Violation;
  #runs = 1;

  constructor(options: SimulationOptions, violation: Violation) {
    this.#options = options;
    this.#violation = violation;
  }

  shrink(): Shrunk {
    let before: SimulationOptions;
    do {
      before = this.#options;
      this.#fewerFaults();
      this.#calmer();
      this.#shorter();
    } while (this.#options !== before && this.#runs < RUNS_LIMIT);
    return { options: this.#options, violation: this.#violation, runs: this.#runs };
  }

  /** Keeps the change if the same rule is still violated. */
  #try(change: Partial<SimulationOptions>): boolean {
    if (this.#runs >= RUNS_LIMIT) return false;
    this.#runs += 1;
    const options = { ...this.#options, ...change };
    const violation = run(options).violations.find(({ rule }) => rule === this.#violation.rule);
    if (violation === undefined) return false;
    this.#options = options;
    this.#violation = violation;
    return true;
  }

  #fewerFaults(): void {
    for (let size = this.#options.faults.length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < this.#options.faults.length;) {
        const { faults } = this.#options;
        const left = [...faults.slice(0, from), ...faults.slice(from + size)];
        if (!this.#try({ faults: left })) from += size;
      }
    }
  }

  #calmer(): void {
    const { mishaps, network, clients, drift, replays } = this.#options;
    if (mishaps !== NO_MISHAPS && !this.#try({ mishaps: NO_MISHAPS }))
      for (const kind of [
        'orderFails',
        'outcomeLost',
        'outcomeLate',
        'outcomeTwice',
        'reportLost',
      ] as const)
        if (this.#options.mishaps[kind] > 0)
          this.#try({ mishaps: { ...this.#options.mishaps, [kind]: 0 } });
    if (network.loss > 0) this.#try({ network: { ...network, loss: 0 } });
    if (network.duplication > 0)
      this.#try({ network: { ...this.#options.network, duplication: 0 } });
    if (clients.count > 1) this.#try({ clients: { ...clients, count: 1 } });
    if (drift > 0) this.#try({ drift: 0 });
    if (replays) this.#try({ replays: false });
  }

  /** Halves the duration of each fault as often as possible, and ends the fault phase at the violation. */
  #shorter(): void {
    for (const [index, { forMs }] of this.#options.faults.entries())
      for (let shorter = forMs; shorter > SHORTEST_MS && this.#shortenTo(index, shorter);)
        shorter = Math.floor(shorter / 2);
    const safetyMs = Math.ceil(this.#violation.atMs) + 1;
    if (safetyMs < this.#options.safetyMs) this.#try({ safetyMs });
  }

  #shortenTo(index: number, forMs: number): boolean {
    const faults = this.#options.faults.map((fault, at): Fault => {
      return at === index ? { ...fault, forMs: Math.floor(forMs / 2) } : fault;
    });
    return this.#try({ faults });
  }
}
