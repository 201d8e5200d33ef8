import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { test, type TestContext } from 'node:test';
import { LinuxReadings } from '../../src/agent/host-readings.ts';
import type { HostSample } from '../../src/core/event.ts';
import { HostSampler } from '../../src/runtime/host-sampler.ts';
import { mockTime } from '../runtime/mock-time.ts';
import { eventually } from '../eventually.ts';

// The agent's look at itself, with a clock that the test turns.

const INTERVAL_MS = 500;

type Rig = {
  readonly samples: { readonly sample: HostSample; readonly at: number }[];
  readonly sampler: HostSampler;
  at: number;
};

function rig(t: TestContext, onSample?: (sampler: HostSampler) => void): Rig {
  const samples: Rig['samples'] = [];
  const clock = { at: 1000 };
  const readings = new LinuxReadings(() => clock.at);
  const sampler = new HostSampler({
    time: mockTime(clock),
    readings,
    onSample: (sample, at) => {
      samples.push({ sample, at });
      onSample?.(sampler);
    },
  });
  t.after(() => {
    sampler.stop();
    readings.close();
    readings.close();
  });
  return Object.assign(clock, { samples, sampler });
}

/** The socket is bound, and what was sent to it is read, in later turns of the loop. */
async function letPoll(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('nothing is sampled before it is overdue, and then once', (t) => {
  const made = rig(t);
  for (const at of [1000, 1499, 1500, 1524]) {
    made.at = at;
    made.sampler.catchUp();
  }
  assert.equal(made.samples.length, 0);
  made.at = 1525;
  made.sampler.catchUp();
  made.sampler.catchUp();
  assert.deepEqual(
    made.samples.map(({ sample, at }) => [at, sample.lateMs]),
    [[1525, 25]],
  );
});

test('a pause of the agent shows as lateness, and the next sample counts from there', (t) => {
  const made = rig(t);
  made.at = 10_000;
  made.sampler.catchUp();
  made.at = 10_600;
  made.sampler.catchUp();
  assert.deepEqual(
    made.samples.map(({ sample }) => sample.lateMs),
    [10_000 - 1000 - INTERVAL_MS, 100],
  );
});

test('clocks that run together show no step and no suspend; one that jumps shows its step', (t) => {
  const wall = { ms: 1_700_000_000_000 };
  t.mock.method(Date, 'now', () => wall.ms);
  const made = rig(t);
  const advance = (wallMs: number): HostSample => {
    made.at += 600;
    wall.ms += wallMs;
    made.sampler.catchUp();
    const last = made.samples.at(-1)?.sample;
    assert.ok(last !== undefined);
    return last;
  };
  assert.equal(advance(600).wallStepMs, 0);
  assert.equal(advance(600 + 3_600_000).wallStepMs, 3_600_000);
  assert.equal(advance(600).wallStepMs, 0, 'a step is told once');
  assert.equal(advance(600 - 5000).wallStepMs, -5000);
});

test('nothing is negative that counts a time', (t) => {
  const made = rig(t);
  for (let count = 0; count < 5; count += 1) {
    made.at += 530;
    made.sampler.catchUp();
  }
  assert.equal(made.samples.length, 5);
  for (const { sample } of made.samples)
    for (const ms of [sample.lateMs, sample.runDelayMs, sample.throttledMs, sample.suspendedMs])
      assert.ok(Number.isFinite(ms) && ms >= 0, JSON.stringify(sample));
});

test('the echo over loopback is timed from its sending to its reading', async (t) => {
  const made = rig(t);
  await letPoll();
  made.at = 2000;
  made.sampler.catchUp();
  assert.equal(made.samples[0]?.sample.echoMs, null, 'none was sent before');
  made.at = 2007;
  await eventually('the echo has come back', async () => {
    await letPoll();
    made.at += 600;
    made.sampler.catchUp();
    return made.samples.some(({ sample }) => sample.echoMs !== null);
  });
  const echo = made.samples.find(({ sample }) => sample.echoMs !== null)?.sample.echoMs ?? -1;
  assert.ok(echo >= 0 && echo < 60_000, String(echo));
});

test('an echo that is missing counts with the time it has taken, and a lost one is sent anew', async (t) => {
  const made = rig(t);
  await letPoll();
  const send = t.mock.method(Socket.prototype, 'send', () => undefined);
  const sampleAfter = (ms: number): number | null => {
    made.at += ms;
    made.sampler.catchUp();
    return made.samples.at(-1)?.sample.echoMs ?? null;
  };
  assert.equal(sampleAfter(600), null);
  assert.deepEqual([sampleAfter(600), sampleAfter(600), sampleAfter(600)], [600, 1200, 1800]);
  assert.equal(send.mock.callCount(), 1, 'it is waited for');
  assert.equal(sampleAfter(600), 2400);
  assert.equal(send.mock.callCount(), 2, 'it is lost');
  assert.equal(sampleAfter(600), 600, 'and the new one counts by itself');
});

test('without an echo the other signs remain', async (t) => {
  const bind = t.mock.method(Socket.prototype, 'bind');
  const made = rig(t);
  await letPoll();
  const socket: unknown = bind.mock.calls[0]?.this;
  assert.ok(socket instanceof Socket);
  socket.emit('error', new Error('no loopback'));
  made.at += 600;
  made.sampler.catchUp();
  made.at += 600;
  made.sampler.catchUp();
  assert.deepEqual(
    made.samples.map(({ sample }) => sample.echoMs),
    [null, null],
  );
});

test('it samples by its own timer until it is stopped, even if a sample is what stops it', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const made = rig(t, (sampler) => {
    if (made.samples.length === 3) sampler.stop();
  });
  made.sampler.start();
  for (let count = 0; count < 10; count += 1) {
    made.at += INTERVAL_MS;
    t.mock.timers.tick(INTERVAL_MS);
  }
  assert.deepEqual(
    made.samples.map(({ at }) => at),
    [1500, 2000, 2500],
  );
});
