import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decideRegister } from '../../src/sim/checkers/linearizability.ts';
import type { Operation } from '../../src/sim/history.ts';

function operation(
  type: 'read' | 'write',
  value: number,
  calledAt: number,
  endedAt: number,
  outcome: Operation['outcome'] = 'ok',
): Operation {
  return { client: 0, service: 'shop', type, value, calledAt, endedAt, outcome };
}

test('operations one after the other must be seen in that order', () => {
  const first = [operation('write', 1, 0, 1), operation('write', 2, 2, 3)];
  assert.equal(decideRegister([...first, operation('read', 2, 4, 5)]), 'linearizable');
  assert.equal(decideRegister([...first, operation('read', 1, 4, 5)]), 'not linearizable');
  assert.equal(decideRegister([...first, operation('read', 0, 4, 5)]), 'not linearizable');
});

test('of operations that overlap either may be first, but readers must agree', () => {
  const both = [operation('write', 1, 0, 10), operation('write', 2, 0, 10)];
  const reads = (...values: number[]): Operation[] =>
    values.map((value, index) => operation('read', value, 11 + 2 * index, 12 + 2 * index));
  assert.equal(decideRegister([...both, ...reads(1, 1)]), 'linearizable');
  assert.equal(decideRegister([...both, ...reads(2)]), 'linearizable');
  assert.equal(decideRegister([...both, ...reads(1, 2)]), 'not linearizable');
});

test('a write of unknown outcome may happen late, or never, but not twice', () => {
  const late = operation('write', 1, 0, 1, 'unknown');
  const next = operation('write', 2, 2, 3);
  assert.equal(decideRegister([late, next, operation('read', 2, 4, 5)]), 'linearizable');
  assert.equal(decideRegister([late, next, operation('read', 1, 4, 5)]), 'linearizable');
  const back = [operation('read', 1, 4, 5), operation('read', 2, 6, 7), operation('read', 1, 8, 9)];
  assert.equal(decideRegister([late, next, ...back]), 'not linearizable');
});

test('a write that failed must not be seen', () => {
  const failed = operation('write', 1, 0, 1, 'fail');
  assert.equal(decideRegister([failed, operation('read', 1, 2, 3)]), 'not linearizable');
  assert.equal(decideRegister([failed, operation('read', 0, 2, 3)]), 'linearizable');
});

/** By its definition: some order, true to time, in which every read finds the newest write. */
function decideByAllOrders(operations: readonly Operation[], value = 0): boolean {
  if (operations.length === 0) return true;
  return operations.some((next) => {
    if (operations.some((other) => (other.endedAt ?? 0) < next.calledAt)) return false;
    if (next.type === 'read' && next.value !== value) return false;
    const rest = operations.filter((other) => other !== next);
    return decideByAllOrders(rest, next.type === 'write' ? next.value : value);
  });
}

test('the search agrees with trying all orders', () => {
  const history = fc
    .array(fc.record({ read: fc.boolean(), from: fc.nat(12), ms: fc.nat(6), sees: fc.nat(5) }), {
      maxLength: 6,
    })
    .map((items) =>
      items.map(({ read, from, ms, sees }, index) =>
        operation(read ? 'read' : 'write', read ? sees : index + 1, from, from + ms),
      ),
    );
  fc.assert(
    fc.property(history, (operations) => {
      const expected = decideByAllOrders(operations) ? 'linearizable' : 'not linearizable';
      assert.equal(decideRegister(operations), expected);
    }),
    { numRuns: 2000 },
  );
});
