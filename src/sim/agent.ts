import type { CoreConfig } from '../core/config.ts';
import type { Effect } from '../core/effect.ts';
import type { Event } from '../core/event.ts';
import { initialState } from '../core/initial.ts';
import type { AgentState } from '../core/state.ts';
import type { HostReadings } from '../runtime/host-sampler.ts';
import type { StoredLease, Time } from '../runtime/ports.ts';
import type { OpenEffect } from '../runtime/runner.ts';
import { Runtime, type HeldService, type StartingHost } from '../runtime/runtime.ts';
import { Drivers } from './drivers.ts';
import type { Host } from './host.ts';
import { SimulatedJournal, type Life } from './journal.ts';
import type { Mishaps } from './mishaps.ts';
import type { Network } from './network.ts';
import { Prober } from './prober.ts';
import type { Random } from './random.ts';
import type { ServiceOnHost } from './service-on-host.ts';
import { StoreClient } from './store-client.ts';
import type { Store } from './store.ts';

// The agent process of one host: the real runtime with virtual time, a journal that can lose events, and the store over the
// network. It crashes and restarts like a process: timers and unreported results are lost, members and data planes keep
// running. It can be paused alone, like with SIGSTOP.

/** Time until the supervisor restarts the agent. */
const START_PAUSE_MS = 500;
const WINDOW_MS = 100;
/** Time to read pending input. */
const READING_MS = 0.05;

type AgentOptions = {
  readonly config: CoreConfig;
  readonly host: Host;
  readonly sites: readonly ServiceOnHost[];
  readonly network: Network;
  readonly store: Store;
  readonly storeNode: number;
  readonly mishaps: Mishaps;
  readonly random: Random;
  readonly nextPid: () => number;
  /** Records the events of each process, for replay. */
  readonly keepsLives: boolean;
  readonly onStep: (
    agent: Agent,
    event: Event,
    before: AgentState,
    effects: readonly Effect[],
  ) => void;
  readonly onBegan: (agent: Agent, effect: Effect) => void;
  readonly onLifeEnded: (life: Life) => void;
  /** A broken invariant ends the agent. */
  readonly onDefect: (agent: Agent, error: unknown) => void;
};

type Guard = (action: () => void) => void;

export class Agent {
  readonly host: Host;
  readonly config: CoreConfig;
  /** Since its first event. */
  running = false;
  readonly #options: AgentOptions;
  readonly #journal: SimulatedJournal;
  readonly #beginning: AgentState;
  #runtime: Runtime | null = null;
  #storeClient: StoreClient | null = null;
  #life: Life | null = null;
  /** Number of its process: actions of an earlier one never happen. */
  #process = 0;
  #paused = false;
  #backlog: (() => void)[] = [];
  #nextIncident = 1;
  /** The events behind effects with lower numbers were flushed. */
  #flushed = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.host = options.host;
    this.config = options.config;
    this.#journal = new SimulatedJournal(options.host, () => {
      this.#flushed = this.state.nextEffect;
    });
    this.#beginning = initialState(options.config, options.host.now());
  }

  get state(): AgentState {
    return this.#runtime?.state ?? this.#beginning;
  }

  /** Effects without a result from its runner. */
  get openEffects(): Iterable<OpenEffect> {
    return this.running && this.#runtime !== null ? this.#runtime.openEffects : [];
  }

  /** Whether its journal was flushed since the effect was issued. */
  hasReasonFor({ id }: Effect): boolean {
    return id < this.#flushed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Starts a new process. */
  start(): void {
    this.#end();
    const { host } = this;
    const { config, sites, mishaps } = this.#options;
    const whileAlive = this.#guard();
    const time = timeOf(host, whileAlive);
    const drivers = new Map(
      sites.map((site) => [site.config.name, this.#makeDrivers(site, whileAlive)]),
    );
    this.#storeClient = new StoreClient({ ...this.#options, whileAlive });
    const runtime = new Runtime({
      config,
      time,
      journal: this.#journal,
      leases: this.#storeClient,
      carryOut: (effect, end) => {
        this.#options.onBegan(this, effect);
        drivers.get(effect.service)?.execute(effect, end);
        // A started effect continues even if its agent exits.
        return () => {};
      },
      readings: readingsOf(host),
      meter: null,
      relay: (deliver) => {
        for (const delayMs of mishaps.nextDelivery()) {
          if (delayMs === 0) deliver();
          else time.at(host.now() + delayMs, deliver);
        }
      },
      onStep: (event, before, after, effects) => this.#stepped(event, before, after, effects),
      onDefect: (error) => {
        this.#end();
        this.#options.onDefect(this, error);
      },
    });
    this.#runtime = runtime;
    this.#journal.open();
    this.#flushed = 0;
    runtime.start(this.#startingHost(drivers, time), (failure) => {
      if (failure !== null) this.#startAgain();
    });
  }

  /** SIGKILL: members and data planes keep running. */
  crash(): void {
    this.#end();
  }

  /** The run ends: the journal is complete. */
  endLife(): void {
    if (this.#life !== null) this.#options.onLifeEnded(this.#life);
    this.#life = null;
  }

  pause(): void {
    this.#paused = true;
  }

  unpause(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const action of backlog) action();
  }

  /** Replaces the state by one after skipped idle time. */
  continueFrom(state: AgentState): void {
    this.#runtime?.continueFrom(state);
  }

  /** Loses the watch connection to the store without notice. */
  loseWatch(): void {
    this.#storeClient?.loseWatch();
  }

  /** The store reports a change. */
  leaseChanged(service: string, stored: StoredLease): void {
    this.#storeClient?.reported(service, stored);
  }

  /** An event from a data plane or an operator, unless it is no longer true on arrival. */
  told(event: Event, isTrue: () => boolean = () => true): void {
    if (!this.running) return;
    this.#guard()(() => {
      if (isTrue()) this.#deliver({ ...event, at: this.host.now() });
    });
  }

  #deliver(event: Event): void {
    this.#runtime?.deliver(event);
  }

  /** Ends the process; unflushed events are lost. */
  #end(): void {
    this.#process += 1;
    this.running = false;
    this.#paused = false;
    this.#backlog = [];
    this.endLife();
    this.#journal.open();
    this.#runtime?.close();
  }

  #guard(): Guard {
    const process = this.#process;
    const run = (action: () => void): void => {
      if (process !== this.#process) return;
      if (this.#paused) this.#backlog.push(() => run(action));
      else action();
    };
    return run;
  }

  #startAgain(): void {
    this.#end();
    const { boot } = this.host;
    const process = this.#process;
    this.host.after(START_PAUSE_MS, () => {
      if (process === this.#process && boot === this.host.boot) this.start();
    });
  }

  #startingHost(drivers: ReadonlyMap<string, Drivers>, time: Time): StartingHost {
    return {
      adopt: ({ services }) =>
        [...drivers].flatMap(([service, one]) =>
          one.adopt(services.find(({ name }) => name === service) ?? null),
        ),
      prepare: (found, held, end) => {
        for (const site of this.#options.sites) prepareSite(site, held);
        for (const one of drivers.values()) one.clearLeftovers(found);
        this.running = true;
        this.#sampleTrafficLater(time);
        end();
      },
      nextIncident: () => this.#nextIncident,
    };
  }

  #makeDrivers(site: ServiceOnHost, whileAlive: Guard): Drivers {
    const parts = {
      ...this.#options,
      site,
      whileAlive,
      onEvent: (event: Event) => this.#deliver(event),
    };
    return new Drivers({ ...parts, prober: new Prober(parts) });
  }

  #stepped(event: Event, before: AgentState, after: AgentState, effects: readonly Effect[]): void {
    this.#nextIncident = Math.max(this.#nextIncident, after.nextIncident);
    if (this.#options.keepsLives) {
      const { name: host } = this.host;
      this.#life ??= { host, initial: before, events: [], effects: [], last: before };
      this.#life.events.push(event);
      this.#life.effects.push(...effects);
      this.#life.last = after;
    }
    this.#options.onStep(this, event, before, effects);
  }

  /** Measurements of the data planes since the last sample. */
  #sampleTrafficLater(time: Time): void {
    time.at(time.now() + WINDOW_MS, () => {
      const at = time.now();
      for (const { plane, members, config } of this.#options.sites)
        for (const { name: member } of members) {
          const window = plane.takeWindow(member);
          if (window === null) continue;
          const service = config.name;
          const event = {
            type: 'trafficSampled',
            at,
            service,
            member,
            windowMs: WINDOW_MS,
          } as const;
          this.#deliver({ ...event, ...window });
        }
      this.#sampleTrafficLater(time);
    });
  }
}

function prepareSite({ plane, config }: ServiceOnHost, held: readonly HeldService[]): void {
  plane.up = true;
  for (const { service, route } of held) if (service === config.name) plane.take(route);
}

function timeOf(host: Host, whileAlive: Guard): Time {
  return {
    now: () => host.now(),
    at: (instant, run) => {
      let cancelled = false;
      host.at(instant, () =>
        whileAlive(() => {
          if (!cancelled) run();
        }),
      );
      return () => {
        cancelled = true;
      };
    },
    afterReading: (run) => host.after(READING_MS, () => whileAlive(run)),
  };
}

/** Only the wall clock jumps. */
function readingsOf(host: Host): HostReadings {
  return {
    read: () => ({
      runDelayMs: 0,
      throttledMs: 0,
      wallOffsetMs: host.wallOffsetMs,
      bootOffsetMs: 0,
    }),
    takeEcho: () => 0.1,
  };
}
