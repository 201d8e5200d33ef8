import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Departures,
  MAX_TOGETHER,
  type Departing,
} from '../../../../src/drivers/traffic/proxy/departures.ts';

function recorder(): { readonly left: string[]; named: (name: string) => Departing } {
  const left: string[] = [];
  return { left, named: (name) => ({ depart: () => void left.push(name) }) };
}

test('all leave at the end of the turn, in the order in which they came', async () => {
  const { left, named } = recorder();
  const departures = new Departures();
  departures.add(named('a'));
  departures.add(named('b'));
  assert.deepEqual(left, []);
  await nextTurn();
  assert.deepEqual(left, ['a', 'b']);
  departures.add(named('c'));
  await nextTurn();
  assert.deepEqual(left, ['a', 'b', 'c']);
});

test('a full batch does not wait for the end of the turn', async () => {
  const { left, named } = recorder();
  const departures = new Departures();
  for (let i = 0; i < MAX_TOGETHER + 1; i += 1) departures.add(named(String(i)));
  assert.equal(left.length, MAX_TOGETHER);
  await nextTurn();
  assert.equal(left.length, MAX_TOGETHER + 1);
});

test('whoever comes while others leave has a turn of their own, and everybody leaves once', async () => {
  const { left, named } = recorder();
  const departures = new Departures();
  departures.add({
    depart: () => {
      left.push('first');
      departures.add(named('later'));
    },
  });
  departures.add(named('second'));
  await nextTurn();
  assert.deepEqual(left.slice(0, 2), ['first', 'second']);
  await nextTurn();
  assert.deepEqual(left, ['first', 'second', 'later']);
});
