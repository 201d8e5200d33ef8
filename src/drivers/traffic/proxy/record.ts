import { assert } from '../../../core/assert.ts';
import { percentile } from '../../../core/percentile.ts';
import type { TrafficSample } from '../contract.ts';

// What one member's real requests tell about it. Two views of the same latencies: the window since the last
// sample, for the agent; and the most recent ones of any age, for the bound beyond which a request to a
// suspect is hedged. Both keep a fixed number, the window by overwriting its oldest: at high rates the
// percentile is that of the window's end.

const KEPT = 512;
/** With fewer latencies than this the percentile says little. */
const ENOUGH = 20;
const UNKNOWN_BOUND_MS = 100;
const LEAST_BOUND_MS = 20;
const TIMES_P99 = 4;

export class ServiceRecord {
  readonly #latenciesMs = new Float64Array(KEPT);
  #seen = 0;
  #boundMs = UNKNOWN_BOUND_MS;
  #windowSince: number;
  #requests = 0;
  #errors = 0;
  #answers = 0;

  constructor(nowMs: number) {
    this.#windowSince = nowMs;
  }

  /** Starts a new window, after a time without anything to report. */
  begin(nowMs: number): void {
    this.#windowSince = nowMs;
  }

  /** Time from sending to the answer's head. */
  answered(latencyMs: number, status: number): void {
    this.#requests += 1;
    this.#answers += 1;
    if (status >= 500) this.#errors += 1;
    this.#latenciesMs[this.#seen % KEPT] = latencyMs;
    this.#seen += 1;
  }

  unanswered(): void {
    this.#requests += 1;
    this.#errors += 1;
  }

  /** How long a request may wait for its answer before that is unusual for this member. */
  get unusualMs(): number {
    return this.#boundMs;
  }

  /** Ends the window. null: there is nothing to tell. */
  sample(
    member: string,
    nowMs: number,
    wait: { readonly waiting: number; readonly oldestWaitMs: number },
  ): TrafficSample | null {
    const windowMs = nowMs - this.#windowSince;
    const requests = this.#requests;
    const errors = this.#errors;
    const answers = this.#answers;
    this.#windowSince = nowMs;
    this.#requests = 0;
    this.#errors = 0;
    this.#answers = 0;
    if (requests === 0 && wait.waiting === 0) return null;
    const p95Ms = this.#percentile(Math.min(answers, this.#seen), 0.95);
    if (this.#seen >= ENOUGH) {
      const p99Ms = this.#percentile(this.#seen, 0.99) ?? 0;
      this.#boundMs = Math.max(LEAST_BOUND_MS, TIMES_P99 * p99Ms);
    }
    return { member, windowMs, requests, errors, p95Ms, ...wait };
  }

  #percentile(count: number, share: number): number | null {
    return percentile(this.#last(Math.min(count, KEPT)), share);
  }

  /** The most recent latencies. */
  #last(count: number): readonly number[] {
    const first = this.#seen - count;
    return Array.from({ length: count }, (_value, index) => {
      const latencyMs = this.#latenciesMs[(first + index) % KEPT];
      assert(latencyMs !== undefined, 'a latency lies within the ring');
      return latencyMs;
    });
  }
}
