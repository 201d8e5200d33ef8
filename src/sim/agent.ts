import type { CoreConfig } from '../core/config.ts';
import type { Effect, LeaseRecord } from '../core/effect.ts';
import type { Event, FoundMember, KnownEpoch } from '../core/event.ts';
import { initialState } from '../core/initial.ts';
import { HOLD } from '../core/route.ts';
import type { AgentState } from '../core/state.ts';
import { nextDeadline, step } from '../core/step.ts';
import { Drivers } from './drivers.ts';
import { HostSampler } from './host-sampler.ts';
import type { Host } from './host.ts';
import type { Journal } from './journal.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Prober } from './prober.ts';
import type { Random } from './random.ts';
import { Runner, type Delivery, type Ended } from './runner.ts';
import { localMembers, type Site } from './site.ts';
import type { Versioned } from './store.ts';

// The agent of one host: the real core between twins of src/agent's loop, runner, keeper and start-up. It dies and starts
// anew as a process does: its timers and unreported outcomes die with it, its members and data planes live on, and
// what it knows afterwards is what its journal had flushed. It can be paused alone, as SIGSTOP does.
// Longer than most files: runner, prober, drivers, keeper, sampler and journal have their own, and what is left, the life of
// one process with all that it hears, shares the guard by which a dead process hears nothing.

const FLUSH_MS = 5000;
const WINDOW_MS = 100;
/** Start-up gives up on a store that does not answer; whoever supervises the agent starts it again. */
const START_PATIENCE_MS = 2000;
const START_PAUSE_MS = 500;
/** How often an agent asks the store itself, should it have missed a notice. */
const POLL_MS = 1000;

export type AgentOptions = {
  readonly index: number;
  readonly config: CoreConfig;
  readonly host: Host;
  readonly sites: readonly Site[];
  readonly journal: Journal;
  readonly random: Random;
  readonly nextPid: () => number;
  readonly deliveryOf: (effect: Effect) => Delivery;
  readonly failure: () => number;
  readonly onStep: (
    agent: Agent,
    event: Event,
    before: AgentState,
    effects: readonly Effect[],
  ) => void;
  /** A broken invariant ends the agent. */
  readonly onDefect: (agent: Agent, error: unknown) => void;
};

export class Agent {
  readonly index: number;
  readonly host: Host;
  readonly config: CoreConfig;
  state: AgentState;
  running = false;
  readonly #options: AgentOptions;
  readonly #sampler: HostSampler;
  /** Counts its processes: what belongs to an earlier one never happens. */
  #life = 0;
  #paused = false;
  #backlog: (() => void)[] = [];
  #queue: Event[] = [];
  #busy = false;
  #runner: Runner | null = null;
  #keepers: LeaseKeeper[] = [];
  #drivers = new Map<string, Drivers>();
  #timer = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #nextIncident = 1;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.index = options.index;
    this.host = options.host;
    this.config = options.config;
    this.state = initialState(options.config, options.host.now());
    this.#sampler = new HostSampler(options.host, (sample, at) =>
      this.deliver({ type: 'hostSampled', at, ...sample }),
    );
  }

  get openEffects(): number {
    return this.#runner?.open ?? 0;
  }

  /** An effect that its runner should have ended before `at`. */
  overdueEffect(at: number): Effect | null {
    return this.#runner?.overdue(at) ?? null;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** A process of its own begins; what it does first is ask the store. */
  start(): void {
    this.#life += 1;
    this.running = false;
    this.#paused = false;
    this.#backlog = [];
    this.#queue = [];
    this.#timerAt = Number.POSITIVE_INFINITY;
    const whileAlive = this.#guard();
    const { sites, random } = this.#options;
    this.#keepers = [];
    this.#drivers = new Map();
    const epochs: KnownEpoch[] = [];
    for (const site of sites) {
      const service = site.config.name;
      const prober = new Prober({
        site,
        random,
        whileAlive,
        onEvent: (event) => this.deliver(event),
      });
      const leases = new LeaseKeeper({
        ...site,
        service,
        leaseMs: site.config.lease.durationMs,
        whileAlive,
        onObserved: (record) => this.#observed(service, record),
      });
      this.#keepers.push(leases);
      this.#drivers.set(
        service,
        new Drivers({
          ...this.#options,
          site,
          leases,
          prober,
          whileAlive,
          onEvent: (event) => this.deliver(event),
        }),
      );
      leases.read((record) => {
        if (epochs.some((known) => known.service === service)) return;
        epochs.push({ service, record });
        if (epochs.length === sites.length) this.#begin(epochs, whileAlive);
      });
    }
    this.host.after(START_PATIENCE_MS, () =>
      whileAlive(() => {
        if (!this.running) this.#startAgain();
      }),
    );
  }

  /** SIGKILL: members and data planes go on. */
  crash(): void {
    this.#life += 1;
    this.running = false;
    this.#paused = false;
    this.#runner?.close();
    this.#runner = null;
    this.#options.journal.end();
  }

  /** The run is over: the journal is as long as it will be. */
  endLife(): void {
    this.#options.journal.end();
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

  deliver(event: Event): void {
    if (!this.running) return;
    if (event.type !== 'hostSampled') this.#sampler.catchUp();
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    const life = this.#life;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#step(next);
        if (life !== this.#life) return;
      }
    } catch (error) {
      this.crash();
      this.#options.onDefect(this, error);
      return;
    } finally {
      this.#busy = false;
    }
    if (event.type !== 'probeSucceeded' || this.#timerAt === Number.POSITIVE_INFINITY) this.#arm();
  }

  /** The store tells of a change. */
  noticed(service: string, current: Versioned): void {
    const index = this.#options.sites.findIndex(({ config }) => config.name === service);
    if (this.running) this.#guard()(() => this.#keepers[index]?.noticed(current));
  }

  /** What a data plane of this host or an operator tells, unless it is no longer true when the agent gets to hear it. */
  told(event: Event, isTrue: () => boolean = () => true): void {
    if (!this.running) return;
    this.#guard()(() => {
      if (isTrue()) this.deliver({ ...event, at: this.host.now() });
    });
  }

  #guard(): (action: () => void) => void {
    const life = this.#life;
    const run = (action: () => void): void => {
      if (life !== this.#life) return;
      if (this.#paused) this.#backlog.push(() => run(action));
      else action();
    };
    return run;
  }

  #startAgain(): void {
    this.crash();
    const { boot } = this.host;
    const life = this.#life;
    this.host.after(START_PAUSE_MS, () => {
      if (life === this.#life && boot === this.host.boot) this.start();
    });
  }

  #begin(epochs: readonly KnownEpoch[], whileAlive: (action: () => void) => void): void {
    const { journal, sites, deliveryOf } = this.#options;
    const found = this.#adopt(epochs);
    const isResumed = found.length > 0;
    if (!isResumed) this.state = initialState(this.config, this.host.now());
    this.running = true;
    journal.begin(this.host.name, this.state);
    this.#runner = new Runner({
      now: () => this.host.now(),
      after: (delayMs, action) => this.host.after(delayMs, () => whileAlive(action)),
      execute: (effect, end) => this.#drivers.get(effect.service)?.execute(effect, end),
      deliveryOf,
      onOutcome: (effect, outcome) => this.deliver(this.#outcomeEvent(effect, outcome)),
    });
    for (const site of sites) this.#prepare(site, epochs, found);
    this.#sampler.begin(whileAlive);
    this.#every(FLUSH_MS, whileAlive, () => this.#flush());
    this.#every(WINDOW_MS, whileAlive, () => this.#sampleTraffic());
    if (sites.some((site) => site.storeNode !== this.host.node))
      this.#every(POLL_MS, whileAlive, () => this.#poll());
    const at = this.host.now();
    if (isResumed) this.deliver({ type: 'agentResumed', at, epochs, found });
    else this.deliver({ type: 'agentStarted', at, epochs, nextIncident: this.#nextIncident });
  }

  /** Goes on where an agent that died left off: same boot, members that live, a journal that tells of the newest epoch. */
  #adopt(epochs: readonly KnownEpoch[]): readonly FoundMember[] {
    const { durable } = this.#options.journal;
    if (durable === null || durable.boot !== this.host.boot) return [];
    const { state } = durable;
    if (!epochs.every((known) => isTold(state, known))) return [];
    const found = this.#options.sites.flatMap((site) => {
      const known = state.services.find(({ name }) => name === site.config.name);
      return localMembers(site).flatMap((member) => {
        if (!member.alive) return [];
        const before = known?.members.find(({ name }) => name === member.name)?.incarnation ?? 0;
        member.incarnation = before + 1;
        const { name, pid, incarnation, frozen } = member;
        this.#tellExit(site, name);
        return [{ service: site.config.name, member: name, pid, incarnation, frozen }];
      });
    });
    if (found.length > 0) this.state = state;
    return found;
  }

  #tellExit(site: Site, name: string): void {
    const member = localMembers(site).find((candidate) => candidate.name === name);
    if (member === undefined) return;
    const { pid, incarnation } = member;
    const whileAlive = this.#guard();
    const service = site.config.name;
    member.onExit = () =>
      whileAlive(() => {
        const at = this.host.now();
        const gone = { exitCode: null, signal: null, how: 'vanished' } as const;
        this.deliver({
          type: 'memberExited',
          at,
          service,
          member: name,
          incarnation,
          ...gone,
          pid,
        });
      });
  }

  /** Without a state to go on from clients wait, and what still runs ends. */
  #prepare(site: Site, epochs: readonly KnownEpoch[], found: readonly FoundMember[]): void {
    const { name } = site.config;
    site.plane.up = true;
    const epoch = epochs.find(({ service }) => service === name)?.record?.epoch ?? 0;
    const isFound = (member: string): boolean =>
      found.some((one) => one.service === name && one.member === member);
    if (epoch > 0 && !found.some(({ service }) => service === name))
      site.plane.take({ epoch, ...HOLD });
    for (const member of localMembers(site)) {
      if (isFound(member.name)) continue;
      member.onExit = null;
      member.end();
    }
  }

  #step(event: Event): void {
    const { journal, onStep } = this.#options;
    const before = this.state;
    const stamped = event.at < before.at ? { ...event, at: before.at } : event;
    const { state, effects } = step(this.config, before, stamped);
    this.state = state;
    this.#nextIncident = Math.max(this.#nextIncident, state.nextIncident);
    journal.append(stamped, effects, state);
    if (effects.length > 0 || isTurningPoint(before, state)) this.#flush();
    onStep(this, stamped, before, effects);
    for (const effect of effects) this.#take(effect);
  }

  #take(effect: Effect): void {
    if (effect.type === 'drainInput') {
      const whileAlive = this.#guard();
      this.host.after(0.05, () => whileAlive(() => this.#done(effect)));
    } else if (effect.type === 'cancelEffects') {
      this.#runner?.cancel(effect.ids);
      this.#done(effect);
    } else {
      this.#runner?.take(effect);
    }
  }

  #done({ id }: Effect): void {
    this.deliver({ type: 'effectSucceeded', at: this.host.now(), id, result: { type: 'done' } });
  }

  #outcomeEvent({ id }: Effect, outcome: Ended): Event {
    const at = this.host.now();
    if (outcome.ok) return { type: 'effectSucceeded', at, id, result: outcome.result };
    if (outcome.fault === 'timedOut') return { type: 'effectTimedOut', at, id };
    return { type: 'effectFailed', at, id, fault: outcome.fault, detail: outcome.detail };
  }

  #flush(): void {
    const { journal } = this.#options;
    journal.flush(this.host.boot, this.state, this.host.diskFull);
  }

  #observed(service: string, record: LeaseRecord | null): void {
    this.deliver({ type: 'leaseObserved', at: this.host.now(), service, record });
  }

  #poll(): void {
    this.#options.sites.forEach(({ config }, index) => {
      this.#keepers[index]?.read((record) => this.#observed(config.name, record));
    });
  }

  /** A timer for the next deadline; one that is overtaken by an earlier one finds itself old. */
  #arm(): void {
    const dueAt = nextDeadline(this.config, this.state);
    if (dueAt === null || dueAt >= this.#timerAt) return;
    this.#timerAt = dueAt;
    this.#timer += 1;
    const timer = this.#timer;
    const whileAlive = this.#guard();
    this.host.at(Math.max(dueAt, this.host.now()), () =>
      whileAlive(() => {
        if (timer !== this.#timer) return;
        this.#timerAt = Number.POSITIVE_INFINITY;
        const at = this.host.now();
        const due = nextDeadline(this.config, this.state);
        if (due !== null && due <= at) this.deliver({ type: 'deadlineReached', at, dueAt: due });
        else this.#arm();
      }),
    );
  }

  #every(periodMs: number, whileAlive: (action: () => void) => void, action: () => void): void {
    this.host.after(periodMs, () =>
      whileAlive(() => {
        action();
        this.#every(periodMs, whileAlive, action);
      }),
    );
  }

  /** What the data planes saw since the last look. */
  #sampleTraffic(): void {
    const at = this.host.now();
    for (const { plane, members, config } of this.#options.sites) {
      for (const { name: member } of members) {
        const window = plane.takeWindow(member);
        if (window === null) continue;
        const service = config.name;
        const event = { type: 'trafficSampled', at, service, member, windowMs: WINDOW_MS } as const;
        this.deliver({ ...event, ...window });
      }
    }
  }
}

/** The twin of isTurningPoint in src/agent/loop.ts: what the next agent must know although nothing is ordered by it. */
function isTurningPoint(before: AgentState, after: AgentState): boolean {
  return after.services.some((service, index) => {
    const old = before.services[index];
    return (
      old?.active !== service.active ||
      old.operation !== service.operation ||
      old.paused !== service.paused
    );
  });
}

/** The twin of isTold in src/agent/resume.ts. */
function isTold(state: AgentState, { service, record }: KnownEpoch): boolean {
  const known = state.services.find(({ name }) => name === service);
  if (known === undefined) return false;
  const epoch = record?.epoch ?? 0;
  return (
    known.epoch === epoch ||
    known.pending.some(
      (effect) => effect.type === 'acquireLease' && effect.expectedEpoch + 1 === epoch,
    )
  );
}
