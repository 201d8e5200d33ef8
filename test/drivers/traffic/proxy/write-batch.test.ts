import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  WriteBatch,
  MAX_TOGETHER,
  type Writer,
} from '../../../../src/drivers/traffic/proxy/write-batch.ts';

function recorder(): { readonly left: string[]; named: (name: string) => Writer } {
  const left: string[] = [];
  return { left, named: (name) => ({ writeNow: () => void left.push(name) }) };
}

test('all leave at the end of the turn, in the order in which they came', async () => {
  const { left, named } = recorder();
  const writeBatch = new WriteBatch();
  writeBatch.add(named('a'));
  writeBatch.add(named('b'));
  assert.deepEqual(left, []);
  await nextTurn();
  assert.deepEqual(left, ['a', 'b']);
  writeBatch.add(named('c'));
  await nextTurn();
  assert.deepEqual(left, ['a', 'b', 'c']);
});

test('a full batch does not wait for the end of the turn', async () => {
  const { left, named } = recorder();
  const writeBatch = new WriteBatch();
  for (let i = 0; i < MAX_TOGETHER + 1; i += 1) writeBatch.add(named(String(i)));
  assert.equal(left.length, MAX_TOGETHER);
  await nextTurn();
  assert.equal(left.length, MAX_TOGETHER + 1);
});

test('whoever comes while others leave has a turn of their own, and everybody leaves once', async () => {
  const { left, named } = recorder();
  const writeBatch = new WriteBatch();
  writeBatch.add({
    writeNow: () => {
      left.push('first');
      writeBatch.add(named('later'));
    },
  });
  writeBatch.add(named('second'));
  await nextTurn();
  assert.deepEqual(left.slice(0, 2), ['first', 'second']);
  await nextTurn();
  assert.deepEqual(left, ['first', 'second', 'later']);
});
