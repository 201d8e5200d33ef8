import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  FIRST_WINDOW,
  ConnectLimiter,
  type PendingConnect,
} from '../../../../src/drivers/traffic/proxy/connect-limiter.ts';
import { until } from '../rig.ts';

/** A limiter with a crowd before it, and those that it has let through, in order. */
function crowdBefore(count: number): {
  readonly limiter: ConnectLimiter;
  readonly crowd: readonly PendingConnect[];
  readonly opened: PendingConnect[];
} {
  const limiter = new ConnectLimiter();
  const opened: PendingConnect[] = [];
  const crowd = Array.from({ length: count }, (): PendingConnect => {
    const pending: PendingConnect = { open: () => opened.push(pending) };
    return pending;
  });
  for (const pending of crowd) limiter.enter(pending);
  return { limiter, crowd, opened };
}

suite('the limiter before a member', () => {
  test('of a crowd only some are opened at once, and all in the order in which they came', () => {
    const { limiter, crowd, opened } = crowdBefore(1000);
    assert.ok(opened.length < 20, `${opened.length} were opened at once`);
    for (let index = 0; index < crowd.length; index += 1) {
      const pending = opened[index];
      assert.ok(pending !== undefined, `number ${index} was never opened`);
      limiter.accepted(pending);
      limiter.answered(pending);
    }
    assert.deepEqual(opened, crowd);
  });

  test('more are opened as answers come, and half as many after one that is late', () => {
    const { limiter, opened } = crowdBefore(1000);
    const first = opened.length;
    for (let index = 0; index < 200; index += 1) limiter.answered(opened[index]!);
    const grown = opened.length - 200;
    assert.ok(grown > first, `${grown} at once`);
    limiter.late(opened[200]!);
    for (let index = 201; index < 201 + grown / 2 + 1; index += 1) limiter.leave(opened[index]!);
    assert.ok(opened.length <= 201 + grown + 1, 'nobody else while half of them are under way');
  });

  test('those that were accepted and take their time do not keep the others waiting', async () => {
    const { limiter, crowd, opened } = crowdBefore(40);
    let accepted = 0;
    await until(() => {
      for (const pending of opened.slice(accepted)) limiter.accepted(pending);
      accepted = opened.length;
      return accepted === crowd.length;
    }, 'all are opened without any answer');
  });

  test('one that comes when all before it were accepted, and none was answered, is opened in its turn', async () => {
    const { limiter, crowd, opened } = crowdBefore(FIRST_WINDOW);
    assert.deepEqual(opened, crowd);
    for (const pending of crowd) limiter.accepted(pending);
    const last: PendingConnect = { open: () => opened.push(last) };
    limiter.enter(last);
    assert.equal(opened.includes(last), false);
    await until(() => opened.includes(last), 'it is opened without any other event');
  });

  test('those that were not accepted do', () => {
    const { limiter, crowd, opened } = crowdBefore(40);
    const before = opened.length;
    limiter.leave(opened[0]!);
    assert.equal(opened.length, before + 1);
    assert.equal(limiter.hasAcceptedSince(0), false);
    limiter.accepted(opened[1]!);
    assert.equal(limiter.hasAcceptedSince(0), true);
    for (const pending of crowd) limiter.leave(pending);
  });

  test('one that left before its turn is not opened', () => {
    const { limiter, crowd, opened } = crowdBefore(40);
    const last = crowd.at(-1)!;
    limiter.leave(last);
    for (const pending of crowd) limiter.leave(pending);
    assert.equal(opened.includes(last), false);
  });
});
