import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TrafficSample } from '../../../../src/drivers/traffic/contract.ts';
import { SampleMerge } from '../../../../src/drivers/traffic/proxy/sample-merge.ts';

function sample(more: Partial<TrafficSample> = {}): TrafficSample {
  return {
    member: 'a',
    windowMs: 100,
    requests: 10,
    errors: 0,
    p95Ms: 5,
    waiting: 0,
    oldestWaitMs: 0,
    ...more,
  };
}

suite('samples of several processes', () => {
  test('of a lone process pass as they are', () => {
    const merge = new SampleMerge();
    for (let at = 0; at < 500; at += 100) {
      const one = sample({ requests: at + 1, waiting: 1, oldestWaitMs: at });
      assert.deepEqual(merge.take(0, one, at), one);
    }
  });

  test('become one window each time, with the requests and the waiting ones of all', () => {
    const merge = new SampleMerge();
    merge.take(0, sample(), 0);
    const second = sample({ requests: 30, errors: 2, p95Ms: 9, waiting: 3, oldestWaitMs: 700 });
    assert.equal(merge.take(1, second, 40), null, 'it waits for the rhythm of the first');
    assert.deepEqual(
      merge.take(0, sample(), 100),
      sample({ requests: 40, errors: 2, p95Ms: 8, waiting: 3, oldestWaitMs: 700 }),
    );
    assert.deepEqual(
      merge.take(0, sample(), 180),
      sample({ waiting: 3, oldestWaitMs: 700 }),
      'requests are told once',
    );
  });

  test('of a process beside one that has become quiet pass at once', () => {
    const merge = new SampleMerge();
    merge.take(0, sample(), 0);
    assert.equal(merge.take(1, sample(), 100), null);
    assert.equal(merge.take(1, sample(), 200)?.requests, 20, 'nothing is lost');
    assert.equal(merge.take(1, sample(), 300)?.requests, 10);
  });

  test('of a process that ended count no longer', () => {
    const merge = new SampleMerge();
    merge.take(0, sample(), 0);
    merge.take(1, sample({ waiting: 5, oldestWaitMs: 900 }), 10);
    merge.forget(1);
    assert.deepEqual(merge.take(0, sample(), 20), sample());
  });

  test('of two members are kept apart', () => {
    const merge = new SampleMerge();
    merge.take(0, sample(), 0);
    assert.deepEqual(merge.take(1, sample({ member: 'b' }), 10), sample({ member: 'b' }));
  });
});
