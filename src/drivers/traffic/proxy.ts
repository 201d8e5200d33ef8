import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { monotonicMs } from '../../clock.ts';
import type { Route } from '../../core/effect.ts';
import { unreachable } from '../../core/assert.ts';
import { AppError } from '../../errors.ts';
import { DriverError } from '../driver-error.ts';
import type { SocketHolderClient } from '../socket-holder/client.ts';
import { socketPath } from '../socket-path.ts';
import type {
  TrafficAbilities,
  TrafficDriver,
  TrafficEvent,
  TrafficOptions,
  TrafficStats,
} from './contract.ts';
import { proxyAbilities } from './proxy/abilities.ts';
import { callProxy, type ProxyControl } from './proxy/control.ts';
import { stopProcess } from './proxy/ending.ts';
import { controlName, endOthers, knownIndexes, startProcess } from './proxy/process.ts';
import { SampleMerge } from './proxy/sample-merge.ts';
import { ProcessSlot, type SlotLoss } from './proxy/process-slot.ts';
import { limitsPerProcess } from './proxy/per-process-limits.ts';
import { aggregateStats } from './proxy/aggregate-stats.ts';
import { BACKLOG, type Answer, type ProxyEvent, type ProxyOptions } from './proxy/wire.ts';

// The traffic driver that puts proxies in front of the members: one process, or several that accept from one socket.
// The socket holder owns that socket and makes the processes that inherit it, so connections wait in the kernel while one
// is started again. They serve on when the agent stops, and a later agent takes them over as they are. What is
// ordered is ordered from all: it is done once each process has done it or is proved dead.
// Not guaranteed: connections do not survive the death of the process that accepted them; and after the death of the
// socket holder an address outlives its processes no more.

/** Beyond the drain's own time-out. */
const DRAIN_SLACK_MS = 4000;

export type ProxyDriverOptions = TrafficOptions & {
  /** Holds the listening socket and makes the processes. */
  readonly socketHolder: () => Promise<SocketHolderClient>;
};

export class ProxyDriver implements TrafficDriver {
  readonly abilities: TrafficAbilities;
  readonly #options: ProxyDriverOptions;
  readonly #logFile: string;
  readonly #slots: readonly ProcessSlot[];
  readonly #samples = new SampleMerge();
  #socketHolder: SocketHolderClient | null = null;
  #route: Route | null = null;
  #replaced = false;
  #isDown = false;
  /** Of news that each process has, which one told the last. */
  readonly #tellers = new Map<string, { readonly process: number; readonly news: string }>();
  #losses = { processes: 0, connections: 0, requests: 0 };

  constructor(options: ProxyDriverOptions) {
    const { stateDir, service } = options;
    this.#options = options;
    const { protocol, limits } = options;
    this.abilities = proxyAbilities({ protocol, attempts: limits.attempts });
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    this.#logFile = join(stateDir, `proxy-${service}.log`);
    this.#slots = Array.from({ length: options.processes }, (_, index) => this.#slotOf(index));
  }

  async open(): Promise<void> {
    const { stateDir, service, processes } = this.#options;
    const surplus = knownIndexes(stateDir, service).filter((index) => index >= processes);
    const [routes] = await Promise.all([
      Promise.all(this.#slots.map(async (slot) => await slot.adopt())),
      Promise.all(surplus.map(async (index) => await stopSurplus(this.#pathOf(index)))),
    ]);
    for (const route of routes)
      if (route !== null && route.epoch >= (this.#route?.epoch ?? 0)) this.#route = route;
    const running = this.#slots.map(({ pid }) => pid).filter((pid) => pid !== null);
    await endOthers(stateDir, service, running);
    const isServed = running.length > 0;
    await this.#keepAddress(isServed);
    const missing = this.#slots.filter(({ pid }) => pid === null);
    const started = await Promise.allSettled(missing.map(async (slot) => await slot.start()));
    // Only once nothing is being started any more can all be stopped.
    for (const one of started) if (one.status === 'rejected' && !isServed) throw one.reason;
    // Those that run serve; the others are started as one that ended would be.
    for (const slot of missing) if (slot.pid === null) slot.startLater();
  }

  openEventually(): void {
    if (this.#slots.every(({ pid }) => pid === null)) {
      this.#isDown = true;
      this.#tell({ type: 'lost' });
    }
    for (const slot of this.#slots) slot.startLater();
  }

  async route(route: Route): Promise<void> {
    if (this.#route !== null && route.epoch < this.#route.epoch) {
      throw new DriverError('conflict', `epoch ${route.epoch} is older than ${this.#route.epoch}`);
    }
    const known = this.#options.targets.map(({ member }) => member);
    if (![route.active, ...route.fallbacks].every((name) => name === null || known.includes(name)))
      throw new DriverError('notFound', 'the route names a member without a target');
    // A process that is started from now on begins with it.
    this.#route = route;
    const answers = await this.#askAll((slot) => slot.ask({ type: 'route', route }));
    if (answers.length === 0) throw new DriverError('driverFailed', 'no proxy is running');
  }

  async drain(options: { member: string; timeoutMs: number }): Promise<{ cut: number }> {
    const withinMs = options.timeoutMs + DRAIN_SLACK_MS;
    const answers = await this.#askAll((slot) => slot.ask({ type: 'drain', ...options }, withinMs));
    let cut = 0;
    for (const answer of answers) if (answer.type === 'drained') cut += answer.cut;
    return { cut };
  }

  async stats(): Promise<TrafficStats> {
    const asked = this.#slots.map(async (slot) => await slot.ask({ type: 'stats' }));
    const answers = await Promise.allSettled(asked);
    // What hangs or is being started has no figures.
    const figures = answers.flatMap((one) =>
      one.status === 'fulfilled' && one.value?.type === 'stats' ? [one.value.stats] : [],
    );
    return { ...aggregateStats(figures), processes: figures, losses: this.#losses };
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map(async (slot) => await slot.close()));
    // A socket holder that is gone has released it.
    await this.#socketHolder?.release(this.#options.service).catch(() => {});
  }

  leave(): void {
    for (const slot of this.#slots) slot.leave();
  }

  #slotOf(index: number): ProcessSlot {
    return new ProcessSlot({
      proxy: {
        ...limitsPerProcess(this.#options),
        process: index,
        controlPath: this.#pathOf(index),
      },
      start: async (options) => await this.#start(options),
      route: () => this.#route,
      onEvent: (event) => this.#hear(index, event),
      onLost: (loss) => this.#lost(index, loss),
      onBack: (pid) => this.#back(index, pid),
      onReplaced: () => {
        // Two agents that take the proxy from each other would serve no client.
        if (!this.#replaced) this.#tell({ type: 'lost' });
        this.#replaced = true;
        this.leave();
      },
    });
  }

  #pathOf(index: number): string {
    return socketPath(this.#options.stateDir, controlName(this.#options.service, index));
  }

  /** The socket holder listens, or has done so all along; without need it is no fault that it cannot. */
  async #keepAddress(isServed: boolean): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      if (!(error instanceof DriverError) || error.fault !== 'portTaken') throw error;
      const { listen, service } = this.#options;
      if (!isServed) {
        throw new AppError('portTaken', {
          message: {
            en: `service ${service} cannot listen on ${listen.host}:${listen.port}`,
            zh: `服务 ${service} 无法监听 ${listen.host}:${listen.port}`,
          },
          reason: { en: 'another process listens on this address', zh: '另一个进程正在监听该地址' },
          hint: {
            en: 'stop that process, or change traffic.listen of the service',
            zh: '停止该进程，或修改该服务的 traffic.listen',
          },
        });
      }
      this.#tell({ type: 'process', change: 'unkept' });
    }
  }

  async #listen(): Promise<SocketHolderClient> {
    const { socketHolder, listen, service } = this.#options;
    const kept = await socketHolder();
    await kept.listen(service, { address: listen, backlog: BACKLOG, access: null });
    if (this.#socketHolder !== kept) {
      this.#socketHolder = kept;
      kept.onLost(() => this.#tell({ type: 'process', change: 'unkept' }));
    }
    return kept;
  }

  async #start(options: ProxyOptions): Promise<ProxyControl> {
    const socketHolder = await this.#listen();
    return await startProcess(options, {
      key: options.service,
      socketHolder,
      logFile: this.#logFile,
    });
  }

  /** The answers of those that live, once all have answered or are proved dead. */
  async #askAll(ask: (slot: ProcessSlot) => Promise<Answer | null>): Promise<readonly Answer[]> {
    const answers = await Promise.all(this.#slots.map(ask));
    if (this.#replaced) throw new DriverError('conflict', 'a newer agent has taken the proxy over');
    return answers.filter((answer) => answer !== null);
  }

  #tell(event: TrafficEvent): void {
    this.#options.onEvent(event);
  }

  /** What all processes see is reported once. */
  #hear(index: number, event: ProxyEvent): void {
    switch (event.type) {
      case 'failed':
        return this.#tell(event);
      case 'fellBack':
      case 'certificate':
        if (this.#isNews(index, event)) this.#tell(event);
        return;
      case 'sampled': {
        const sample = this.#samples.take(index, event, monotonicMs());
        if (sample !== null) this.#tell({ type: 'sampled', ...sample });
        return;
      }
      default:
        return unreachable(event);
    }
  }

  /** Each finds out by itself; whichever reported it first keeps reporting it. */
  #isNews(index: number, event: ProxyEvent): boolean {
    const news = `${this.#route?.epoch} ${JSON.stringify(event)}`;
    const last = this.#tellers.get(event.type);
    if (last !== undefined && last.news === news && last.process !== index) return false;
    this.#tellers.set(event.type, { process: index, news });
    return true;
  }

  #lost(index: number, { pid, hung, stats }: SlotLoss): void {
    this.#samples.forget(index);
    for (const [type, { process }] of this.#tellers)
      if (process === index) this.#tellers.delete(type);
    const lost =
      stats === null
        ? null
        : { connections: stats.connections, requests: stats.heldNow + inFlightOf(stats.inFlight) };
    const { processes, connections, requests } = this.#losses;
    this.#losses = {
      processes: processes + 1,
      connections: connections + (lost?.connections ?? 0),
      requests: requests + (lost?.requests ?? 0),
    };
    this.#tell({ type: 'process', change: hung ? 'hung' : 'ended', process: index, pid, lost });
    if (this.#isDown || this.#slots.some((slot) => slot.pid !== null)) return;
    this.#isDown = true;
    this.#tell({ type: 'lost' });
  }

  #back(index: number, pid: number): void {
    this.#tell({ type: 'process', change: 'started', process: index, pid });
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#tell({ type: 'restored' });
  }
}

function inFlightOf(inFlight: Readonly<Record<string, number>>): number {
  return Object.values(inFlight).reduce((sum, count) => sum + count, 0);
}

async function stopSurplus(path: string): Promise<void> {
  const control = await callProxy(path);
  if (control !== null) await stopProcess(control);
}
