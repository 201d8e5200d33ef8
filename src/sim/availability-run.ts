import type { ServiceConfig } from '../core/config.ts';
import { nextTurningPoint } from '../core/deadlines.ts';
import type { Effect } from '../core/effect.ts';
import { activeHere, type AgentState, type Incident } from '../core/state.ts';
import type { FaultRates } from '../model/fault-rates.ts';
import { longestTolerated } from '../model/false-failovers.ts';
import type { Agent } from './agent.ts';
import type { HoldLimits } from './data-plane.ts';
import { skipIdleTime } from './skip-idle-time.ts';
import { AvailabilityRunFaults, type AvailabilityRunFault } from './availability-run-faults.ts';
import { NO_MISHAPS, type SimulationOptions } from './options.ts';
import { OutageLog, type Outage } from './outage-log.ts';
import { isIdle, isRoutine } from './is-idle.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Simulation } from './simulation.ts';
import { MS_PER_YEAR } from '../model/year.ts';

// Years of one service on one host: the real core in a simulation with the rates of the fault model. There are two clocks.
// Simulated time runs while anything happens. Calendar time counts the years: it also passes while the service is idle, when
// all members are in their desired state and no effect, suspicion or delay is pending. Then it jumps to the next fault, or
// to the next instant at which the controller would act by itself (a failback, a rehearsal, a restart), and the state is
// aged accordingly (skip-idle-time.ts). Simulated time resumes a random time before that, so that faults meet every phase
// of probes and leases.
// Service is checked after every event, so outages are measured to the microsecond.
// Left out: pauses of standbys, pauses of the active member that no detector would notice, and load. Clients send requests
// only occasionally, enough to notice a degraded member.

const US_PER_MS = 1000;
/** Required idle time before a skip. */
const CALM_MS = 800;
/** The same while a member is degraded: verdicts from client requests take longer. */
const GRAY_CALM_MS = 4000;
const STEP_MS = 50;
/** Shorter skips are not worth it. */
const LEAST_SKIP_MS = 500;
const LEAD_MS = 100;
/** Time limit until a started service serves for the first time. */
const START_LIMIT_MS = 600_000;

export type AvailabilityRunOptions = {
  readonly seed: number;
  readonly service: ServiceConfig;
  readonly hold: HoldLimits;
  /** False: a hung process still responds to probes. */
  readonly probesSeeHangs: boolean;
  readonly rates: FaultRates;
  readonly years: number;
  /** Off: simulates every probe, which is a thousand times slower; for comparison. */
  readonly skips: boolean;
  readonly onNews: (atMs: number, news: AvailabilityRunEvent) => void;
};

export type AvailabilityRunEvent =
  | { readonly type: 'fault'; readonly fault: AvailabilityRunFault }
  | { readonly type: 'incident'; readonly incident: Incident; readonly isFalse: boolean }
  | { readonly type: 'outage'; readonly outage: Outage };

export type AvailabilityRunResult = {
  readonly years: number;
  readonly outages: readonly Outage[];
  readonly failovers: number;
  /** Failovers of healthy or only paused members. */
  readonly falseFailovers: number;
  readonly planned: number;
  /** Steps of the core. */
  readonly steps: number;
  /** The simulated part of the years. */
  readonly livedMs: number;
};

export class AvailabilityRun {
  readonly #options: AvailabilityRunOptions;
  readonly #world: Simulation;
  readonly #calendar = new Scheduler();
  readonly #random: Random;
  readonly #faults: AvailabilityRunFaults;
  readonly #log = new OutageLog();
  readonly #calmMs: number;
  #stirredAt = 0;
  #failovers = 0;
  #falseFailovers = 0;
  #planned = 0;
  /** The newest incident that was counted. */
  #incident = 0;
  #isWell = true;

  constructor(options: AvailabilityRunOptions) {
    const { seed, service, rates } = options;
    const { intervalMs, timeoutMs } = service.detection;
    this.#options = options;
    this.#calmMs = Math.max(CALM_MS, 2 * (intervalMs + timeoutMs));
    this.#random = new Random(seed, 1);
    this.#world = new Simulation(worldOf(options), [
      () => ({
        rule: '',
        stepped: (agent, _event, before, effects) => this.#stepped(agent, before, effects),
      }),
    ]);
    this.#faults = new AvailabilityRunFaults({
      world: this.#world,
      calendar: this.#calendar,
      random: this.#random.split('faults'),
      rates,
      shortestPauseMs: longestTolerated(service.detection),
      activeName: () => this.#active,
      onFault: (fault) => {
        this.#stir();
        this.#tell({ type: 'fault', fault });
      },
      onBlame: (cause) => this.#log.blame(cause),
    });
  }

  run(): AvailabilityRunResult {
    const { years } = this.#options;
    this.#comeUp();
    this.#faults.schedule();
    const endUs = years * MS_PER_YEAR * US_PER_MS;
    while (this.#calendar.now < endUs) {
      const dueUs = Math.min(this.#calendar.nextAt ?? endUs, endUs);
      if (this.#options.skips) this.#skip(dueUs);
      const stepUs = Math.min(dueUs - this.#calendar.now, STEP_MS * US_PER_MS);
      this.#live(stepUs);
      this.#calendar.runUntil(this.#calendar.now + stepUs, () => this.#look());
    }
    this.#ended();
    return {
      years,
      outages: this.#log.outages,
      failovers: this.#failovers,
      falseFailovers: this.#falseFailovers,
      planned: this.#planned,
      steps: this.#world.steps,
      livedMs: this.#world.scheduler.now / US_PER_MS,
    };
  }

  get #active(): string | null {
    const [service] = this.#agent.state.services;
    return service === undefined ? null : activeHere(service);
  }

  get #agent(): Agent {
    const [agent] = this.#world.agents;
    if (agent === undefined) throw new RangeError('a life needs a host');
    return agent;
  }

  #comeUp(): void {
    const { scheduler } = this.#world;
    this.#world.begin();
    while (!this.#world.isWell && scheduler.now < START_LIMIT_MS * US_PER_MS)
      scheduler.runUntil(scheduler.now + STEP_MS * US_PER_MS);
  }

  #live(us: number): void {
    const { scheduler } = this.#world;
    const beganAt = scheduler.now;
    const calendarAt = this.#calendar.now;
    scheduler.runUntil(beganAt + us, () =>
      this.#look((calendarAt + scheduler.now - beganAt) / US_PER_MS),
    );
  }

  /** Checks after every event whether the service is served. */
  #look(atMs = this.#calendar.now / US_PER_MS): void {
    const { isWell } = this.#world;
    if (isWell === this.#isWell) return;
    this.#isWell = isWell;
    this.#stir();
    if (!isWell) {
      this.#log.begin(atMs, this.#faults.causeAt(this.#active) ?? 'planned');
    } else {
      const outage = this.#log.end(atMs);
      if (outage !== null) this.#tell({ type: 'outage', outage });
    }
  }

  #ended(): void {
    if (!this.#isWell) this.#log.end(this.#calendar.now / US_PER_MS);
  }

  #stir(): void {
    this.#stirredAt = this.#world.scheduler.now;
  }

  #tell(news: AvailabilityRunEvent): void {
    this.#options.onNews(this.#calendar.now / US_PER_MS, news);
  }

  #stepped(agent: Agent, before: AgentState, effects: readonly Effect[]): void {
    if (effects.some((effect) => !isRoutine(effect, before))) this.#stir();
    const incident = agent.state.services[0]?.incident ?? null;
    if (incident === null || incident.id <= this.#incident || before === agent.state) return;
    this.#incident = incident.id;
    const isFalse =
      incident.kind === 'failover' &&
      incident.from !== null &&
      !this.#faults.isFaulty(incident.from);
    // A takeover away from a member reveals its latent failure.
    this.#faults.found(incident.from);
    if (incident.kind === 'failover') this.#failovers += 1;
    else this.#planned += 1;
    if (isFalse) this.#falseFailovers += 1;
    this.#tell({ type: 'incident', incident, isFalse });
  }

  #skip(dueUs: number): void {
    const [host] = this.#world.hosts;
    if (host === undefined) return;
    // The controller cannot change anything until then.
    if (!host.up || this.#faults.isStuck) {
      this.#calendar.runUntil(dueUs - 1);
      return;
    }
    if (!this.#isIdle()) return;
    const { service } = this.#options;
    const { state, config } = this.#agent;
    const known = state.services[0];
    if (known === undefined) return;
    const turn = nextTurningPoint(config.host, service, known, state);
    const untilTurnMs = turn === null ? Number.POSITIVE_INFINITY : turn - host.now();
    const starting = this.#world.members.filter(
      ({ alive, readyAt }) => alive && readyAt > host.now(),
    );
    const untilReadyMs = Math.min(...starting.map(({ readyAt }) => readyAt - host.now()));
    const untilFaultMs = (dueUs - this.#calendar.now) / US_PER_MS;
    const leadMs = LEAD_MS + service.detection.intervalMs * (1 + this.#random.share());
    const skipMs = Math.floor(Math.min(untilTurnMs, untilReadyMs, untilFaultMs) - leadMs);
    if (skipMs < LEAST_SKIP_MS) return;
    this.#agent.continueFrom(skipIdleTime(state, skipMs));
    for (const member of starting) member.readyAt -= skipMs;
    this.#calendar.runUntil(this.#calendar.now + skipMs * US_PER_MS);
  }

  /** Nothing changes until the next fault or deadline. */
  #isIdle(): boolean {
    const { scheduler, members } = this.#world;
    const { running, state, host } = this.#agent;
    const isBad = members.some(({ name, lies, hung }) => (lies || hung) && name === this.#active);
    const calmMs = isBad ? Math.max(this.#calmMs, GRAY_CALM_MS) : this.#calmMs;
    return (
      running &&
      scheduler.now - this.#stirredAt >= calmMs * US_PER_MS &&
      !this.#faults.isAnythingShort &&
      isIdle(state, (name) =>
        members.some((member) => member.name === name && member.readyAt > host.now()),
      )
    );
  }
}

function worldOf({
  seed,
  service,
  hold,
  rates,
  probesSeeHangs,
}: AvailabilityRunOptions): SimulationOptions {
  const host = service.members[0]?.host;
  if (host === undefined || service.members.some((member) => member.host !== host))
    throw new RangeError('a life is that of members on one host');
  return {
    seed,
    hosts: [host],
    services: [service],
    replication: null,
    sendsEveryMs: 0,
    store: 'embedded',
    network: { latencyMs: { low: 0.02, high: 0.2 }, loss: 0, duplication: 0 },
    hold,
    clients: { count: 1, timeoutMs: 5000, pauseMs: { low: 20, high: 400 }, writes: 0 },
    drift: 0,
    faults: [],
    mishaps: NO_MISHAPS,
    safetyMs: 0,
    healMs: 0,
    replays: false,
    keepsTrace: false,
    isRecorded: false,
    probesSeeHangs,
    readyAfterMs: { low: rates.process.repairMs / 2, high: rates.process.repairMs * 4.5 },
  };
}
