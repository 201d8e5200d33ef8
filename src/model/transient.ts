import { type Chain, type Distribution, type SparseRates, compress, exitRates } from './chain.ts';
import { closedClasses } from './classes.ts';
import { requireNonNegative } from './check-argument.ts';
import { doubledTransient } from './doubling.ts';
import { startStates } from './initial.ts';
import { solveStationary } from './stationary.ts';
import { type Transient, uniformize, uniformizedTransient } from './uniformization.ts';

// Where a chain is at a time, and how long it has spent in each state until then. Both methods add and multiply
// only, so that probabilities of 1e-20 have as many good digits as those near 1.

/** Multiplications; some seconds. */
const MOST_STEPS = 2e10;

/**
 * Transient solution π(t) = π(0) e^(Qt) and its integral.
 * Uniformization takes about Λt steps, Λ being the fastest exit rate. Where fast and slow rates mix (failover within
 * milliseconds, failures within years) that is too many; a shorter time is then uniformized and doubled instead.
 * The cheaper way is taken. Throws a RangeError if both would take minutes.
 */
export function transientSolution(chain: Chain, initial: Distribution, time: number): Transient {
  requireNonNegative('time', time);
  const rates = compress(chain);
  startStates(initial, chain.size);
  const uniformized = uniformize(rates, exitRates(rates));
  const jumps = uniformized.rate * time;
  const doublings = Math.max(0, Math.ceil(Math.log2(Math.max(jumps, 1))));
  const { size } = chain;
  const width = rates.to.length + size;
  const stepping = (jumps + 40 * Math.sqrt(jumps) + 200) * width;
  const doubling = doublings * size ** 3 + 200 * size * width;
  if (doubling < stepping && doubling <= MOST_STEPS) {
    return doubledTransient(uniformized, initial, time, doublings);
  }
  const limit = limitOf(rates);
  if (stepping > MOST_STEPS && limit === null) {
    throw new RangeError(
      `${size} states over a time of ${Math.round(jumps)} times the fastest sojourn would take minutes; ` +
        'merge states, or leave out the fastest',
    );
  }
  return uniformizedTransient(uniformized, initial, time, { limit, mostSteps: MOST_STEPS / width });
}

/** What an irreducible chain tends to; null for others, which may decay without a limit worth naming. */
function limitOf(rates: SparseRates): Float64Array | null {
  const [only] = closedClasses(rates);
  return only?.length === rates.size ? solveStationary(rates).distribution : null;
}

/** Expected share of the time until `time` that is spent in states with weight[i] = 1; weights are reward rates. */
export function intervalReward(
  chain: Chain,
  initial: Distribution,
  time: number,
  reward: Distribution,
): number {
  const { occupancy } = transientSolution(chain, initial, time);
  return occupancy.reduce((sum, spent, state) => sum + spent * reward[state], 0) / time;
}
