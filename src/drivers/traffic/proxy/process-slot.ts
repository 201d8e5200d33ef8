import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../../../core/effect.ts';
import { DriverError } from '../../driver-error.ts';
import type { Identity } from '../../os/proc.ts';
import type { ProxyProcessStats } from '../contract.ts';
import { callProxy, type ProxyControl } from './control.ts';
import { proveGone, stopProcess, within } from './ending.ts';
import { identify } from './process.ts';
import {
  PROTOCOL_VERSION,
  type Answer,
  type Order,
  type ProxyEvent,
  type ProxyOptions,
} from './wire.ts';

// One process of the data plane, again and again: adopted or started, asked for its figures as a sign of life,
// killed when it does not answer, restarted when it has exited. At every moment there is either a line to its
// process or that process is being proved gone, so that none forwards by a route that has been withdrawn.

const BEAT_MS = 500;
/** While things happen: its last figures say what is lost with a process. */
const BUSY_BEAT_MS = 100;
/** Longer than a busy machine keeps a process waiting. */
const HANG_MS = 4000;
const GONE_MS = 2000;
/** Longer than a start takes until it is given up. */
const RESTARTING_MS = 12_000;
const RESTART_BASE_MS = 50;
const RESTART_MAX_MS = 5000;
/** A process that ran this long starts again from the base. */
const RESTART_RESET_MS = 30_000;

export type SlotLoss = {
  readonly pid: number;
  /** It did not answer and was killed. */
  readonly hung: boolean;
  /** Its last figures; null: it gave none. */
  readonly stats: ProxyProcessStats | null;
};

type SlotOptions = {
  readonly proxy: ProxyOptions;
  readonly start: (options: ProxyOptions) => Promise<ProxyControl>;
  /** What a process that is being started obeys from the first. */
  readonly route: () => Route | null;
  readonly onEvent: (event: ProxyEvent) => void;
  readonly onLost: (loss: SlotLoss) => void;
  readonly onBack: (pid: number) => void;
  readonly onReplaced: () => void;
};

type Running = { readonly control: ProxyControl; readonly main: Identity };

export class ProcessSlot {
  readonly index: number;
  readonly #options: SlotOptions;
  #running: Running | null = null;
  /** The end of the process before, proved. */
  #gone: Promise<void> = Promise.resolve();
  #stats: ProxyProcessStats | null = null;
  #hung = false;
  #closing = false;
  #left = false;
  #restarts = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #beatTimer: NodeJS.Timeout | null = null;
  #beating = false;
  #beatenAt = 0;
  #restarting: Promise<void> | null = null;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.index = options.proxy.process;
  }

  get pid(): number | null {
    return this.#running?.main.pid ?? null;
  }

  /** Takes over a process that an earlier agent left, if it is what this one would start. */
  async adopt(): Promise<Route | null> {
    const { proxy } = this.#options;
    const control = await callProxy(proxy.controlPath);
    if (control === null) return null;
    // The same socket may have another path for another process.
    const theirs = { ...control.hello.options, controlPath: proxy.controlPath };
    if (control.hello.protocol === PROTOCOL_VERSION && isDeepStrictEqual(theirs, proxy)) {
      this.#attach(control);
      return control.hello.route;
    }
    await stopProcess(control);
    return null;
  }

  async start(): Promise<void> {
    const control = await this.#options.start(this.#options.proxy);
    if (this.#left) {
      control.close();
      return;
    }
    this.#attach(control);
    const route = this.#options.route();
    if (route !== null) await control.ask({ type: 'route', route }, HANG_MS);
  }

  /** Starts it soon, and again until it runs. */
  startLater(): void {
    if (
      !this.#closing &&
      this.#running === null &&
      this.#timer === null &&
      this.#restarting === null
    )
      this.#scheduleRestart();
  }

  /** null: there is no process, proved. Fails where the order does, or where nothing can be proved. */
  async ask(order: Order, timeoutMs = HANG_MS): Promise<Answer | null> {
    const running = this.#running;
    if (running !== null) {
      try {
        const answer = await running.control.ask(order, timeoutMs);
        if (answer.type === 'stats') this.#stats = answer.stats;
        return answer;
      } catch (error) {
        if (this.#running === running && !this.#hung) throw error;
      }
    }
    if (!(await within(GONE_MS, this.#gone)))
      throw new DriverError('timedOut', `proxy process ${this.index} neither answers nor ends`);
    return null;
  }

  /** Ends the process gracefully, then by force. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#clearTimers();
    // What is being started must be known before it can be stopped.
    await within(RESTARTING_MS, this.#restarting ?? Promise.resolve());
    const running = this.#running;
    this.#running = null;
    if (running !== null) await stopProcess(running.control);
    await within(GONE_MS, this.#gone);
  }

  /** Lets go of the process, which serves on. */
  leave(): void {
    this.#closing = true;
    this.#left = true;
    this.#clearTimers();
    this.#running?.control.close();
  }

  #clearTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#beatTimer !== null) clearInterval(this.#beatTimer);
  }

  #attach(control: ProxyControl): void {
    const { pid } = control.hello;
    const main = identify(pid) ?? { pid, startTicks: Number.NaN };
    const running = { control, main };
    this.#running = running;
    this.#hung = false;
    this.#stats = null;
    this.#startedAt = performance.now();
    control.attach({
      onEvent: (event) => this.#hear(event),
      onHang: () => this.#kill(running),
      onClose: ({ replaced }) => this.#lose(running, replaced),
    });
    this.#beatTimer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beatTimer.unref();
    this.#beat();
  }

  /** Its silence and its end are seen by the line. */
  #beat(): void {
    if (this.#beating) return;
    this.#beating = true;
    this.#beatenAt = performance.now();
    void this.ask({ type: 'stats' })
      .catch(() => {})
      .finally(() => {
        this.#beating = false;
      });
  }

  /** What happens in it may have changed its figures. */
  #hear(event: ProxyEvent): void {
    if (performance.now() - this.#beatenAt > BUSY_BEAT_MS) this.#beat();
    this.#options.onEvent(event);
  }

  #kill({ main }: Running): void {
    this.#hung = true;
    this.#gone = proveGone(main);
  }

  #lose(running: Running, replaced: boolean): void {
    if (this.#running !== running) return;
    this.#running = null;
    if (this.#closing) return;
    if (this.#beatTimer !== null) clearInterval(this.#beatTimer);
    if (replaced) {
      this.#closing = true;
      this.#options.onReplaced();
      return;
    }
    // One that lost its control connection obeys no agent any more.
    this.#gone = proveGone(running.main);
    if (performance.now() - this.#startedAt > RESTART_RESET_MS) this.#restarts = 0;
    this.#options.onLost({ pid: running.main.pid, hung: this.#hung, stats: this.#stats });
    this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    const pauseMs =
      this.#restarts === 0 ? 0 : Math.min(RESTART_MAX_MS, RESTART_BASE_MS * 2 ** this.#restarts);
    this.#restarts += 1;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#restarting = this.#restart().finally(() => {
        this.#restarting = null;
      });
    }, pauseMs);
  }

  async #restart(): Promise<void> {
    try {
      await this.#gone;
      if (this.#closing) return;
      await this.start();
      if (this.pid !== null) this.#options.onBack(this.pid);
    } catch {
      // The loss stands; a process that was reached and lost again schedules its own restart.
      if (!this.#closing && this.#running === null && this.#timer === null) this.#scheduleRestart();
    }
  }
}
