import type {
  AgentFigures,
  AgentView,
  CommandAnswer,
  CommandRequest,
  AgentEvent,
  StoredIncident,
} from '../../src/agent/contract.ts';
import type { ServiceConfig } from '../../src/core/config.ts';
import type { Health } from '../../src/core/detect.ts';
import { initialState } from '../../src/core/initial.ts';
import type { AgentState, Incident, MemberState, ServiceState } from '../../src/core/state.ts';
import type { TrafficCounts, TrafficStats } from '../../src/drivers/traffic/contract.ts';

// An agent made of plain data, for what only looks at one.

export const WALL_MS = Date.UTC(2026, 10, 24, 4, 0, 0);

const serviceConfig: ServiceConfig = {
  name: 'shop',
  kind: 'process',
  exclusive: false,
  release: 'drain',
  abilities: { promote: false, demote: false, rejoin: false, position: false },
  members: [
    { name: 'a', host: 'h1', temperature: 'hot' },
    { name: 'b', host: 'h1', temperature: 'warm' },
  ],
  detection: {
    intervalMs: 100,
    timeoutMs: 300,
    maxSilenceMs: 500,
    falseSuspicionEveryMs: 86_400_000,
  },
  takeover: {
    p95Ms: 200,
    lagBytes: null,
    maxRehearsalAgeMs: null,
    degraded: 'serve',
    probationMs: 5000,
    errorShare: 0.05,
  },
  failback: { mode: 'auto', afterMs: 30_000, maxFailovers: 5, windowMs: 600_000 },
  lease: { durationMs: 3000, renewIntervalMs: 1000, marginMs: 500 },
  restart: { backoffMs: 1000, maxBackoffMs: 60_000, resetAfterMs: 60_000 },
  primeMs: null,
  degraded: { action: 'report', backoffMs: 60_000 },
  timeouts: {
    startMs: 5000,
    readyMs: 10_000,
    stopMs: 5000,
    fenceMs: 2000,
    promoteMs: 5000,
    demoteMs: 5000,
    rejoinMs: 60_000,
    drainMs: 5000,
    storeMs: 1000,
    switchMs: 1000,
  },
  mode: 'manage',
};

/** Services that are well: a serves and b stands by, ready. */
export function wellState(names: readonly string[] = ['shop']): AgentState {
  const services = names.map((name) => ({ ...serviceConfig, name }));
  const state = initialState({ host: 'h1', services }, 1000);
  return { ...state, started: true, services: state.services.map(makeWell) };
}

function makeWell(service: ServiceState): ServiceState {
  return {
    ...service,
    phase: 'steady',
    leadership: { who: 'here', member: 'a' },
    epoch: 3,
    trafficUp: true,
    members: service.members.map((member, index) => ({
      ...withHealth(member, 'healthy'),
      role: member.name === 'a' ? 'active' : 'standby',
      lifecycle: 'running',
      readySince: 1000,
      pid: 4000 + index,
    })),
  };
}

export function withHealth(member: MemberState, health: Health): MemberState {
  const reason = health === 'healthy' ? 'answering' : 'silent';
  return { ...member, detector: { ...member.detector, health, reason } };
}

export function changeService(
  state: AgentState,
  name: string,
  change: (service: ServiceState) => ServiceState,
): AgentState {
  const services = state.services.map((one) => (one.name === name ? change(one) : one));
  return { ...state, services };
}

export function changeMember(
  state: AgentState,
  name: string,
  change: (member: MemberState) => MemberState,
): AgentState {
  return changeService(state, 'shop', (service) => ({
    ...service,
    members: service.members.map((member) => (member.name === name ? change(member) : member)),
  }));
}

/** A failover from a to b with everything an explanation can hold. */
export function makeIncident(id: number, changes: Partial<Incident> = {}): StoredIncident {
  const evidence = {
    at: 2000,
    channel: 'exit',
    fact: { code: 'exited', exitCode: null, signal: 'SIGKILL' },
  } as const;
  const incident: Incident = {
    id,
    service: 'shop',
    kind: 'failover',
    cause: { code: 'memberFailed', member: 'a', reason: 'exited' },
    from: 'a',
    to: 'b',
    epoch: 4,
    observeOnly: false,
    outcome: 'succeeded',
    wellUntil: 1990,
    startedAt: 2000,
    verdictAt: 2000.4,
    servedAt: 2009,
    endedAt: 7009,
    outageMs: 19,
    steps: { detectMs: 0.4, decideMs: 0.2, fenceMs: 3.1, promoteMs: null, switchMs: 4.5 },
    evidence: [evidence],
    candidates: [
      { member: 'b', refusals: [] },
      { member: 'c', refusals: [{ code: 'tooSlow', p95Ms: 350, limitMs: 200 }] },
    ],
    timeline: [
      { at: 2000, code: 'evidence', member: 'a', evidence },
      { at: 2000.4, code: 'verdict', member: 'a', health: 'failed', reason: 'exited' },
      { at: 2000.5, code: 'chosen', member: 'b', degraded: false },
      { at: 2000.6, code: 'ordered', effect: 'switchTraffic', id: 9, member: null },
      { at: 2005.1, code: 'done', effect: 'switchTraffic', id: 9, tookMs: 4.5 },
      { at: 2009, code: 'served', member: 'b' },
      { at: 7009, code: 'ended', outcome: 'succeeded' },
    ],
    ...changes,
  };
  return { incident, startedWallMs: WALL_MS };
}

export const figures: AgentFigures = {
  pid: 3999,
  startedWallMs: WALL_MS,
  cpuSeconds: 1.5,
  rssBytes: 80_000_000,
  events: 1234,
  journalBytes: 5678,
  journalLostEvents: 7,
  lagP99Ms: 1.2,
  decisionP99Ms: 0.3,
  journalFault: null,
};

const counts: TrafficCounts = {
  requests: 1000,
  failed: 2,
  replayed: 3,
  hedged: 4,
  heldNow: 5,
  heldTotal: 6,
  refused: 7,
  rejected: 8,
  connections: 9,
  inFlight: { a: 1, b: 0 },
  bytesIn: 10_000,
  bytesOut: 20_000,
};

export const trafficStats: TrafficStats = {
  ...counts,
  processes: [{ process: 0, pid: 4242, ...counts }],
  losses: { processes: 10, connections: 11, requests: 12 },
};

export class FakeView implements AgentView {
  current: AgentState = wellState();
  stored: StoredIncident[] = [];
  events: AgentEvent[] = [];
  answer: CommandAnswer = { accepted: true, incident: 7 };
  readonly commands: CommandRequest[] = [];
  readonly listeners = new Set<(event: AgentEvent) => void>();

  state(): AgentState {
    return this.current;
  }

  now(): number {
    return 10_000;
  }

  wallNow(): number {
    return WALL_MS + 8000;
  }

  figures(): AgentFigures {
    return figures;
  }

  async trafficStats(service: string): Promise<TrafficStats | null> {
    return service === 'shop' ? trafficStats : null;
  }

  command(request: CommandRequest): CommandAnswer {
    this.commands.push(request);
    return this.answer;
  }

  incidents(options: { service: string | null; limit: number }): readonly StoredIncident[] {
    return this.stored
      .filter(({ incident }) => options.service === null || incident.service === options.service)
      .toSorted((left, right) => right.incident.id - left.incident.id)
      .slice(0, options.limit);
  }

  incident(id: number): StoredIncident | null {
    return this.stored.find(({ incident }) => incident.id === id) ?? null;
  }

  eventsAfter(id: number): readonly AgentEvent[] {
    return this.events.filter((event) => event.id > id);
  }

  subscribe(onEvent: (event: AgentEvent) => void): () => void {
    this.listeners.add(onEvent);
    return () => {
      this.listeners.delete(onEvent);
    };
  }

  /** As the agent does: kept, and told to everyone. */
  publish(event: AgentEvent): void {
    this.events.push(event);
    for (const listener of this.listeners) listener(event);
  }
}

export function makeAgentEvent(id: number): AgentEvent {
  const data = { phase: 'steady', active: 'a', epoch: 3, paused: false } as const;
  return { id, wallMs: WALL_MS + id, service: 'shop', kind: 'status', data };
}

/** For a server of which no defect is expected. */
export function failOn(defect: unknown): never {
  throw defect;
}
