import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { HoldQueue, type Waiter } from '../../../../src/drivers/traffic/proxy/hold-queue.ts';
import { LIMITS } from '../rig.ts';

function waiter(heldBytes: number, heldSinceMs = 0): Waiter & { readonly fate: string[] } {
  const fate: string[] = [];
  return {
    heldBytes,
    heldSinceMs,
    fate,
    release: () => fate.push('released'),
    refuse: () => fate.push('refused'),
  };
}

suite('the hold queue', () => {
  test('is bounded in number and in bytes, and gets room back', () => {
    const queue = new HoldQueue({ ...LIMITS, holdRequests: 2, holdBytes: 100 });
    const [first, second] = [waiter(60), waiter(40)];
    assert.ok(queue.admit(first));
    assert.ok(!queue.admit(waiter(41)));
    assert.ok(queue.admit(second));
    assert.ok(!queue.admit(waiter(0)));
    assert.ok(!queue.grow(1));
    assert.ok(queue.remove(second));
    assert.ok(!queue.remove(second));
    assert.ok(queue.admit(waiter(39)));
  });

  test('releases each once, and keeps those that come back for the next time', () => {
    const queue = new HoldQueue(LIMITS);
    const plain = waiter(1);
    const returning = waiter(1);
    const again: Waiter = {
      ...returning,
      release: () => {
        returning.fate.push('released');
        queue.admit(again);
      },
    };
    queue.admit(plain);
    queue.admit(again);
    queue.releaseAll();
    assert.deepEqual([plain.fate, returning.fate, queue.size], [['released'], ['released'], 1]);
  });

  test('refuses those that waited too long and no others', () => {
    const queue = new HoldQueue({ ...LIMITS, holdMs: 100 });
    const [old, young] = [waiter(1, 0), waiter(1, 50)];
    queue.admit(old);
    queue.admit(young);
    queue.refuseOverdue(120);
    assert.deepEqual([old.fate, young.fate, queue.size], [['refused'], [], 1]);
    queue.refuseAll();
    assert.deepEqual(young.fate, ['refused']);
  });
});
