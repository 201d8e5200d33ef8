import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../../../src/clock.ts';
import { createKillFence } from '../../../src/drivers/fence/kill.ts';
import { processStillRuns } from '../../../src/drivers/os/proc.ts';
import { isFault } from '../member/conformance.ts';
import { makeBench } from '../member/support.ts';
import { within } from '../../eventually.ts';
import { until } from '../traffic/rig.ts';
import { fenceConformance, type FenceSubject } from './conformance.ts';

function makeSubject(): FenceSubject {
  const bench = makeBench(['/bin/sleep', '600']);
  let started = { pid: 0, startTicks: 0 };
  const runs = (): boolean => processStillRuns(started.pid, started.startTicks);
  const fence = createKillFence(bench.driver);
  return {
    fence,
    helpless: fence,
    start: async () => {
      started = await bench.driver.start({ capacity: 'full', signal: within() });
    },
    serves: async () => runs(),
    hold: async () => ({ stands: runs, end: () => until(() => !runs(), 'the end of it') }),
    now: monotonicMs,
    pass: (instant) => until(() => monotonicMs() > instant, 'the time has passed'),
    settle: (promise) => promise,
    dispose: () => bench.dispose(),
  };
}

fenceConformance('SIGKILL', makeSubject, { extendable: false });

test('a kill that was called off says that the member may still run', async () => {
  const bench = makeBench(['/bin/sleep', '600']);
  await bench.driver.start({ capacity: 'full', signal: within() });
  const fenced = createKillFence(bench.driver).fence({ signal: AbortSignal.abort() });
  await assert.rejects(fenced, (error) => isFault(error, 'stillRunning'));
  await bench.dispose();
});
