import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { monotonicMs } from '../../clock.ts';
import type { ResolvedService } from '../../config/resolved.ts';
import { seesHangs } from '../../drivers/probe/spec.ts';
import type { FaultRates } from '../../model/fault-rates.ts';
import type { AvailabilityRunOptions, AvailabilityRunResult } from '../../sim/availability-run.ts';

// Simulation runs of one service, in parallel on all cores. A run depends only on its options and its seed, not on its
// thread or its time.

/** The common options of all runs: plain data. */
export type LifePlan = Omit<AvailabilityRunOptions, 'seed' | 'onNews'>;

/** Message of a thread: a run has ended. */
export type LifeOver = { readonly seed: number; readonly result: AvailabilityRunResult };

export function planLife(
  { core, traffic, probe }: ResolvedService,
  { rates, years }: { readonly rates: FaultRates; readonly years: number },
): LifePlan {
  const { holdMs, holdRequests, answerMs } = traffic.waiting;
  return {
    service: core,
    hold: { holdMs, holdRequests, answerMs },
    probesSeeHangs: seesHangs(probe),
    rates,
    years,
    skips: true,
  };
}

export type Running = {
  readonly onLife?: () => void;
  /** Begin no further run after this time, except the two that an estimate needs, ms. Default: no limit. */
  readonly withinMs?: number;
};

/** The results of these seeds, in their order. Rejects with the error of a failed thread. */
export async function runLives(
  plan: LifePlan,
  seeds: readonly number[],
  { onLife = () => {}, withinMs = Infinity }: Running = {},
): Promise<readonly AvailabilityRunResult[]> {
  const beganAt = monotonicMs();
  const results = new Map<number, AvailabilityRunResult>();
  const left = [...seeds];
  const threads = Math.min(availableParallelism(), seeds.length);
  await Promise.all(
    Array.from(
      { length: threads },
      async () =>
        await runThread(plan, left, ({ seed, result }) => {
          results.set(seed, result);
          if (monotonicMs() - beganAt > withinMs && results.size > 1) left.length = 0;
          onLife();
        }),
    ),
  );
  return seeds.flatMap((seed) => results.get(seed) ?? []);
}

/** Gives a thread the next seed after each run. */
async function runThread(
  plan: LifePlan,
  left: number[],
  onOver: (over: LifeOver) => void,
): Promise<void> {
  const own = fileURLToPath(import.meta.url);
  const entry = new URL(`./run-worker${extname(own)}`, import.meta.url);
  const thread = new Worker(entry, { workerData: plan });
  try {
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        const seed = left.shift();
        if (seed === undefined) resolve();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, not of a window
        else thread.postMessage(seed);
      };
      thread.on('message', (over: LifeOver) => {
        onOver(over);
        next();
      });
      thread.on('error', reject);
      next();
    });
  } finally {
    await thread.terminate();
  }
}
