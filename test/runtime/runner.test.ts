import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Effect } from '../../src/core/effect.ts';
import { EffectRunner, type Ended } from '../../src/runtime/runner.ts';
import { mockTime } from './mock-time.ts';

const START = { service: 'shop', after: [], issuedAt: 0 };

function rig(t: TestContext, takesMs: Readonly<Record<string, number>>) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const clock = { at: 0 };
  const outcomes: (Ended & { readonly at: number })[] = [];
  const runner = new EffectRunner({
    time: mockTime(clock),
    onEnded: (outcome) => outcomes.push({ ...outcome, at: clock.at }),
    carryOut: (effect, end) => {
      const timer = setTimeout(
        () => end({ ok: true, result: { type: 'done' } }),
        takesMs[effect.type],
      );
      return () => clearTimeout(timer);
    },
  });
  const run = async (ms: number): Promise<void> => {
    for (let step = 0; step < ms; step += 10) {
      clock.at += 10;
      t.mock.timers.tick(10);
      // What a promise tells is heard before the next tick.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { runner, outcomes, run };
}

const begin: Effect = {
  ...START,
  id: 1,
  type: 'startMember',
  member: 'a',
  capacity: 'full',
  withinMs: 10_000,
  deadline: 10_000,
};
const ready: Effect = {
  ...START,
  id: 2,
  type: 'awaitReady',
  member: 'a',
  after: [1],
  withinMs: 1000,
  deadline: 11_000,
};

test('an effect’s own patience counts from when it begins, not from the last moment at which it might', async (t) => {
  const { runner, outcomes, run } = rig(t, { startMember: 50, awaitReady: 60_000 });
  runner.take(begin);
  runner.take(ready);
  await run(2000);
  assert.deepEqual(
    outcomes.map(({ type, id, at }) => ({ type, id, at })),
    [
      { type: 'effectSucceeded', id: 1, at: 50 },
      { type: 'effectTimedOut', id: 2, at: 1050 },
    ],
  );
});

test('an effect that never begins ends at its deadline', async (t) => {
  const { runner, outcomes, run } = rig(t, { startMember: 60_000 });
  runner.take({ ...ready, after: [7] });
  await run(12_000);
  assert.deepEqual(
    outcomes.map(({ type, id, at }) => ({ type, id, at })),
    [{ type: 'effectTimedOut', id: 2, at: 11_000 }],
  );
});
