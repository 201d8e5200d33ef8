import { Counter, Gauge, Registry } from 'prom-client';
import type { AgentFigures, AgentView } from '../agent/contract.ts';
import { lagOf } from '../core/newest-copy.ts';
import type { ServiceState } from '../core/state.ts';
import type { TrafficStats } from '../drivers/traffic/contract.ts';
import { isActive, isReady, overallStatus, type Overall } from './status.ts';

// Prometheus metrics, computed at each scrape from the agent's state: no cost between scrapes. Units are seconds and
// bytes, as Prometheus recommends. Counters restart at zero with the agent.

export interface Metrics {
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const STATUS_VALUES: Readonly<Record<Overall, number>> = { DOWN: 0, DEGRADED: 1, OK: 2 };
const HEALTHS = ['unknown', 'starting', 'healthy', 'degraded', 'suspect', 'failed'] as const;
/** Limit per scrape; the next scrapes count the rest. */
const MAX_INCIDENTS_PER_SCRAPE = 200;

export function openMetrics(view: AgentView): Metrics {
  const registry = new Registry();
  const services = serviceGauges(registry);
  const members = memberGauges(registry);
  const traffic = trafficCounters(registry);
  const agent = agentGauges(registry);
  const countIncidents = incidentCounters(registry, view);
  return {
    render: async () => {
      const state = view.state();
      const stats = await Promise.all(
        state.services.map(async ({ name }) => [name, await view.trafficStats(name)] as const),
      );
      for (const reset of [services.reset, members.reset, traffic.reset, agent.reset]) reset();
      for (const service of state.services) {
        services.set(service);
        members.set(service);
      }
      for (const [name, one] of stats) if (one !== null) traffic.set(name, one);
      agent.set(view.figures());
      countIncidents();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

type Maker<Label extends string> = (name: string, help: string) => Gauge<Label>;

function gaugesOf<Label extends string>(
  registry: Registry,
  labelNames: readonly Label[],
): { readonly gauge: Maker<Label>; readonly reset: () => void } {
  const all: Gauge<Label>[] = [];
  return {
    gauge: (name, help) => {
      const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
      all.push(gauge);
      return gauge;
    },
    reset: () => {
      for (const gauge of all) gauge.reset();
    },
  };
}

function serviceGauges(registry: Registry): {
  readonly reset: () => void;
  readonly set: (service: ServiceState) => void;
} {
  const { gauge, reset } = gaugesOf(registry, ['service']);
  const status = gauge('hotwarm_service_status', 'Service status: 2 OK, 1 DEGRADED, 0 DOWN.');
  const epoch = gauge('hotwarm_service_epoch', 'Lease epoch; incremented on every takeover.');
  const paused = gauge(
    'hotwarm_service_paused',
    'Whether automatic actions are paused (1) or not (0).',
  );
  return {
    reset,
    set: (service) => {
      const labels = { service: service.name };
      status.set(labels, STATUS_VALUES[overallStatus(service)]);
      epoch.set(labels, service.epoch);
      paused.set(labels, Number(service.paused));
    },
  };
}

function memberGauges(registry: Registry): {
  readonly reset: () => void;
  readonly set: (service: ServiceState) => void;
} {
  const { gauge, reset } = gaugesOf(registry, ['service', 'member']);
  const active = gauge('hotwarm_member_active', 'Whether the member is active (1) or not (0).');
  const ready = gauge('hotwarm_member_ready', 'Whether the member is ready (1) or not (0).');
  const lag = gauge('hotwarm_member_lag_bytes', 'Replication lag behind the active member.');
  const states = gaugesOf(registry, ['service', 'member', 'health']);
  const health = states.gauge(
    'hotwarm_member_health',
    '1 for the current health of the member, 0 for the others.',
  );
  return {
    reset: () => {
      reset();
      states.reset();
    },
    set: (service) => {
      for (const member of service.members) {
        const labels = { service: service.name, member: member.name };
        active.set(labels, Number(isActive(service, member)));
        ready.set(labels, Number(isReady(service, member)));
        const lagBytes = lagOf(service, member);
        if (lagBytes !== null) lag.set(labels, lagBytes);
        for (const one of HEALTHS) {
          health.set({ ...labels, health: one }, Number(one === member.detector.health));
        }
      }
    },
  };
}

const TRAFFIC_TOTALS = [
  ['requests', 'hotwarm_requests_total', 'Requests accepted from clients.'],
  [
    'failed',
    'hotwarm_requests_failed_total',
    'Requests that failed without a complete response from a member.',
  ],
  ['replayed', 'hotwarm_requests_retried_total', 'Requests retried on another member.'],
  ['hedged', 'hotwarm_requests_hedged_total', 'Requests also sent to a second member (hedged).'],
  ['heldTotal', 'hotwarm_requests_held_total', 'Requests held until a member was ready.'],
  [
    'refused',
    'hotwarm_requests_unavailable_total',
    'Requests answered with 503 because no member was ready or the hold queue was full.',
  ],
  ['rejected', 'hotwarm_requests_invalid_total', 'Malformed requests, answered with a 4xx status.'],
  ['bytesIn', 'hotwarm_traffic_received_bytes_total', 'Bytes received from clients.'],
  ['bytesOut', 'hotwarm_traffic_sent_bytes_total', 'Bytes sent to clients.'],
] as const;

const LOSS_TOTALS = [
  ['processes', 'hotwarm_proxy_failures_total', 'Proxy processes that exited or hung.'],
  [
    'connections',
    'hotwarm_proxy_lost_connections_total',
    'Client connections lost with a proxy process (last reported value).',
  ],
  [
    'requests',
    'hotwarm_proxy_lost_requests_total',
    'In-flight requests lost with a proxy process (last reported value).',
  ],
] as const;

function trafficCounters(registry: Registry): {
  readonly reset: () => void;
  readonly set: (service: string, stats: TrafficStats) => void;
} {
  const each = ['service', 'process'] as const;
  const { gauge, reset } = gaugesOf(registry, each);
  const held = gauge('hotwarm_requests_waiting', 'Requests held now.');
  const connections = gauge('hotwarm_connections', 'Open client connections.');
  const counters = <Key extends string, Label extends string>(
    list: readonly (readonly [Key, string, string])[],
    labelNames: readonly Label[],
  ): readonly (readonly [Key, Counter<Label>])[] =>
    list.map(([key, name, help]) => [
      key,
      new Counter({ name, help, labelNames, registers: [registry] }),
    ]);
  const totals = counters(TRAFFIC_TOTALS, each);
  const losses = counters(LOSS_TOTALS, ['service']);
  return {
    reset: () => {
      reset();
      for (const [, counter] of totals) counter.reset();
      for (const [, counter] of losses) counter.reset();
    },
    set: (service, stats) => {
      for (const one of stats.processes) {
        const labels = { service, process: `${one.process}` };
        for (const [key, counter] of totals) counter.inc(labels, one[key]);
        held.set(labels, one.heldNow);
        connections.set(labels, one.connections);
      }
      for (const [key, counter] of losses) counter.inc({ service }, stats.losses[key]);
    },
  };
}

function agentGauges(registry: Registry): {
  readonly reset: () => void;
  readonly set: (figures: AgentFigures) => void;
} {
  const { gauge, reset } = gaugesOf<never>(registry, []);
  const counter = (name: string, help: string): Counter =>
    new Counter({ name, help, registers: [registry] });
  const cpu = counter('process_cpu_seconds_total', 'CPU time of the agent.');
  const events = counter('hotwarm_agent_events_total', 'Events processed by the decision logic.');
  const lost = counter(
    'hotwarm_agent_journal_lost_events_total',
    'Events that could not be written to the journal.',
  );
  const memory = gauge('process_resident_memory_bytes', 'Resident memory of the agent.');
  const started = gauge('process_start_time_seconds', 'Start time of the agent, in Unix time.');
  const journal = gauge('hotwarm_agent_journal_bytes', 'Size of the journal.');
  const fault = gauge(
    'hotwarm_agent_journal_write_failed',
    'Whether writing the journal fails (1) or not (0).',
  );
  const lag = gauge('hotwarm_agent_timer_lag_p99_seconds', 'p99 delay of the agent’s own timers.');
  const decision = gauge(
    'hotwarm_agent_decision_p99_seconds',
    'p99 time from an event to its decision.',
  );
  return {
    reset: () => {
      reset();
      cpu.reset();
      events.reset();
      lost.reset();
    },
    set: (figures) => {
      cpu.inc(figures.cpuSeconds);
      events.inc(figures.events);
      lost.inc(figures.journalLostEvents);
      memory.set(figures.rssBytes);
      started.set(figures.startedWallMs / 1000);
      journal.set(figures.journalBytes);
      fault.set(Number(figures.journalFault !== null));
      lag.set(figures.lagP99Ms / 1000);
      decision.set(figures.decisionP99Ms / 1000);
    },
  };
}

/** Counts each incident once, after its end; IDs only increase. */
function incidentCounters(registry: Registry, view: AgentView): () => void {
  const ended = new Counter({
    name: 'hotwarm_takeovers_total',
    help: 'Takeovers that have ended.',
    labelNames: ['service', 'kind', 'outcome'],
    registers: [registry],
  });
  const failovers = new Counter({
    name: 'hotwarm_failovers_total',
    help: 'Successful failovers.',
    labelNames: ['service'],
    registers: [registry],
  });
  const outage = new Counter({
    name: 'hotwarm_outage_seconds_total',
    help: 'Total time without an active member serving.',
    labelNames: ['service'],
    registers: [registry],
  });
  const newestId = (): number => view.incidents({ service: null, limit: 1 })[0]?.incident.id ?? 0;
  let countedId = newestId();
  return () => {
    const lastId = Math.min(newestId(), countedId + MAX_INCIDENTS_PER_SCRAPE);
    for (let id = countedId + 1; id <= lastId; id += 1) {
      const incident = view.incident(id)?.incident;
      if (incident?.outcome === 'underWay') break;
      countedId = id;
      if (incident === undefined || incident.observeOnly) continue;
      const { service, kind, outcome } = incident;
      ended.inc({ service, kind, outcome });
      if (kind === 'failover' && outcome === 'succeeded') failovers.inc({ service });
      outage.inc({ service }, (incident.outageMs ?? 0) / 1000);
    }
  };
}
