import type { HostSample } from '../core/event.ts';
import type { Host } from './host.ts';

// The twin of src/agent/host-sampler.ts: how late the agent's own timers are, and whether the wall clock jumped. The rest
// of the sample is calm.

const SAMPLE_MS = 500;
const OVERDUE_MS = 25;

export class HostSampler {
  readonly #host: Host;
  readonly #onSample: (sample: HostSample, at: number) => void;
  #dueAt = 0;
  #wallOffsetMs = 0;

  constructor(host: Host, onSample: (sample: HostSample, at: number) => void) {
    this.#host = host;
    this.#onSample = onSample;
  }

  /** For as long as the present process of the agent lives. */
  begin(whileAlive: (action: () => void) => void): void {
    this.#dueAt = this.#host.now() + SAMPLE_MS;
    this.#sampleLater(whileAlive);
  }

  /** After a pause the look at itself comes before anything that waited. */
  catchUp(): void {
    if (this.#host.now() - this.#dueAt > OVERDUE_MS) this.#sample();
  }

  #sampleLater(whileAlive: (action: () => void) => void): void {
    const dueAt = this.#dueAt;
    this.#host.at(dueAt, () =>
      whileAlive(() => {
        if (this.#dueAt === dueAt) this.#sample();
        this.#sampleLater(whileAlive);
      }),
    );
  }

  #sample(): void {
    const at = this.#host.now();
    const lateMs = Math.max(0, at - this.#dueAt);
    this.#dueAt = at + SAMPLE_MS;
    const wallStepMs = this.#host.wallOffsetMs - this.#wallOffsetMs;
    this.#wallOffsetMs += wallStepMs;
    const calm = { runDelayMs: 0, throttledMs: 0, suspendedMs: 0, echoMs: 0.1 };
    this.#onSample({ ...calm, lateMs, wallStepMs }, at);
  }
}
