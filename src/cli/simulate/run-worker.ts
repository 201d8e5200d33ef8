import { parentPort, workerData } from 'node:worker_threads';
import { AvailabilityRun } from '../../sim/availability-run.ts';
import type { LifeOver, LifePlan } from './run-pool.ts';

// The worker thread of run-pool.ts: runs the given seed, posts the result, and waits for the next one.

const plan: LifePlan = workerData;

parentPort?.on('message', (seed: number) => {
  const result = new AvailabilityRun({ ...plan, seed, onNews: () => {} }).run();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
  parentPort?.postMessage({ seed, result } satisfies LifeOver);
});
