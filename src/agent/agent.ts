import { monotonicMs } from '../clock.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import { unreachable } from '../core/assert.ts';
import type { Event, FoundMember } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import { DriverError } from '../drivers/driver-error.ts';
import { SocketHolderHandle } from '../drivers/socket-holder/handle.ts';
import { openStateDir, type StateDir } from '../drivers/store/database.ts';
import { openEmbeddedStore } from '../drivers/store/embedded.ts';
import type { LeaseStore } from '../drivers/store/contract.ts';
import { Runtime, type HeldService } from '../runtime/runtime.ts';
import type {
  AgentFigures,
  AgentView,
  CommandAnswer,
  CommandRequest,
  StoredIncident,
} from './contract.ts';
import { carryOutBy } from './carry-out.ts';
import { LoopMeter } from './latency-histogram.ts';
import { LinuxReadings } from './host-readings.ts';
import { openIncidentLog, type IncidentLog } from './incident-log.ts';
import { openJournal, type Journal } from './journal.ts';
import type { LocalService } from './local-service.ts';
import { makeLocalService } from './make-service.ts';
import { changes, EventStream } from './event-stream.ts';
import { leasesOf } from './store-leases.ts';
import { SYSTEM_TIME } from './system-time.ts';
import { releaseFormer } from './traffic/kinds.ts';

// Puts one agent together from its configuration: state directory, drivers, loop, view. A first start succeeds or leaves
// nothing behind. One that finds something of an earlier agent never fails because a part is in trouble: that part is
// tried again while the others serve, service by service. If it fails all the same it leaves everything as it found it.

const JOURNAL_LIMITS = { maxRows: 500_000, maxBytes: 128 * 1024 * 1024, segments: 64 };
const LEFTOVER_MS = 10_000;
/** Beyond the members' own stop timeout, until stopping is abandoned. */
const STOP_SLACK_MS = 5000;

export class Agent implements AgentView {
  readonly #config: ResolvedConfig;
  readonly #stateDir: StateDir;
  readonly #journal: Journal;
  readonly #incidentLog: IncidentLog;
  readonly #store: LeaseStore;
  readonly #socketHolder: SocketHolderHandle;
  readonly #services: readonly LocalService[];
  readonly #meter = new LoopMeter();
  readonly #readings = new LinuxReadings(monotonicMs);
  readonly #runtime: Runtime;
  readonly #stream = new EventStream(() => Date.now());
  readonly #startedWallMs = Date.now();
  /** Members run, or clients were served, since before this agent. */
  #findsEarlier = false;
  /** Those whose data plane could not be opened yet. */
  readonly #closedServices: LocalService[] = [];

  private constructor(config: ResolvedConfig, onDefect: (error: unknown) => void) {
    this.#config = config;
    this.#stateDir = openStateDir({ path: config.agent.stateDir, host: config.agent.host });
    this.#journal = openJournal(this.#stateDir.journal, JOURNAL_LIMITS);
    this.#incidentLog = openIncidentLog(this.#stateDir.journal);
    this.#store = openEmbeddedStore(this.#stateDir.leases);
    this.#socketHolder = new SocketHolderHandle(config.agent.stateDir);
    this.#services = config.services.map((service) =>
      makeLocalService(service, {
        ...config.agent,
        socketHolder: this.#socketHolder,
        saveIncident: (id) => this.#saveIncident(id),
        onEvent: (event) => this.#runtime.deliver(event),
        post: (draft) => this.#stream.post(draft),
      }),
    );
    this.#runtime = new Runtime({
      config: config.core,
      time: SYSTEM_TIME,
      journal: this.#journal,
      leases: leasesOf(this.#store),
      carryOut: carryOutBy(
        async (effect, signal) => await this.#service(effect.service).execute(effect, signal),
      ),
      readings: this.#readings,
      meter: this.#meter,
      relay: (deliver) => deliver(),
      onStep: (_event, before, after) => this.#tell(before, after),
      onDefect,
    });
  }

  /** Starts everything; resolves when the addresses are bound and the members are being started. */
  static async start(
    config: ResolvedConfig,
    options: { onDefect: (error: unknown) => void },
  ): Promise<Agent> {
    const agent = new Agent(config, options.onDefect);
    try {
      await agent.#begin();
      for (const service of agent.#closedServices) service.traffic?.openEventually();
      return agent;
    } catch (error) {
      await agent.undoStart();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.#runtime.start(
        {
          adopt: (known) => this.#adopt(known),
          prepare: (found, held, end) => void this.#prepare(found, held).then(end, reject),
          nextIncident: () => this.#incidentLog.nextIncident(),
        },
        (failure) =>
          failure === null ? resolve() : reject(new DriverError(failure.fault, failure.detail)),
      ),
    );
  }

  #adopt(state: AgentState): readonly FoundMember[] {
    return this.#services.flatMap((service) => {
      const known = state.services.find(({ name }) => name === service.name);
      return known === undefined ? [] : service.adopt(known);
    });
  }

  async #prepare(found: readonly FoundMember[], held: readonly HeldService[]): Promise<void> {
    const { stateDir } = this.#config.agent;
    this.#findsEarlier = found.length > 0 || held.length > 0;
    await this.#try('sockets of a former configuration stay open', async () => {
      await releaseFormer(this.#config.services, { stateDir, socketHolder: this.#socketHolder });
    });
    await Promise.all(this.#services.map(async (service) => await this.#open(service)));
    for (const { service, route } of held) {
      // The route is sent again with the first active member; until then a request may fail unnecessarily.
      await this.#service(service)
        .traffic?.route(route)
        .catch(() => {});
    }
    await this.#clearLeftovers(found);
  }

  async #open(service: LocalService): Promise<void> {
    const isOpen = await this.#try(`${service.name}: clients wait`, async () => {
      await service.traffic?.open();
    });
    if (!isOpen) this.#closedServices.push(service);
  }

  /** What is left of an earlier agent's members and is not adopted would hold ports, and serve beside the new ones. */
  async #clearLeftovers(found: readonly FoundMember[]): Promise<void> {
    const signal = AbortSignal.timeout(LEFTOVER_MS);
    const acting = this.#services.filter(
      (_, index) => this.#config.services[index]?.core.mode === 'manage',
    );
    await Promise.all(
      acting.map(async (service) => {
        const adopted = found.filter((one) => one.service === service.name);
        await this.#try(`${service.name}: a member is not started yet`, async () => {
          await service.clear(
            adopted.map(({ member }) => member),
            signal,
          );
        });
      }),
    );
  }

  /** Whether it succeeded. A first start fails with it; later ones continue, and retry what failed. */
  async #try(otherwise: string, part: () => Promise<void>): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      if (!this.#findsEarlier) throw error;
      process.emitWarning(
        `${otherwise}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return false;
    }
  }

  /** Ends a start that failed: what an earlier agent left runs on, what this one began is stopped. */
  async undoStart(): Promise<void> {
    await (this.#findsEarlier ? this.leave() : this.stop());
  }

  /** Stops members and data plane in an orderly way, then gives the leases back. */
  async stop(): Promise<void> {
    this.#runtime.close();
    this.#readings.close();
    const stopping = this.#config.services.map(async (service, index) => {
      const local = this.#services[index];
      const graceMs = service.core.timeouts.stopMs;
      await local?.traffic?.close();
      await local?.stop(graceMs, AbortSignal.timeout(graceMs + STOP_SLACK_MS));
    });
    const results = await Promise.allSettled(stopping);
    await this.#socketHolder.stop();
    await this.#store.close();
    this.#stateDir.close();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Ends the agent alone: members and data plane keep running, for the next agent to take over. */
  async leave(): Promise<void> {
    this.#runtime.close();
    this.#readings.close();
    for (const service of this.#services) {
      service.traffic?.leave();
      await service.leave();
    }
    this.#socketHolder.leave();
    await this.#store.close();
    this.#stateDir.close();
  }

  state(): AgentState {
    return this.#runtime.state;
  }

  now(): number {
    return monotonicMs();
  }

  wallNow(): number {
    return Date.now();
  }

  figures(): AgentFigures {
    const { user, system } = process.cpuUsage();
    return {
      pid: process.pid,
      startedWallMs: this.#startedWallMs,
      cpuSeconds: (user + system) / 1e6,
      rssBytes: process.memoryUsage.rss(),
      events: this.#runtime.events,
      journalBytes: this.#journal.bytes,
      journalLostEvents: this.#journal.lostEvents,
      lagP99Ms: this.#meter.lagMs.p99(),
      decisionP99Ms: this.#meter.decisionMs.p99(),
      journalFault: this.#journal.fault?.text.message.en ?? null,
    };
  }

  async trafficStats(service: string): ReturnType<AgentView['trafficStats']> {
    return (await this.#service(service).traffic?.stats()) ?? null;
  }

  /** Decided before it returns: the core answers a command in the step that takes it. */
  command(request: CommandRequest): CommandAnswer {
    const known = this.#config.services.some((service) => service.name === request.service);
    if (!known)
      return { accepted: false, refusal: { code: 'unknownService', service: request.service } };
    this.#runtime.deliver(commandEvent(request, this.now()));
    const service = this.#runtime.state.services.find(
      (candidate) => candidate.name === request.service,
    );
    const refusal = service?.lastCommand?.refusal ?? null;
    if (refusal !== null) return { accepted: false, refusal };
    const opens = request.type !== 'pause' && request.type !== 'resume';
    return { accepted: true, incident: opens ? (service?.incident?.id ?? null) : null };
  }

  incidents(options: { service: string | null; limit: number }): readonly StoredIncident[] {
    return this.#incidentLog.list(options);
  }

  incident(id: number): StoredIncident | null {
    return this.#incidentLog.get(id);
  }

  eventsAfter: AgentView['eventsAfter'] = (id) => this.#stream.after(id);

  subscribe: AgentView['subscribe'] = (onEvent) => this.#stream.subscribe(onEvent);

  #tell(before: AgentState, after: AgentState): void {
    for (const draft of changes(before, after)) this.#stream.post(draft);
  }

  #saveIncident(id: number): void {
    const service = this.#runtime.state.services.find((candidate) => candidate.incident?.id === id);
    const incident = service?.incident ?? null;
    if (incident === null) return;
    const startedWallMs = this.wallNow() - (this.now() - incident.startedAt);
    const fault = this.#incidentLog.save({ incident, startedWallMs });
    if (fault !== null) throw fault;
  }

  #service(name: string): LocalService {
    const service = this.#services.find((candidate) => candidate.name === name);
    if (service === undefined) throw new Error(`no service ${name}`);
    return service;
  }
}

function commandEvent(request: CommandRequest, at: number): Event {
  switch (request.type) {
    case 'switchover':
      return { type: 'switchoverRequested', at, service: request.service, to: request.to };
    case 'failover':
      return { type: 'failoverRequested', at, service: request.service, to: request.to };
    case 'failback':
      return { type: 'failbackRequested', at, service: request.service };
    case 'pause':
      return { type: 'pauseRequested', at, service: request.service };
    case 'resume':
      return { type: 'resumeRequested', at, service: request.service };
    default:
      return unreachable(request);
  }
}
