import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanTimeTo, rewardUntil } from '../../src/model/absorption.ts';
import { type Chain, type Transition, compress, exitRates } from '../../src/model/chain.ts';
import { doubledTransient } from '../../src/model/doubling.ts';
import { eliminate, stationaryWeights } from '../../src/model/elimination.ts';
import { startIn } from '../../src/model/initial.ts';
import { iterateStationary } from '../../src/model/iteration.ts';
import { stationaryDistribution } from '../../src/model/stationary.ts';
import { intervalReward, transientSolution } from '../../src/model/transient.ts';
import { uniformize, uniformizedTransient } from '../../src/model/uniformization.ts';

/** Two independent counters: the stationary distribution is the product of theirs. */
function counters(side: number): Chain {
  const transitions: Transition[] = [];
  const state = (x: number, y: number): number => x * side + y;
  for (let x = 0; x < side; x += 1) {
    for (let y = 0; y < side; y += 1) {
      if (x > 0) transitions.push({ from: state(x - 1, y), to: state(x, y), rate: UP_X });
      if (x > 0) transitions.push({ from: state(x, y), to: state(x - 1, y), rate: x });
      if (y > 0) transitions.push({ from: state(x, y - 1), to: state(x, y), rate: UP_Y });
      if (y > 0) transitions.push({ from: state(x, y), to: state(x, y - 1), rate: DOWN_Y });
    }
  }
  return { size: side * side, transitions };
}
const [UP_X, UP_Y, DOWN_Y] = [1e-3, 1e-6, 0.7];

function normalised(weights: readonly number[]): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

test('10,000 states keep their relative precision down to the rarest', () => {
  const { distribution, method } = stationaryDistribution(counters(100));
  const x: number[] = [1];
  const y: number[] = [1];
  for (let count = 1; count < 100; count += 1) {
    x.push((x.at(-1)! * UP_X) / count);
    y.push((y.at(-1)! * UP_Y) / DOWN_Y);
  }
  const [px, py] = [normalised(x), normalised(y)];
  assert.equal(method, 'elimination');
  let compared = 0;
  distribution.forEach((share, state) => {
    const expected = px[Math.floor(state / 100)]! * py[state % 100]!;
    if (expected < 1e-290) return;
    compared += 1;
    assert.ok(Math.abs(share / expected - 1) < 1e-12, `${state}: ${share} is not ${expected}`);
  });
  assert.ok(compared > 1_000);
});

/** Links to anywhere, with rates over 12 decades. */
function entangled(size: number): Chain {
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const transitions = Array.from({ length: size }, (_value, from) => [
    { from, to: (from + 1) % size, rate: 10 ** (12 * random() - 6) },
    ...[0, 1, 2].map(() => ({
      from,
      to: Math.floor(random() * size),
      rate: 10 ** (12 * random() - 6),
    })),
  ]).flat();
  return { size, transitions: transitions.filter(({ from, to }) => from !== to) };
}

test('elimination and iteration agree where both are possible', () => {
  const rates = compress(entangled(600));
  const elimination = eliminate(rates, 0, 1e12);
  const limit = iterateStationary(rates);
  assert.ok(elimination !== null && limit !== null);
  const [exact, iterated] = [stationaryWeights(elimination), limit].map((weights) =>
    normalised([...weights]),
  );
  exact!.forEach((weight, state) => {
    assert.ok(Math.abs(iterated![state]! / weight - 1) < 1e-10, `${state}`);
  });
});

test('an elimination that would take too long is refused before it begins', () => {
  assert.equal(eliminate(compress(entangled(600)), 0, 1_000), null);
});

test('states that are left for good get nothing, and a chain that splits is refused', () => {
  const once = { from: 0, to: 1, rate: 1 };
  const turn = [
    { from: 1, to: 2, rate: 2 },
    { from: 2, to: 1, rate: 6 },
  ];
  const { distribution } = stationaryDistribution({ size: 3, transitions: [once, ...turn] });
  assert.deepEqual([...distribution], [0, 0.75, 0.25]);
  assert.throws(
    () => stationaryDistribution({ size: 3, transitions: [once, { from: 0, to: 2, rate: 1 }] }),
    /2 closed classes/,
  );
});

test('what may never be reached takes for ever, and what is reached already takes no time', () => {
  const chain = {
    size: 3,
    transitions: [
      { from: 0, to: 1, rate: 1 },
      { from: 0, to: 2, rate: 1 },
    ],
  };
  assert.equal(meanTimeTo(chain, startIn(3, 0), [1]), Infinity);
  assert.equal(meanTimeTo(chain, startIn(3, 0), [1, 2]), 0.5);
  assert.equal(meanTimeTo(chain, startIn(3, 1), [1]), 0);
  assert.equal(rewardUntil(chain, startIn(3, 0), [1, 2], [3, 0, 0]), 1.5);
});

test('a chain that does not move, and no time at all, leave everything where it is', () => {
  const still = transientSolution({ size: 2, transitions: [] }, [0.25, 0.75], 4);
  assert.deepEqual([...still.distribution], [0.25, 0.75]);
  assert.deepEqual([...still.occupancy], [1, 3]);
  const now = transientSolution(entangled(10), startIn(10, 3), 0);
  assert.equal(now.distribution[3], 1);
  assert.equal(Math.max(...now.occupancy), 0);
});

test('partial service counts partly in an interval', () => {
  const chain = { size: 2, transitions: [{ from: 0, to: 1, rate: 1 }] };
  const share = intervalReward(chain, startIn(2, 0), 2, [1, 0.5]);
  const inFirst = -Math.expm1(-2);
  assert.ok(Math.abs(share - (inFirst + 0.5 * (2 - inFirst)) / 2) < 1e-14);
});

test('uniformization, with and without its limit, and doubling agree', () => {
  const chain = counters(8);
  const rates = compress(chain);
  const uniformized = uniformize(rates, exitRates(rates));
  const stationary = stationaryDistribution(chain).distribution;
  for (const [time, limit] of [
    [30, null],
    [2_000, null],
    [2_000, stationary],
  ] as const) {
    const bounds = { limit, mostSteps: 1e6 };
    const stepped = uniformizedTransient(uniformized, startIn(64, 0), time, bounds);
    const doubled = doubledTransient(uniformized, startIn(64, 0), time, 16);
    for (let state = 0; state < 64; state += 1) {
      for (const part of ['distribution', 'occupancy'] as const) {
        const ratio = doubled[part][state]! / stepped[part][state]!;
        assert.ok(Math.abs(ratio - 1) < 1e-11, `${part} of ${state} at ${time}: ${ratio}`);
      }
    }
  }
});

const single = (transition: Transition): Chain => ({ size: 2, transitions: [transition] });

test('what makes no sense is named', () => {
  assert.throws(() => compress(single({ from: 0, to: 2, rate: 1 })), /target state is 2.*0 to 1/);
  assert.throws(() => compress(single({ from: 0, to: 1, rate: -1 })), /from 0 to 1 is -1/);
  assert.throws(() => compress(single({ from: 1, to: 1, rate: 1 })), /state 1 leads to itself/);
  assert.throws(() => compress(single({ from: 0, to: 1, rate: NaN })), /NaN/);
  assert.throws(() => transientSolution(entangled(10), [1], 1), /has 1 states, the chain 10/);
  assert.throws(() => transientSolution(entangled(2), [0.5, 0.4], 1), /adds up to 0.9/);
});
