import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../../core/effect.ts';
import { DriverError } from '../driver-error.ts';
import { socketPath } from '../socket-path.ts';
import type { TrafficDriver, TrafficEvent, TrafficOptions, TrafficStats } from './contract.ts';
import { callProxy, type ControlClient } from './proxy/control-client.ts';
import { endUnreachable, startProcess } from './proxy/process.ts';
import { PROTOCOL_VERSION, type Answer, type ProxyOptions } from './proxy/wire.ts';

// The traffic driver that puts a proxy in front of the members. The proxy is a process of its own (proxy/), which
// goes on serving when the agent stops and which a later agent takes over as it is. This driver starts or adopts
// it, passes orders on, and starts it anew when it dies, with the last route. It decides nothing about requests.
// Not guaranteed: connections do not survive the proxy's own death.

const STOP_GRACE_MS = 1000;
const STOP_MS = 3000;
const RESTART_BASE_MS = 50;
const RESTART_MAX_MS = 5000;
/** A proxy that ran this long starts again from the base. */
const RESTART_RESET_MS = 30_000;

export class ProxyDriver implements TrafficDriver {
  readonly #options: ProxyOptions;
  readonly #logFile: string;
  readonly #onEvent: (event: TrafficEvent) => void;
  #control: ControlClient | null = null;
  #child: ChildProcess | null = null;
  #route: Route | null = null;
  #closing = false;
  #replaced = false;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #restarting: Promise<void> | null = null;
  #startedAt = 0;

  constructor(options: TrafficOptions) {
    const { stateDir, onEvent, ...rest } = options;
    const { service } = rest;
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const controlPath = socketPath(stateDir, `proxy-${service}.sock`);
    this.#options = { ...optionsOf(rest), controlPath };
    this.#logFile = join(stateDir, `proxy-${service}.log`);
    this.#onEvent = onEvent;
  }

  async open(): Promise<void> {
    const running = await callProxy(this.#options.controlPath);
    if (running !== null && (await this.#adopt(running))) return;
    if (running === null) await endUnreachable(dirname(this.#logFile), this.#options.service);
    await this.#start();
  }

  async route(route: Route): Promise<void> {
    if (this.#route !== null && route.epoch < this.#route.epoch) {
      throw new DriverError('conflict', `epoch ${route.epoch} is older than ${this.#route.epoch}`);
    }
    await this.#ask({ type: 'route', route });
    this.#route = route;
  }

  async drain(options: { member: string; timeoutMs: number }): Promise<{ cut: number }> {
    const answer = await this.#ask({ type: 'drain', ...options }, options.timeoutMs + STOP_MS);
    return { cut: answer.type === 'drained' ? answer.cut : 0 };
  }

  async stats(): Promise<TrafficStats> {
    const answer = await this.#ask({ type: 'stats' });
    if (answer.type !== 'stats') throw new DriverError('driverFailed', 'the proxy sent no stats');
    return answer.stats;
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    // What is being started must be known before it can be stopped.
    await this.#restarting;
    const control = this.#control;
    if (control !== null) await this.#stop(control);
  }

  leave(): void {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#control?.close();
  }

  /** Takes over a proxy that an earlier agent left, if it is what this one would start; else ends it. */
  async #adopt(control: ControlClient): Promise<boolean> {
    const { hello } = control;
    // The same socket may have another path for another process.
    const { controlPath } = this.#options;
    const theirs = { ...hello.options, controlPath };
    if (hello.protocol === PROTOCOL_VERSION && isDeepStrictEqual(theirs, this.#options)) {
      this.#route = hello.route;
      this.#attach(control, null);
      return true;
    }
    await this.#stop(control);
    return false;
  }

  async #start(): Promise<void> {
    const { control, child } = await startProcess(this.#options, this.#logFile);
    this.#attach(control, child);
  }

  #attach(control: ControlClient, child: ChildProcess | null): void {
    this.#control = control;
    this.#child = child;
    this.#startedAt = performance.now();
    control.attach({
      onEvent: (event) => this.#onEvent(event),
      onClose: ({ replaced }) => this.#onLost(control, replaced),
    });
  }

  #onLost(control: ControlClient, replaced: boolean): void {
    if (this.#control !== control) return;
    this.#control = null;
    if (this.#closing) return;
    this.#onEvent({ type: 'lost' });
    this.#replaced = replaced;
    // Two agents that take the proxy from each other would serve nobody.
    if (replaced) return;
    if (performance.now() - this.#startedAt > RESTART_RESET_MS) this.#restarts = 0;
    this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    const pauseMs =
      this.#restarts === 0 ? 0 : Math.min(RESTART_MAX_MS, RESTART_BASE_MS * 2 ** this.#restarts);
    this.#restarts += 1;
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = null;
      this.#restarting = this.#restart().finally(() => {
        this.#restarting = null;
      });
    }, pauseMs);
  }

  async #restart(): Promise<void> {
    try {
      await this.open();
      if (this.#closing) return;
      if (this.#route !== null) await this.#ask({ type: 'route', route: this.#route });
      this.#onEvent({ type: 'restored' });
    } catch {
      // `lost` stands; a control connection that was made and broke schedules its own restart.
      if (!this.#closing && this.#control === null && this.#restartTimer === null) {
        this.#scheduleRestart();
      }
    }
  }

  #ask(order: Parameters<ControlClient['ask']>[0], withinMs?: number): Promise<Answer> {
    if (this.#control === null) {
      return Promise.reject(
        this.#replaced
          ? new DriverError('conflict', 'a newer agent has taken the proxy over')
          : new DriverError('driverFailed', 'the proxy is not running'),
      );
    }
    return this.#control.ask(order, withinMs);
  }

  /** Gracefully, then by force. */
  async #stop(control: ControlClient): Promise<void> {
    const { pid } = control.hello;
    const ended = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), STOP_MS);
      control.attach({
        onEvent: () => {},
        onClose: () => {
          clearTimeout(timer);
          resolve(true);
        },
      });
    });
    // Whether it agrees or is already gone shows in its end.
    await control.ask({ type: 'stop', graceMs: STOP_GRACE_MS }).catch(() => {});
    if (!(await ended)) killIfRunning(pid);
    const child = this.#child;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      // Unlike its run, its end is waited for, be there nothing else that keeps the agent alive.
      child.ref();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    this.#control = null;
    control.close();
  }
}

/** Only what the process shall be known by: whoever calls may hand over more. */
function optionsOf(given: Omit<ProxyOptions, 'controlPath'>): Omit<ProxyOptions, 'controlPath'> {
  const { service, listen, protocol, targets, limits, clients, tls, acceptHeader, link } = given;
  return { service, listen, protocol, targets, limits, clients, tls, acceptHeader, link };
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
