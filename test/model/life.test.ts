import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulateLife } from '../../src/model/life-simulation.ts';
import { seededRandom } from '../../src/model/random.ts';
import { groupMttf, groupReliability } from '../../src/model/standby-group.ts';
import {
  weibullHazard,
  weibullMean,
  weibullQuantile,
  weibullReliability,
  weibullWithMean,
} from '../../src/model/weibull.ts';

const GROUP = { active: 2, standbys: 3, standbyFactor: 0.3, coverage: 0.95 };
const PLAN = { time: 150, runs: 20_000, seed: 1, level: 0.999 };

test('the simulation of exponential lives agrees with the closed form', () => {
  const estimate = simulateLife({ ...GROUP, life: { shape: 1, scale: 100 } }, PLAN);
  const exact = { ...GROUP, failureRate: 0.01 };
  const { reliability } = groupReliability(exact, 150);
  const { lower, upper } = estimate.reliabilityInterval;
  assert.ok(lower < reliability && reliability < upper, `${lower} ${reliability} ${upper}`);
  assert.ok(Math.abs(estimate.mttf - groupMttf(exact)) < 3.3 * estimate.mttfError);
});

test('hot members of any life are independent, so the pair fails as both do', () => {
  const life = { shape: 2.5, scale: 100 };
  const hot = { active: 1, standbys: 1, standbyFactor: 1, coverage: 1, life };
  const { reliabilityInterval } = simulateLife(hot, { ...PLAN, time: 90 });
  const exact = 1 - weibullReliability(life, 90).unreliability ** 2;
  assert.ok(reliabilityInterval.lower < exact && exact < reliabilityInterval.upper);
});

test('cold members live one after the other, so their means add up', () => {
  const life = { shape: 0.7, scale: 100 };
  const cold = { active: 1, standbys: 2, standbyFactor: 0, coverage: 1, life };
  const { mttf, mttfError } = simulateLife(cold, PLAN);
  assert.ok(Math.abs(mttf - 3 * weibullMean(life)) < 3.3 * mttfError);
});

test('the same seed gives the same figures, and another one others', () => {
  const group = { ...GROUP, life: { shape: 2, scale: 100 } };
  assert.deepEqual(simulateLife(group, PLAN), simulateLife(group, PLAN));
  assert.notDeepEqual(simulateLife(group, PLAN), simulateLife(group, { ...PLAN, seed: 2 }));
});

test('the generator is even in its mean, its spread and its neighbours', () => {
  const random = seededRandom(42);
  const draws = Array.from({ length: 100_000 }, random);
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const product = draws.reduce((sum, value, at) => sum + value * (draws[at + 1] ?? 0.5), 0);
  assert.ok(Math.abs(mean - 0.5) < 0.004);
  assert.ok(Math.abs(product / draws.length - 0.25) < 0.004);
  assert.ok(draws.every((value) => value >= 0 && value < 1));
});

test('the closed forms of a Weibull life fit together', () => {
  const life = weibullWithMean(1.7, 1000);
  assert.ok(Math.abs(weibullMean(life) - 1000) < 1e-9);
  const time = weibullQuantile(life, 1e-9);
  assert.ok(Math.abs(weibullReliability(life, time).unreliability / 1e-9 - 1) < 1e-12);
  const step = 1e-3;
  const slope =
    weibullReliability(life, 500).reliability - weibullReliability(life, 500 + step).reliability;
  const hazard = slope / step / weibullReliability(life, 500).reliability;
  assert.ok(Math.abs(hazard / weibullHazard(life, 500) - 1) < 1e-5);
});
