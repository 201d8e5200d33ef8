import type { HostClock } from './clock.ts';
import type { Scheduler } from './scheduler.ts';

// One machine. Everything that happens on it goes through run(): while it is paused (a frozen virtual machine, a
// machine that thrashes) what arrives waits and happens late, in order; what belongs to an earlier boot never happens.

/** What waits on a paused host; more is a defect of the world. */
const BACKLOG_LIMIT = 50_000;

export class Host {
  readonly name: string;
  /** Its place among the nodes of the network. */
  readonly node: number;
  readonly clock: HostClock;
  readonly scheduler: Scheduler;
  up = true;
  boot = 1;
  diskFull = false;
  /** By how much the wall clock was set since the beginning; nobody decides by it. */
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

  /** What its monotonic clock shows, ms. */
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

  /** After so long on its own clock, unless it boots anew before. */
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
    // Its clock went slower meanwhile, or stood still.
    if (this.now() < localMs) this.at(localMs, action);
    else action();
  }

  pause(): void {
    this.#paused = true;
  }

  /** Paused, and its clocks stand still: nothing on it can tell afterwards. */
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
