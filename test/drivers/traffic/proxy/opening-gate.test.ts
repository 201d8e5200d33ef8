import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  FIRST_WINDOW,
  OpeningGate,
  type Opening,
} from '../../../../src/drivers/traffic/proxy/opening-gate.ts';
import { until } from '../rig.ts';

/** A gate with a crowd before it, and those that it has let through, in order. */
function crowdBefore(count: number): {
  readonly gate: OpeningGate;
  readonly crowd: readonly Opening[];
  readonly opened: Opening[];
} {
  const gate = new OpeningGate();
  const opened: Opening[] = [];
  const crowd = Array.from({ length: count }, (): Opening => {
    const opening: Opening = { open: () => opened.push(opening) };
    return opening;
  });
  for (const opening of crowd) gate.enter(opening);
  return { gate, crowd, opened };
}

suite('the gate before a member', () => {
  test('of a crowd only some are opened at once, and all in the order in which they came', () => {
    const { gate, crowd, opened } = crowdBefore(1000);
    assert.ok(opened.length < 20, `${opened.length} were opened at once`);
    for (let index = 0; index < crowd.length; index += 1) {
      const opening = opened[index];
      assert.ok(opening !== undefined, `number ${index} was never opened`);
      gate.accepted(opening);
      gate.answered(opening);
    }
    assert.deepEqual(opened, crowd);
  });

  test('more are opened as answers come, and half as many after one that is late', () => {
    const { gate, opened } = crowdBefore(1000);
    const first = opened.length;
    for (let index = 0; index < 200; index += 1) gate.answered(opened[index]!);
    const grown = opened.length - 200;
    assert.ok(grown > first, `${grown} at once`);
    gate.late(opened[200]!);
    for (let index = 201; index < 201 + grown / 2 + 1; index += 1) gate.leave(opened[index]!);
    assert.ok(opened.length <= 201 + grown + 1, 'nobody else while half of them are under way');
  });

  test('those that were accepted and take their time do not keep the others waiting', async () => {
    const { gate, crowd, opened } = crowdBefore(40);
    let accepted = 0;
    await until(() => {
      for (const opening of opened.slice(accepted)) gate.accepted(opening);
      accepted = opened.length;
      return accepted === crowd.length;
    }, 'all are opened without any answer');
  });

  test('one that comes when all before it were accepted, and none was answered, is opened in its turn', async () => {
    const { gate, crowd, opened } = crowdBefore(FIRST_WINDOW);
    assert.deepEqual(opened, crowd);
    for (const opening of crowd) gate.accepted(opening);
    const last: Opening = { open: () => opened.push(last) };
    gate.enter(last);
    assert.equal(opened.includes(last), false);
    await until(() => opened.includes(last), 'it is opened without any other event');
  });

  test('those that were not accepted do', () => {
    const { gate, crowd, opened } = crowdBefore(40);
    const before = opened.length;
    gate.leave(opened[0]!);
    assert.equal(opened.length, before + 1);
    assert.equal(gate.hasAcceptedSince(0), false);
    gate.accepted(opened[1]!);
    assert.equal(gate.hasAcceptedSince(0), true);
    for (const opening of crowd) gate.leave(opening);
  });

  test('one that left before its turn is not opened', () => {
    const { gate, crowd, opened } = crowdBefore(40);
    const last = crowd.at(-1)!;
    gate.leave(last);
    for (const opening of crowd) gate.leave(opening);
    assert.equal(opened.includes(last), false);
  });
});
