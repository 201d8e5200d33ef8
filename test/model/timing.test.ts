import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  type FaultKind,
  type TakeoverPrediction,
  type TimingInput,
  predictLease,
  predictTakeovers,
} from '../../src/model/timing.ts';

const INPUT: TimingInput = {
  intervalMs: 20,
  timeoutMs: 100,
  maxSilenceMs: 100,
  falseSuspicionEveryMs: 3_600_000,
  exclusive: false,
  seesHangs: true,
  replays: true,
  standby: 'hot',
  startup: null,
  lease: { durationMs: 10_000, renewIntervalMs: 3_000, marginMs: 1_000 },
  degradedAction: 'report',
};

function predict(fault: FaultKind, changes: Partial<TimingInput> = {}): TakeoverPrediction {
  const found = predictTakeovers({ ...INPUT, ...changes }).find((row) => row.fault === fault);
  assert.ok(found);
  return found;
}

test('a crash costs a request that may be sent again the close notice and one redispatch', () => {
  const { request, takeover, note } = predict('crash');
  assert.deepEqual(request, { p50Ms: 5.4, p99Ms: 15.4 });
  assert.equal(note, 'none');
  assert.ok(takeover !== null && takeover.p99Ms < 50);
});

test('a hang is suspected by the bound less the phase, and confirmed by two probes', () => {
  const { request, takeover } = predict('hang');
  assert.ok(request !== null && takeover !== null);
  assert.ok(request.p50Ms >= 90 && request.p50Ms <= 110, `${request.p50Ms}`);
  assert.ok(takeover.p50Ms >= request.p50Ms + 2 * INPUT.timeoutMs - 10, `${takeover.p50Ms}`);
});

test('a probe that the kernel answers sees no hang', () => {
  const { request, takeover, note } = predict('hang', { seesHangs: false });
  assert.deepEqual([request, takeover, note], [null, null, 'unseen']);
  assert.ok(predict('crash', { seesHangs: false }).takeover !== null);
});

test('an exclusive service fences first, so that every request waits for the takeover', () => {
  const shared = predict('crash').takeover;
  const { request, takeover } = predict('crash', { exclusive: true });
  assert.ok(shared !== null && takeover !== null);
  assert.deepEqual(request, takeover);
  assert.ok(takeover.p50Ms > shared.p50Ms);
});

test('a cold standby has no figure until its start has been measured', () => {
  const unknown = predict('crash', { standby: 'cold' });
  assert.equal(unknown.takeover, null);
  assert.equal(unknown.note, 'coldStart');
  const measured = predict('crash', { standby: 'cold', startup: { p50Ms: 800, p99Ms: 1500 } });
  assert.ok(measured.takeover !== null && measured.takeover.p50Ms > 800);
});

test('a killed agent costs no request, but ends an exclusive service with its lease', () => {
  assert.deepEqual(predict('agentKilled').request, { p50Ms: 0, p99Ms: 0 });
  assert.equal(predict('agentKilled').note, 'agentAway');
  assert.equal(predict('agentKilled', { exclusive: true }).note, 'leaseEnds');
  assert.deepEqual(predictLease(INPUT), {
    holderStopsMs: 9_000,
    graceMinMs: 6_000,
    takeoverAfterMs: 10_000,
    driftShare: 0.1,
  });
});

test('a slow member is only reported unless a switchover is wanted', () => {
  assert.equal(predict('slow').note, 'reportOnly');
  assert.equal(predict('slow').takeover, null);
  const { takeover } = predict('slow', { degradedAction: 'switchover' });
  // Five windows of a tenth of a second.
  assert.ok(takeover !== null && takeover.p50Ms > 500 && takeover.p99Ms < 800);
  const exclusive = predict('slow', { degradedAction: 'switchover', exclusive: true });
  assert.deepEqual([exclusive.takeover, exclusive.note], [null, 'drains']);
});

const inputs = fc.record({
  intervalMs: fc.integer({ min: 10, max: 1000 }),
  timeoutMs: fc.integer({ min: 10, max: 5000 }),
  slackMs: fc.integer({ min: 0, max: 5000 }),
  exclusive: fc.boolean(),
  replays: fc.boolean(),
  standby: fc.constantFrom('hot' as const, 'warm' as const, 'frozen' as const),
});

test('no p99 is below its p50, and no request waits longer than the takeover in the median', () => {
  fc.assert(
    fc.property(inputs, ({ slackMs, ...changes }) => {
      const maxSilenceMs = Math.max(changes.timeoutMs, 3 * changes.intervalMs) + slackMs;
      for (const row of predictTakeovers({ ...INPUT, ...changes, maxSilenceMs })) {
        for (const spread of [row.request, row.takeover]) {
          if (spread !== null) assert.ok(spread.p99Ms >= spread.p50Ms && spread.p50Ms >= 0);
        }
        if (row.request !== null && row.takeover !== null) {
          assert.ok(row.request.p50Ms <= row.takeover.p50Ms);
        }
      }
    }),
  );
});

test('a longer bound never makes takeovers faster', () => {
  fc.assert(
    fc.property(inputs, ({ slackMs, ...changes }) => {
      const shorter = { ...INPUT, ...changes, maxSilenceMs: 3 * changes.intervalMs };
      const longer = { ...shorter, maxSilenceMs: shorter.maxSilenceMs + slackMs };
      for (const [index, row] of predictTakeovers(longer).entries()) {
        const before = predictTakeovers(shorter)[index]?.takeover;
        assert.ok((row.takeover?.p50Ms ?? 0) >= (before?.p50Ms ?? 0));
      }
    }),
  );
});
