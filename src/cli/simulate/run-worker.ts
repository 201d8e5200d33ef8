import { parentPort, workerData } from 'node:worker_threads';
import { AvailabilityRun } from '../../sim/availability-run.ts';
import type { LifeOver, LifePlan } from './run-pool.ts';

// The thread of lives.ts: lives the seed that it is given, tells how it went, and waits for the next.

const plan: LifePlan = workerData;

parentPort?.on('message', (seed: number) => {
  const result = new AvailabilityRun({ ...plan, seed, onNews: () => {} }).run();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
  parentPort?.postMessage({ seed, result } satisfies LifeOver);
});
