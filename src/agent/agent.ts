import { monotonicMs } from '../clock.ts';
import type { ResolvedConfig } from '../config/resolved.ts';
import { unreachable } from '../core/assert.ts';
import type { Event, FoundMember, KnownEpoch } from '../core/event.ts';
import { HOLD } from '../core/route.ts';
import type { AgentState } from '../core/state.ts';
import { KeeperHandle } from '../drivers/keeper/handle.ts';
import { killLeftover } from '../drivers/member/process/leftover.ts';
import { openStateDir, type StateDir } from '../drivers/store/database.ts';
import { openEmbeddedStore } from '../drivers/store/embedded.ts';
import type { LeaseStore } from '../drivers/store/contract.ts';
import type {
  AgentFigures,
  AgentView,
  CommandAnswer,
  CommandRequest,
  StoredIncident,
} from './contract.ts';
import { HostSampler } from './host-sampler.ts';
import { openIncidentLog, type IncidentLog } from './incident-log.ts';
import { openJournal, type Journal } from './journal.ts';
import type { LocalService } from './local-service.ts';
import { AgentLoop } from './loop.ts';
import { makeLocalService } from './make-service.ts';
import { changes, NoticeBoard } from './notices.ts';
import { readResumable } from './resume.ts';
import { releaseFormer } from './traffic/kinds.ts';

// Puts one agent together from its configuration: state directory, drivers, loop, view. Whatever fails on
// the way is undone, so that a start either succeeds or leaves nothing behind.

const JOURNAL_LIMITS = { maxRows: 500_000, maxBytes: 128 * 1024 * 1024, segments: 64 };
const LEFTOVER_MS = 10_000;
/** Beyond the members' own stop time-out, until stopping is given up. */
const STOP_SLACK_MS = 5000;

export class Agent implements AgentView {
  readonly #config: ResolvedConfig;
  readonly #stateDir: StateDir;
  readonly #journal: Journal;
  readonly #incidentLog: IncidentLog;
  readonly #store: LeaseStore;
  readonly #keeper: KeeperHandle;
  readonly #services: readonly LocalService[];
  readonly #loop: AgentLoop;
  readonly #board = new NoticeBoard(() => Date.now());
  readonly #startedWallMs = Date.now();

  private constructor(config: ResolvedConfig, onDefect: (error: unknown) => void) {
    this.#config = config;
    this.#stateDir = openStateDir({ path: config.agent.stateDir, host: config.agent.host });
    this.#journal = openJournal(this.#stateDir.journal, JOURNAL_LIMITS);
    this.#incidentLog = openIncidentLog(this.#stateDir.journal);
    this.#store = openEmbeddedStore(this.#stateDir.leases);
    this.#keeper = new KeeperHandle(config.agent.stateDir);
    this.#services = config.services.map((service) =>
      makeLocalService(service, {
        ...config.agent,
        store: this.#store,
        keeper: this.#keeper,
        saveIncident: (id) => this.#saveIncident(id),
        onEvent: (event) => this.#loop.deliver(event),
        post: (draft) => this.#board.post(draft),
      }),
    );
    this.#loop = new AgentLoop({
      config: config.core,
      journal: this.#journal,
      now: monotonicMs,
      wallNow: Date.now,
      execute: async (effect, signal) =>
        await this.#service(effect.service).execute(effect, signal),
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
      return agent;
    } catch (error) {
      await agent.stop();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const epochs: KnownEpoch[] = [];
    for (const service of this.#services)
      epochs.push({ service: service.name, record: await service.knownLease() });
    const found = this.#adopt(epochs);
    const { stateDir } = this.#config.agent;
    await releaseFormer(this.#config.services, { stateDir, keeper: this.#keeper });
    for (const service of this.#services) await service.traffic?.open();
    await this.#holdClients(epochs, found);
    await this.#clearLeftovers(found);
    this.#loop.attach(
      new HostSampler({
        now: monotonicMs,
        onSample: (sample, at) => this.#loop.deliver({ type: 'hostSampled', at, ...sample }),
      }),
    );
    const at = this.now();
    if (found.length > 0) {
      this.#loop.deliver({ type: 'agentResumed', at, epochs, found });
      return;
    }
    const nextIncident = this.#incidentLog.nextIncident();
    this.#loop.deliver({ type: 'agentStarted', at, epochs, nextIncident });
  }

  /** Goes on where an agent that died left off, if its members still run and its journal is whole. */
  #adopt(epochs: readonly KnownEpoch[]): readonly FoundMember[] {
    const state = readResumable(this.#stateDir.journal, this.#config.core, epochs);
    if (state === null) return [];
    const found = this.#services.flatMap((service) => {
      const known = state.services.find(({ name }) => name === service.name);
      return known === undefined ? [] : service.adopt(known);
    });
    if (found.length > 0) this.#loop.resume(state);
    return found;
  }

  /** Where nothing is gone on with, clients wait in the data plane that was left, or they would meet each member's end. */
  async #holdClients(epochs: readonly KnownEpoch[], found: readonly FoundMember[]): Promise<void> {
    for (const { name, traffic } of this.#services) {
      const epoch = epochs.find(({ service }) => service === name)?.record?.epoch ?? 0;
      if (epoch === 0 || found.some(({ service }) => service === name)) continue;
      // It is told again with the first active; until then a request may fail where it need not.
      await traffic?.route({ epoch, ...HOLD }).catch(() => {});
    }
  }

  /** What is left of an earlier agent's members and is not gone on with would hold ports, and serve beside the new ones. */
  async #clearLeftovers(found: readonly FoundMember[]): Promise<void> {
    const { stateDir } = this.#config.agent;
    const signal = AbortSignal.timeout(LEFTOVER_MS);
    const leftovers = this.#config.services
      .filter((service) => service.core.mode === 'act')
      .flatMap(({ name: service, members }) =>
        members.map(({ name: member }) => ({ stateDir, service, member, signal })),
      )
      .filter(
        ({ service, member }) =>
          !found.some((one) => one.service === service && one.member === member),
      );
    await Promise.all(leftovers.map(async (leftover) => await killLeftover(leftover)));
  }

  /** Stops members and data plane in an orderly way, then gives the leases back. */
  async stop(): Promise<void> {
    this.#loop.close();
    const stopping = this.#config.services.map(async (service, index) => {
      const local = this.#services[index];
      const graceMs = service.core.timeouts.stopMs;
      await local?.traffic?.close();
      await local?.stop(graceMs, AbortSignal.timeout(graceMs + STOP_SLACK_MS));
    });
    const results = await Promise.allSettled(stopping);
    await this.#keeper.stop();
    await this.#store.close();
    this.#stateDir.close();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Ends the agent alone: members and data plane go on, for the next agent to take over. */
  async leave(): Promise<void> {
    this.#loop.close();
    for (const service of this.#services) {
      service.traffic?.leave();
      await service.leave();
    }
    this.#keeper.leave();
    await this.#store.close();
    this.#stateDir.close();
  }

  state(): AgentState {
    return this.#loop.state;
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
      events: this.#loop.events,
      journalBytes: this.#journal.bytes,
      lagP99Ms: this.#loop.lagMs.p99(),
      decisionP99Ms: this.#loop.decisionMs.p99(),
      journalFault: this.#journal.fault?.text.what ?? null,
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
    this.#loop.deliver(commandEvent(request, this.now()));
    const service = this.#loop.state.services.find(
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

  noticesAfter: AgentView['noticesAfter'] = (id) => this.#board.after(id);

  subscribe: AgentView['subscribe'] = (onNotice) => this.#board.subscribe(onNotice);

  #tell(before: AgentState, after: AgentState): void {
    for (const draft of changes(before, after)) this.#board.post(draft);
  }

  #saveIncident(id: number): void {
    const service = this.#loop.state.services.find((candidate) => candidate.incident?.id === id);
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
