import type { HostSample } from '../core/event.ts';
import type { Instant } from '../core/time.ts';
import type { Cancel, Time } from './ports.ts';

// The agent's look at itself: were its timers late, was it kept waiting for a CPU, was it throttled, was the host
// suspended, did the wall clock jump, does loopback still answer? An agent that is not fit must not judge others by
// their silence.

const INTERVAL_MS = 500;
/** A sample that is this overdue is taken before anything else is believed. */
const OVERDUE_MS = 25;

/** Counters and offsets as they stand; a sample is the difference of two readings. */
export type HostReading = {
  readonly runDelayMs: number;
  readonly throttledMs: number;
  /** Of the wall clock and of the clock that counts suspends, against the monotonic one. */
  readonly wallOffsetMs: number;
  readonly bootOffsetMs: number;
};

export interface HostReadings {
  read(at: Instant): HostReading;
  /** The loopback round trip since the last call; null: none was in progress. */
  takeEcho(at: Instant): number | null;
}

type HostSamplerOptions = {
  readonly time: Time;
  readonly readings: HostReadings;
  readonly onSample: (sample: HostSample, at: Instant) => void;
};

export class HostSampler {
  readonly #options: HostSamplerOptions;
  #last: HostReading;
  #dueAt: Instant;
  #cancel: Cancel | null = null;
  #stopped = false;

  constructor(options: HostSamplerOptions) {
    this.#options = options;
    const at = options.time.now();
    this.#last = options.readings.read(at);
    this.#dueAt = at + INTERVAL_MS;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** To be called before any event is believed: after a pause of our own the sample must come first. */
  catchUp(): void {
    if (this.#options.time.now() >= this.#dueAt + OVERDUE_MS) this.#sample();
  }

  #arm(): void {
    // A sample may have been what stopped it.
    if (this.#stopped) return;
    const { time } = this.#options;
    this.#cancel = time.at(this.#dueAt, () => {
      if (time.now() >= this.#dueAt) this.#sample();
      this.#arm();
    });
  }

  #sample(): void {
    const { time, readings, onSample } = this.#options;
    const at = time.now();
    const reading = readings.read(at);
    const last = this.#last;
    const sample: HostSample = {
      lateMs: Math.max(0, at - this.#dueAt),
      runDelayMs: Math.max(0, reading.runDelayMs - last.runDelayMs),
      throttledMs: Math.max(0, reading.throttledMs - last.throttledMs),
      wallStepMs: reading.wallOffsetMs - last.wallOffsetMs,
      suspendedMs: Math.max(0, reading.bootOffsetMs - last.bootOffsetMs),
      echoMs: readings.takeEcho(at),
    };
    this.#last = reading;
    this.#dueAt = at + INTERVAL_MS;
    onSample(sample, at);
  }
}
