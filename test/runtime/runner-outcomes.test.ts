import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { carryOutBy } from '../../src/agent/carry-out.ts';
import type { Effect } from '../../src/core/effect.ts';
import { EffectRunner, type Ended } from '../../src/runtime/runner.ts';
import { mockTime } from './mock-time.ts';
import type { EffectResult } from '../../src/core/event.ts';
import { DriverError } from '../../src/drivers/driver-error.ts';

// Whatever drivers do, an effect never just vanishes: it comes back as exactly one outcome.

type Answer =
  | { readonly kind: 'succeed' | 'fail'; readonly afterMs: number }
  /** Neither answers nor heeds the signal. */
  | { readonly kind: 'hang' };

const DONE: EffectResult = { type: 'done' };

function effect(id: number, after: readonly number[] = [], withinMs = 1000): Effect {
  const depth = after.length === 0 ? 1 : id;
  return {
    type: 'fenceMember',
    member: 'a',
    service: 'shop',
    id,
    after,
    issuedAt: 0,
    withinMs,
    deadline: withinMs * depth,
  };
}

class Rig {
  at = 0;
  readonly outcomes: Ended[] = [];
  readonly begun: number[] = [];
  readonly signals = new Map<number, AbortSignal>();
  readonly runner: EffectRunner;

  constructor(answers: ReadonlyMap<number, Answer>) {
    this.runner = new EffectRunner({
      time: mockTime(this),
      onEnded: (outcome) => this.outcomes.push(outcome),
      carryOut: carryOutBy(async ({ id }, signal) => {
        this.begun.push(id);
        this.signals.set(id, signal);
        return await carryOut(answers.get(id) ?? { kind: 'succeed', afterMs: 0 });
      }),
    });
  }

  async run(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 50) {
      await turn();
      this.at += 50;
      mock.timers.tick(50);
    }
    await turn();
  }

  typeOf(id: number): string | undefined {
    return this.outcomes.find((outcome) => outcome.id === id)?.type;
  }
}

async function carryOut(answer: Answer): Promise<EffectResult> {
  if (answer.kind === 'hang') return await new Promise(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, answer.afterMs));
  if (answer.kind === 'fail') throw new DriverError('startFailed', 'it would not');
  return DONE;
}

async function withRig(
  answers: readonly (readonly [number, Answer])[],
  body: (rig: Rig) => Promise<void>,
): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    await body(new Rig(new Map(answers)));
  } finally {
    mock.timers.reset();
  }
}

test('success and failure come back with what the driver said', async () => {
  await withRig([[2, { kind: 'fail', afterMs: 100 }]], async (rig) => {
    rig.runner.take(effect(1));
    rig.runner.take(effect(2));
    await rig.run(200);
    assert.deepEqual(rig.outcomes, [
      { type: 'effectSucceeded', id: 1, result: DONE },
      { type: 'effectFailed', id: 2, fault: 'startFailed', detail: 'it would not' },
    ]);
  });
});

test('what a driver throws that is no DriverError comes back as driverFailed', async () => {
  const outcomes: Ended[] = [];
  const runner = new EffectRunner({
    time: mockTime({ at: 0 }),
    onEnded: (outcome) => outcomes.push(outcome),
    carryOut: carryOutBy(async () => await Promise.reject(new TypeError('a slip'))),
  });
  runner.take(effect(1));
  await turn();
  assert.deepEqual(outcomes, [
    { type: 'effectFailed', id: 1, fault: 'driverFailed', detail: 'a slip' },
  ]);
});

test('a driver that hangs is told so at the deadline, and what it still answers is dropped', async () => {
  await withRig([[1, { kind: 'succeed', afterMs: 2000 }]], async (rig) => {
    rig.runner.take(effect(1));
    await rig.run(900);
    assert.deepEqual([rig.outcomes, rig.signals.get(1)?.aborted], [[], false]);
    await rig.run(3000);
    assert.deepEqual(rig.outcomes, [{ type: 'effectTimedOut', id: 1 }]);
    assert.equal(rig.signals.get(1)?.aborted, true);
  });
});

test('nothing begins before all that it waits for has succeeded', async () => {
  await withRig([[1, { kind: 'succeed', afterMs: 100 }]], async (rig) => {
    rig.runner.take(effect(1));
    rig.runner.take(effect(2));
    rig.runner.take(effect(3, [1, 2]));
    await rig.run(50);
    assert.deepEqual(rig.begun, [1, 2]);
    await rig.run(200);
    assert.deepEqual(rig.begun, [1, 2, 3]);
    rig.runner.take(effect(4, [3]));
    assert.deepEqual(rig.begun, [1, 2, 3, 4], 'what has succeeded already need not be waited for');
  });
});

test('what waits for something that fails, times out or is cancelled fails without having begun', async () => {
  const answers: readonly (readonly [number, Answer])[] = [
    [1, { kind: 'fail', afterMs: 100 }],
    [2, { kind: 'hang' }],
  ];
  await withRig(answers, async (rig) => {
    rig.runner.take(effect(1));
    rig.runner.take(effect(2));
    for (const [id, after] of [
      [3, 1],
      [4, 2],
      [5, 4],
    ] as const)
      rig.runner.take(effect(id, [after]));
    await rig.run(2000);
    assert.deepEqual(rig.begun, [1, 2]);
    for (const id of [3, 4, 5]) {
      const outcome = rig.outcomes.find((one) => one.id === id);
      assert.equal(outcome?.type === 'effectFailed' && outcome.fault, 'dependencyFailed');
    }
    assert.equal(rig.outcomes.length, 5);
  });
});

test('cancelling takes back what has not begun and lets go on what has', async () => {
  await withRig([[1, { kind: 'succeed', afterMs: 100 }]], async (rig) => {
    rig.runner.take(effect(1));
    rig.runner.take(effect(2, [1]));
    rig.runner.take(effect(3, [2]));
    rig.runner.cancel([1, 2, 99]);
    await rig.run(200);
    assert.deepEqual(rig.begun, [1]);
    assert.deepEqual(
      rig.outcomes.map((outcome) => [
        outcome.id,
        outcome.type === 'effectFailed' ? outcome.fault : outcome.type,
      ]),
      [
        [2, 'cancelled'],
        [3, 'dependencyFailed'],
        [1, 'effectSucceeded'],
      ],
    );
  });
});

test('a closed runner aborts what runs, takes nothing more and reports nothing', async () => {
  await withRig([[1, { kind: 'fail', afterMs: 100 }]], async (rig) => {
    rig.runner.take(effect(1));
    rig.runner.take(effect(2, [1]));
    rig.runner.close();
    rig.runner.take(effect(3));
    assert.equal(rig.signals.get(1)?.aborted, true);
    await rig.run(3000);
    assert.deepEqual([rig.begun, rig.outcomes], [[1], []]);
  });
});

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('succeed', 'succeed', 'fail'),
    afterMs: fc.integer({ min: 0, max: 1500 }),
  }),
  fc.constant({ kind: 'hang' } as const),
);

const plan = fc.array(
  fc.record({ answer, after: fc.array(fc.nat(20), { maxLength: 3 }), cancelled: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
);

test('for any plan, any drivers and any cancelling, each effect has one outcome, in the order of its waits', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      const answers = steps.map((step, index) => [index + 1, step.answer] as const);
      await withRig(answers, async (rig) => {
        // Only earlier ones can be waited for, as their ids are known by then.
        const effects = steps.map(({ after }, index) =>
          effect(index + 1, index === 0 ? [] : [...new Set(after.map((one) => (one % index) + 1))]),
        );
        for (const one of effects) rig.runner.take(one);
        await rig.run(100);
        rig.runner.cancel(
          effects.filter((_, index) => steps[index]?.cancelled).map(({ id }) => id),
        );
        await rig.run(1000 * (steps.length + 1));
        const ids = rig.outcomes.map(({ id }) => id).toSorted((one, other) => one - other);
        assert.deepEqual(
          ids,
          effects.map(({ id }) => id),
        );
        for (const { id, after } of effects) {
          const succeeded = after.every((one) => rig.typeOf(one) === 'effectSucceeded');
          if (rig.begun.includes(id)) assert.ok(succeeded, `${id} began`);
        }
      });
    }),
    { numRuns: 60 },
  );
});
