import type { StoredLease } from '../runtime/ports.ts';
import { Agent } from './agent.ts';
import type { Checker, MakeChecker, Violation } from './checkers/contract.ts';
import { Client } from './client.ts';
import { HostClock } from './clock.ts';
import { DataPlane, type PlaneNews } from './data-plane.ts';
import { Faults } from './faults.ts';
import { History } from './history.ts';
import { Host } from './host.ts';
import { Member } from './member.ts';
import { Mishaps } from './mishaps.ts';
import { describeChange } from './narrate.ts';
import { Network } from './network.ts';
import type { SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { Copy } from './register.ts';
import { Replication } from './replication.ts';
import { Scheduler } from './scheduler.ts';
import type { ServiceOnHost } from './service-on-host.ts';
import { Store } from './store.ts';
import { Trace } from './trace.ts';

// The simulation of one run: hosts with one agent each, members, clients, the store, the network, and the data planes. Each
// part has its own file; here they are connected to each other and to the checkers.
//
//   clients ── network ── data plane ── network ── members ── replication
//                             │ route                │ probes, effects
//                           agent (core.step, runner, journal, keeper) ── network ── store
//
// A run has two phases. In the safety phase faults are active and no rule may be violated; in the liveness phase they have
// stopped, and everything must recover within healMs.
// Longer than most files because the parts depend on each other.

const BOOT_MS = { low: 300, high: 4000 } as const;
const WELL_FOR_MS = 3000;
const LOOK_MS = 500;

export class Simulation {
  readonly options: SimulationOptions;
  readonly scheduler = new Scheduler();
  readonly trace: Trace;
  readonly network: Network;
  readonly store = new Store();
  readonly history: History;
  readonly hosts: readonly Host[];
  readonly members: readonly Member[];
  readonly planes: readonly DataPlane[];
  readonly agents: readonly Agent[];
  readonly violations: Violation[] = [];
  /** Hosts, then the store, then the clients. */
  readonly nodes: number;
  steps = 0;
  replayed = 0;
  healedAfterMs: number | null = null;
  /** Number of histories too large for the linearizability check. */
  undecided = 0;
  readonly #random: Random;
  readonly #mishaps: Mishaps;
  readonly #checkers: Checker[];
  readonly #sites: readonly ServiceOnHost[];
  readonly #clients: readonly Client[];
  readonly #faults: Faults;
  #pids = 1000;
  #requests = 0;

  constructor(options: SimulationOptions, checkers: readonly MakeChecker[]) {
    this.options = options;
    this.trace = new Trace(options.keepsTrace);
    this.history = new History(options.isRecorded);
    this.#random = new Random(options.seed);
    this.#mishaps = new Mishaps(options.mishaps, this.#random.split('mishaps'));
    this.nodes = options.hosts.length + 2;
    this.network = new Network(
      this.nodes,
      options.network,
      this.#random.split('network'),
      this.scheduler,
    );
    this.hosts = options.hosts.map((name, node) => this.#makeHost(name, node));
    const replications = options.services.map(() =>
      options.replication === null
        ? null
        : new Replication(options.replication, options.sendsEveryMs, this.network),
    );
    this.members = options.services.flatMap((service, index) =>
      service.members.map((member) => this.#makeMember(member, replications[index] ?? null)),
    );
    this.planes = options.services.flatMap(({ name, members }) =>
      this.hosts.map((host) =>
        this.#makePlane(
          name,
          members.map((m) => m.name),
          host,
        ),
      ),
    );
    this.#sites = this.hosts.flatMap((host) =>
      options.services.map((_, index) => this.#makeSite(host, index, replications[index] ?? null)),
    );
    this.agents = this.hosts.map((host, index) => this.#makeAgent(host, index));
    this.#clients = options.services.flatMap((service) => this.#makeClients(service.name));
    this.#faults = new Faults(this);
    this.#checkers = checkers.map((make) => {
      const checker: Checker = make(this, (detail) => this.report(checker.rule, detail));
      return checker;
    });
    this.store.watch((key, current) => {
      if (current.record === null) return;
      for (const checker of this.#checkers) checker.leased?.(key, current.record);
      if (options.store === 'remote') this.#notice(key, current);
    });
  }

  begin(): void {
    this.#faults.schedule(this.options.faults);
    for (const agent of this.agents)
      this.scheduler.in(this.#random.integer(0, 200_000), () => agent.start());
    for (const client of this.#clients) client.start();
  }

  run(): void {
    this.begin();
    this.scheduler.runUntil(this.options.safetyMs * 1000);
    this.#heal();
    for (const client of this.#clients) client.stop();
    this.scheduler.runUntil(this.scheduler.now + this.options.clients.timeoutMs * 1000);
    for (const agent of this.agents) agent.endLife();
    for (const checker of this.#checkers) checker.ended?.();
  }

  report(rule: string, detail: string): void {
    if (this.violations.some((violation) => violation.rule === rule)) return;
    const atMs = this.scheduler.now / 1000;
    this.violations.push({ rule, atMs, detail });
    this.trace.line(this.scheduler.now, 'CHECK', `${rule}: ${detail}`);
  }

  /** Whether a working member serves the clients of every service. */
  get isWell(): boolean {
    return this.options.services.every(({ name }) =>
      this.planes.some((plane) => {
        if (plane.service !== name || !plane.up || !plane.host.up || plane.host.paused)
          return false;
        const member = this.members.find((candidate) => candidate.name === plane.aim);
        return member !== undefined && member.serves && !member.stopped && !member.lies;
      }),
    );
  }

  crashHost(host: Host): void {
    for (const agent of this.agents) if (agent.host === host) agent.crash();
    for (const member of this.members)
      if (member.host === host) {
        member.onExit = null;
        member.end();
      }
    for (const plane of this.planes) if (plane.host === host) plane.stop();
    host.crash();
  }

  bootHost(host: Host): void {
    if (host.up) return;
    host.up = true;
    const { low, high } = BOOT_MS;
    for (const agent of this.agents)
      if (agent.host === host)
        host.after(this.#random.skewed(low, high), () => {
          if (!agent.running) agent.start();
        });
  }

  /** Crashes a data plane; the agent restarts it; null: none to crash. */
  crashPlane(target: number): (() => void) | null {
    const plane = this.planes[target % this.planes.length];
    if (plane === undefined || !plane.up || !plane.host.up) return null;
    const agent = this.agents.find((candidate) => candidate.host === plane.host);
    plane.stop();
    const tell = (type: 'trafficLost' | 'trafficRestored'): void =>
      agent?.told(
        { type, at: plane.host.now(), service: plane.service },
        () => plane.up === (type === 'trafficRestored'),
      );
    plane.host.run(() => tell('trafficLost'));
    return () =>
      plane.host.run(() => {
        if (plane.up) return;
        plane.up = true;
        tell('trafficRestored');
      });
  }

  promoted(member: Member): void {
    for (const checker of this.#checkers) checker.promoted?.(member);
  }

  #heal(): void {
    this.#mishaps.end();
    this.#faults.endAll();
    this.network.heal();
    for (const host of this.hosts) this.bootHost(host);
    for (const checker of this.#checkers) checker.healing?.();
    const begunAt = this.scheduler.now;
    let wellSince: number | null = null;
    while (this.scheduler.now - begunAt < this.options.healMs * 1000) {
      this.scheduler.runUntil(this.scheduler.now + LOOK_MS * 1000);
      this.#resumePaused();
      wellSince = this.isWell ? (wellSince ?? this.scheduler.now) : null;
      if (wellSince === null || this.scheduler.now - wellSince < WELL_FOR_MS * 1000) continue;
      this.healedAfterMs = (wellSince - begunAt) / 1000;
      return;
    }
  }

  /** The operator resumes paused services, also after a resume that the agent missed. */
  #resumePaused(): void {
    for (const agent of this.agents)
      for (const { name: service, paused } of agent.state.services)
        if (paused) agent.told({ type: 'resumeRequested', at: agent.host.now(), service });
  }

  #makeHost(name: string, node: number): Host {
    const random = this.#random.split(name);
    const rate = 1 + this.options.drift * (2 * random.share() - 1);
    const clock = new HostClock(random.integer(0, 1_000_000), rate);
    return new Host({ name, node, clock, scheduler: this.scheduler });
  }

  #makeMember(
    { name, host }: { readonly name: string; readonly host: string },
    replication: Replication | null,
  ): Member {
    const member = new Member({
      name,
      host: this.#host(host),
      copy: replication === null ? null : new Copy(name),
      random: this.#random.split(name),
      replication,
      readyAfterMs: this.options.readyAfterMs,
      onPromoted: (promoted) => this.promoted(promoted),
    });
    replication?.add(member);
    return member;
  }

  #makePlane(service: string, names: readonly string[], host: Host): DataPlane {
    const plane: DataPlane = new DataPlane({
      service,
      host,
      network: this.network,
      members: this.members.filter(({ name }) => names.includes(name)),
      limits: this.options.hold,
      onNews: (news) => this.#planeNews(plane, news),
      onAnswer: (reply, request) => {
        for (const checker of this.#checkers) checker.answered?.(plane, reply, request);
      },
      onRoute: (before) => {
        for (const checker of this.#checkers) checker.routed?.(plane, before);
      },
    });
    return plane;
  }

  #planeNews(plane: DataPlane, news: PlaneNews): void {
    const agent = this.agents.find(({ host }) => host === plane.host);
    const base = { at: plane.host.now(), service: plane.service };
    agent?.told(
      news.type === 'failed'
        ? { type: 'trafficFailed', ...base, member: news.member, fault: news.fault, count: 1 }
        : { type: 'trafficFellBack', ...base, from: news.from, to: news.to },
    );
  }

  #makeSite(host: Host, index: number, replication: Replication | null): ServiceOnHost {
    const config = this.options.services[index];
    const plane = this.planes.find((p) => p.host === host && p.service === config?.name);
    if (config === undefined || plane === undefined) throw new RangeError('no such service');
    const names = config.members.map(({ name }) => name);
    const members = this.members.filter(({ name }) => names.includes(name));
    const { probesSeeHangs } = this.options;
    return { config, host, members, plane, replication, probesSeeHangs };
  }

  #makeAgent(host: Host, index: number): Agent {
    return new Agent({
      config: { host: host.name, services: this.options.services },
      host,
      sites: this.#sites.filter((site) => site.host === host),
      network: this.network,
      store: this.store,
      storeNode: this.options.store === 'embedded' ? host.node : this.hosts.length,
      mishaps: this.#mishaps,
      random: this.#random.split(`agent ${host.name}`),
      nextPid: () => (this.#pids += 1),
      keepsLives: this.options.replays,
      onBegan: (agent, effect) => {
        for (const checker of this.#checkers) checker.began?.(agent, effect);
      },
      onLifeEnded: (life) => {
        for (const checker of this.#checkers) checker.lifeEnded?.(life);
      },
      onStep: (agent, event, before, effects) => {
        this.steps += 1;
        if (this.options.isRecorded) {
          this.trace.add(index, event);
          for (const effect of effects) this.trace.add(index, effect);
        }
        if (this.trace.lines !== null)
          this.trace.line(
            this.scheduler.now,
            host.name,
            describeChange(event, before, agent.state, effects),
          );
        for (const checker of this.#checkers) checker.stepped?.(agent, event, before, effects);
      },
      onDefect: (agent, error) => this.#defect(agent, error),
    });
  }

  #defect(agent: Agent, error: unknown): void {
    const text = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
    this.report('no broken invariant', `${agent.host.name}: ${text}`);
    agent.host.after(BOOT_MS.low, () => {
      if (!agent.running) agent.start();
    });
  }

  #makeClients(service: string): readonly Client[] {
    const { count, timeoutMs, pauseMs, writes } = this.options.clients;
    return Array.from(
      { length: count },
      (_, number) =>
        new Client({
          number,
          node: this.nodes - 1,
          planes: this.planes.filter((plane) => plane.service === service),
          network: this.network,
          scheduler: this.scheduler,
          random: this.#random.split(`client ${service} ${number}`),
          history: this.history,
          timeoutMs,
          pauseMs,
          writes,
          nextRequest: () => (this.#requests += 1),
        }),
    );
  }

  #notice(service: string, stored: StoredLease): void {
    for (const agent of this.agents)
      this.network.send({
        from: this.hosts.length,
        to: agent.host.node,
        stream: 'watch',
        repeatable: true,
        deliver: () => agent.host.run(() => agent.leaseChanged(service, stored)),
      });
  }

  #host(name: string): Host {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) throw new RangeError(`no host ${name}`);
    return host;
  }
}
