import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import type { Meter } from '../runtime/loop.ts';

// Percentiles of a time over the last one to two minutes: two histograms, of which the older is read and
// both are written, so that old values fall out without each one being kept.

const WINDOW = 4096;
const MICRO = 1000;

class LatencyHistogram {
  #current: RecordableHistogram = createHistogram();
  #previous: RecordableHistogram = createHistogram();

  add(ms: number): void {
    this.#current.record(Math.max(1, Math.round(ms * MICRO)));
    if (this.#current.count < WINDOW) return;
    this.#previous = this.#current;
    this.#current = createHistogram();
  }

  /** The 99th percentile of the last values, in milliseconds; 0 without any. */
  p99(): number {
    const source = this.#current.count > this.#previous.count ? this.#current : this.#previous;
    return source.count === 0 ? 0 : source.percentile(99) / MICRO;
  }
}

/** The agent's own speed, as its status shows it. */
export class LoopMeter implements Meter {
  readonly decisionMs = new LatencyHistogram();
  readonly lagMs = new LatencyHistogram();
  #beganAt = 0;

  stepBegan(): void {
    this.#beganAt = performance.now();
  }

  decided(): void {
    this.decisionMs.add(performance.now() - this.#beganAt);
  }

  timerFired(lateMs: number): void {
    this.lagMs.add(lateMs);
  }
}
