import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { ServiceRecord } from '../../../../src/drivers/traffic/proxy/record.ts';

const NO_WAIT = { waiting: 0, oldestWaitMs: 0 };

suite('the record of a member', () => {
  test('has nothing to tell without requests', () => {
    assert.equal(new ServiceRecord(0).sample('a', 100, NO_WAIT), null);
  });

  test('tells of what waits even if nothing was answered', () => {
    const sample = new ServiceRecord(0).sample('a', 100, { waiting: 2, oldestWaitMs: 70 });
    const expected = {
      member: 'a',
      windowMs: 100,
      requests: 0,
      errors: 0,
      p95Ms: null,
      waiting: 2,
      oldestWaitMs: 70,
    };
    assert.deepEqual(sample, expected);
  });

  test('counts server errors and missing answers as errors, in their window only', () => {
    const record = new ServiceRecord(0);
    record.answered(1, 200);
    record.answered(1, 404);
    record.answered(1, 503);
    record.unanswered();
    const sample = record.sample('a', 100, NO_WAIT);
    assert.deepEqual([sample?.requests, sample?.errors], [4, 2]);
    assert.equal(record.sample('a', 200, NO_WAIT), null);
  });

  test("the percentile is the nearest rank of the window's latest latencies", () => {
    const latencies = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), {
      minLength: 1,
      maxLength: 1200,
    });
    fc.assert(
      fc.property(latencies, latencies, (before, during) => {
        const record = new ServiceRecord(0);
        for (const latencyMs of before) record.answered(latencyMs, 200);
        record.sample('a', 100, NO_WAIT);
        for (const latencyMs of during) record.answered(latencyMs, 200);
        const kept = during.slice(-512).toSorted((a, b) => a - b);
        const sample = record.sample('a', 200, NO_WAIT);
        assert.equal(sample?.p95Ms, kept[Math.ceil(0.95 * kept.length) - 1]);
      }),
      { numRuns: 200 },
    );
  });

  test('what is unusual follows the latencies, with a floor', () => {
    const record = new ServiceRecord(0);
    assert.equal(record.unusualMs, 100);
    for (let count = 0; count < 50; count += 1) record.answered(1, 200);
    record.sample('a', 100, NO_WAIT);
    assert.equal(record.unusualMs, 20);
    for (let count = 0; count < 50; count += 1) record.answered(50, 200);
    record.sample('a', 200, NO_WAIT);
    assert.equal(record.unusualMs, 200);
  });
});
