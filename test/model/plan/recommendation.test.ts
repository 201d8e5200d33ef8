import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { evaluator } from '../../../src/model/plan/evaluation.ts';
import { nextUnavailability } from '../../../src/model/plan/next-nine.ts';
import { longestRecoveryMs, missesOf } from '../../../src/model/plan/objectives.ts';
import type { PlanObjectives } from '../../../src/model/plan/question.ts';
import { planFor } from '../../../src/model/plan/recommendation.ts';
import { question } from './questions.ts';

const NOTHING: PlanObjectives = question().objectives;

test('what is recommended keeps every objective, or says which it misses', () => {
  const objectives = fc.record({
    unavailability: fc.option(fc.double({ min: 1e-9, max: 0.01, noNaN: true })),
    rtoMs: fc.option(fc.double({ min: 10, max: 60_000, noNaN: true })),
    rpoBytes: fc.option(fc.integer({ min: 0, max: 1000 })),
    perMonth: fc.option(fc.double({ min: 20, max: 150, noNaN: true })),
    power: fc.option(fc.double({ min: 0.5, max: 10, noNaN: true })),
  });
  fc.assert(
    fc.property(objectives, fc.integer({ min: 1, max: 2 }), (wanted, hosts) => {
      const asked = question({ objectives: wanted, limits: { hosts, zones: hosts, standbys: 1 } });
      const { chosen } = planFor(asked);
      const { evaluation, misses } = chosen;
      const missed = new Set(misses.map(({ objective }) => objective));
      const rounding = 1 + 1e-6;
      const isAbove = (got: number, limit: number | null): boolean =>
        limit !== null && got > limit * rounding;
      assert.equal(
        isAbove(evaluation.unavailability, wanted.unavailability),
        missed.has('availability'),
      );
      assert.equal(isAbove(evaluation.bill.perMonth, wanted.perMonth), missed.has('budget'));
      assert.equal(isAbove(evaluation.bill.watts, wanted.power), missed.has('power'));
      const longest = longestRecoveryMs(asked, evaluation) ?? Infinity;
      assert.equal(isAbove(longest, wanted.rtoMs), missed.has('rto'));
      assert.equal(misses.length === 0, chosen.achieving > 0);
    }),
    { numRuns: 40 },
  );
});

test('if a scheme keeps everything, no other that does is cheaper by more than a twentieth', () => {
  const asked = question({ objectives: { ...NOTHING, unavailability: 5e-4, perMonth: 50 } });
  const { chosen, evaluations } = planFor(asked);
  const others = evaluations.filter((each) => missesOf(asked, each).length === 0);
  const cheapest = Math.min(...others.map(({ bill }) => bill.perMonth));
  assert.ok(chosen.evaluation.bill.perMonth <= 1.05 * cheapest * (1 + 1e-9));
  assert.deepEqual(chosen.misses, []);
});

test('on the front nothing is beaten, and whatever is not on it is', () => {
  const { front, evaluations } = planFor(question());
  front.slice(1).forEach((each, index) => {
    const before = front[index];
    assert.ok(before !== undefined && each.bill.perMonth > before.bill.perMonth);
    assert.ok(each.unavailability < before.unavailability);
  });
  for (const each of evaluations) {
    assert.ok(
      front.some(
        (one) =>
          one.bill.perMonth <= each.bill.perMonth && one.unavailability <= each.unavailability,
      ),
    );
  }
});

test('a fast takeover is demanded by the RTO, and a cold standby then not taken', () => {
  const free = planFor(question({ objectives: { ...NOTHING, rtoMs: 60_000, perMonth: 30.8 } }));
  assert.equal(free.chosen.evaluation.design.standbys[0]?.temperature, 'cold');
  const bound = planFor(question({ objectives: { ...NOTHING, rtoMs: 1000 } }));
  assert.notEqual(bound.chosen.evaluation.design.standbys[0]?.temperature, 'cold');
  assert.deepEqual(bound.chosen.misses, []);
});

test('the loss of the only machine is told, though no objective could be held to it', () => {
  const { chosen } = planFor(question({ objectives: { ...NOTHING, rtoMs: 1000 } }));
  assert.deepEqual(chosen.neverBridged, ['host', 'zone', 'degraded']);
});

test('with a second machine allowed, one that does not bridge its loss misses the RTO', () => {
  const asked = question({
    objectives: { ...NOTHING, rtoMs: 20_000 },
    limits: { hosts: 2, zones: 1, standbys: 1 },
  });
  const { chosen, evaluations } = planFor(asked);
  assert.equal(chosen.evaluation.design.hosts, 2);
  const single = evaluations.find(({ design }) => design.hosts === 1);
  assert.ok(single !== undefined);
  assert.deepEqual(
    missesOf(asked, single).map(({ objective }) => objective),
    ['rto'],
  );
});

test('where nothing keeps everything, it says what would have to give, and what more places would do', () => {
  const asked = question({ objectives: { ...NOTHING, unavailability: 1e-4, perMonth: 40 } });
  const { chosen } = planFor(asked);
  assert.deepEqual(
    chosen.misses.map(({ objective }) => objective),
    ['availability'],
  );
  assert.deepEqual(
    chosen.concessions.map(({ objective }) => objective),
    ['availability'],
  );
  assert.ok((chosen.elsewhere?.evaluation.design.hosts ?? 1) > 1);
  assert.deepEqual(
    chosen.elsewhere?.misses.map(({ objective }) => objective),
    ['budget'],
  );
});

test('an asynchronous copy is not taken where no data may be lost', () => {
  const plain = question({ objectives: { ...NOTHING, rpoBytes: 0 } });
  const asked = {
    ...plain,
    service: { ...plain.service, state: 'replicated' as const, lagBytes: 1000 },
  };
  const { chosen } = planFor(asked);
  assert.equal(chosen.evaluation.design.replication, 'sync');
  assert.equal(chosen.evaluation.lossBytes, 0);
});

test('the next nine is the next power of ten', () => {
  assert.equal(nextUnavailability(5e-4), 1e-4);
  assert.equal(nextUnavailability(1e-4), 1e-5);
  assert.equal(nextUnavailability(2.3e-10), 1e-10);
  assert.equal(nextUnavailability(0.2), 0.1);
  assert.equal(nextUnavailability(0), 0);
});

test('a lever is just enough for the next nine', () => {
  const asked = question({ limits: { hosts: 2, zones: 2, standbys: 2 } });
  const wanted = { ...asked, objectives: { ...NOTHING, unavailability: 1e-4 } };
  const { nextNine, chosen } = planFor(wanted);
  const lever = nextNine.levers.find(({ figure }) => figure === 'degraded.repair');
  assert.ok(lever !== undefined);
  const at = (repairMs: number): number =>
    evaluator({
      ...wanted,
      rates: { ...wanted.rates, degraded: { ...wanted.rates.degraded, repairMs } },
    })(chosen.evaluation.design).unavailability;
  assert.ok(at(lever.value) <= nextNine.unavailability);
  assert.ok(at(lever.value * 1.01) > nextNine.unavailability);
});

test('more places than were allowed are offered for the next nine', () => {
  const { nextNine } = planFor(question());
  assert.equal(nextNine.isBeyondLimits, true);
  assert.ok((nextNine.design?.unavailability ?? 1) <= nextNine.unavailability);
});
