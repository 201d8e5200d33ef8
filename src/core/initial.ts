import type { CoreConfig, ServiceConfig } from './config.ts';
import { idleDetector } from './detect.ts';
import { NO_LEASE } from './lease.ts';
import { startObserver } from './local-health.ts';
import { NO_REPAIR } from './rejoin.ts';
import { STATE_VERSION, type AgentState, type MemberState, type ServiceState } from './state.ts';
import type { Instant } from './time.ts';
import { absenceOf } from './temperature.ts';

/** The state before the first event: no process, no active member. */
export function initialState(config: CoreConfig, at: Instant): AgentState {
  return {
    version: STATE_VERSION,
    at,
    started: false,
    observer: startObserver(at),
    services: config.services.map((service) => initialService(service, at)),
    nextEffect: 1,
    nextIncident: 1,
    polling: null,
  };
}

function initialService(config: ServiceConfig, at: Instant): ServiceState {
  return {
    name: config.name,
    phase: 'starting',
    decidedAt: at,
    leadership: { who: 'nobody' },
    newest: null,
    epoch: 0,
    lease: NO_LEASE,
    paused: false,
    members: config.members.map((member) => initialMember(member, at)),
    operation: null,
    observing: null,
    route: null,
    usedFallback: null,
    routeNotBefore: at,
    failovers: [],
    degradedSwitchovers: { count: 0, notBefore: at },
    autoFailbackStopped: false,
    failbackNotBefore: at,
    trafficUp: true,
    pending: [],
    incident: null,
    lastCommand: null,
    refusals: [],
  };
}

function initialMember(config: ServiceConfig['members'][number], at: Instant): MemberState {
  return {
    name: config.name,
    host: config.host,
    temperature: config.temperature,
    role: 'standby',
    lifecycle: 'absent',
    capacity: 'full',
    pid: null,
    incarnation: 0,
    readySince: null,
    detector: idleDetector(at, absenceOf(config.temperature)),
    performance: {
      probeLatenciesMs: [],
      requests: 0,
      errors: 0,
      clientP95Ms: null,
      at,
    },
    position: null,
    rehearsedAt: null,
    primed: false,
    failedAt: null,
    fenced: true,
    rehearsingSince: null,
    followsEpoch: null,
    repair: NO_REPAIR,
    retryAt: at,
  };
}
