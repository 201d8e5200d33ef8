import type { HostClock } from './clock.ts';
import type { Scheduler } from './scheduler.ts';

// One host. All actions on it go through run(): while the host is paused (a frozen virtual machine, a thrashing host)
// actions wait and run late, in order; actions of an earlier boot never run.

/** Limit of waiting actions on a paused host; more is a simulator bug. */
const BACKLOG_LIMIT = 50_000;

export class Host {
  readonly name: string;
  /** Its index among the nodes of the network. */
  readonly node: number;
  readonly clock: HostClock;
  readonly scheduler: Scheduler;
  up = true;
  boot = 1;
  diskFull = false;
  /** Total steps of the wall clock; no decision depends on it. */
  wallOffsetMs = 0;
  #paused = false;
  #backlog: (() => void)[] = [];

  constructor(options: { name: string; node: number; clock: HostClock; scheduler: Scheduler }) {
    this.name = options.name;
    this.node = options.node;
    this.clock = options.clock;
    this.scheduler = options.scheduler;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The monotonic clock, ms. */
  now(): number {
    return this.clock.read(this.scheduler.now);
  }

  run(action: () => void): void {
    if (!this.up) return;
    if (!this.#paused) {
      action();
      return;
    }
    if (this.#backlog.length >= BACKLOG_LIMIT) throw new RangeError('too much waits on a host');
    this.#backlog.push(action);
  }

  /** Runs after a delay on its own clock, unless it reboots before. */
  after(delayMs: number, action: () => void): void {
    this.at(this.now() + Math.max(0, delayMs), action);
  }

  at(localMs: number, action: () => void): void {
    const { boot } = this;
    this.scheduler.at(this.clock.whenReads(localMs), () => this.#fire(localMs, boot, action));
  }

  #fire(localMs: number, boot: number, action: () => void): void {
    if (this.#paused) return this.run(() => this.#fire(localMs, boot, action));
    if (!this.up || this.boot !== boot) return;
    // Its clock was slower than expected, or stopped.
    if (this.now() < localMs) this.at(localMs, action);
    else action();
  }

  pause(): void {
    this.#paused = true;
  }

  /** Paused with its clocks stopped: not detectable on the host afterwards. */
  suspend(): void {
    this.pause();
    this.clock.stop(this.scheduler.now);
  }

  unpause(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.clock.goOn(this.scheduler.now);
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const action of backlog) this.run(action);
  }

  crash(): void {
    this.up = false;
    this.boot += 1;
    this.#paused = false;
    this.clock.goOn(this.scheduler.now);
    this.#backlog = [];
  }
}
