import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossCheck } from '../../../src/model/plan/cross-check.ts';
import { evaluator } from '../../../src/model/plan/evaluation.ts';
import { design, question } from './questions.ts';

const QUESTION = question();
const EVALUATION = evaluator(QUESTION)(design());
const U = EVALUATION.unavailability;

function check(lower: number, upper: number, change: Partial<typeof QUESTION> = {}) {
  const asked = { ...QUESTION, ...change };
  const unavailability = (lower + upper) / 2;
  return crossCheck(asked, evaluator(asked)(design()), { unavailability, lower, upper });
}

function effectsOf(found: ReturnType<typeof crossCheck>): readonly string[] {
  assert.equal(found.agrees, false);
  return found.agrees ? [] : found.effects.map(({ code }) => code);
}

test('a formula within the interval of the simulation agrees with it', () => {
  assert.deepEqual(check(0.9 * U, 1.1 * U), { agrees: true, isWeak: false });
  assert.deepEqual(check(U, U), { agrees: true, isWeak: false });
});

test('an interval that would agree with almost anything is called weak', () => {
  assert.deepEqual(check(0, 1.1 * U), { agrees: true, isWeak: true });
  assert.deepEqual(check(U / 50, 50 * U), { agrees: true, isWeak: true });
});

test('a formula that says too much is put down to what it counts on the safe side, the nearest in size first', () => {
  const degraded = EVALUATION.layers.find(({ kind }) => kind === 'unseen')?.unavailability ?? 0;
  const found = check(0.9 * (U - degraded), U - degraded);
  assert.equal(effectsOf(found)[0], 'degradedCountsAsDown');
  assert.ok(!found.agrees && found.formula === 'higher');
});

test('a formula that says too little is put down to what it leaves out', () => {
  const outages = EVALUATION.layers.find(({ kind }) => kind === 'member')?.unbridgedPerYear ?? 0;
  const backoff = (outages * 0.5) / 525_960;
  const found = check(U + backoff, U + 2 * backoff);
  assert.equal(effectsOf(found)[0], 'restartBackoff');
  assert.ok(!found.agrees && found.formula === 'lower');
});

test('an exclusive service may also have waited for its lease', () => {
  const gap = (16 / 6 / 525_960) * 0.9;
  assert.ok(!effectsOf(check(U + gap, U + 2 * gap)).includes('leaseWait'));
  const exclusive = { service: { ...QUESTION.service, state: 'shared' as const } };
  assert.equal(effectsOf(check(U + gap, U + 2 * gap, exclusive))[0], 'leaseWait');
});

test('a gap that nothing known could explain is not explained', () => {
  assert.deepEqual(effectsOf(check(0.5, 0.6)), []);
});

test('an interval that is none is refused', () => {
  assert.throws(() => check(0.2, 0.1), RangeError);
  assert.throws(() => check(-1, 0.1), RangeError);
  assert.throws(() => check(Number.NaN, 0.1), RangeError);
});
