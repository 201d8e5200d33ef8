import { lagOf } from '../core/newest-copy.ts';
import {
  activeHere,
  leadingMember,
  type AgentState,
  type Incident,
  type MemberState,
  type Phase,
  type ServiceState,
} from '../core/state.ts';
import { unreachable } from '../core/assert.ts';
import type { StepTimes } from '../core/state.ts';
import { standingOf, type Temperature } from '../core/temperature.ts';

// The one-word status of a service, and the status document of the API and of `hotwarm status --json`. A pure function
// of the agent's state. The document is a contract with users' scripts: fields can be added, but are never renamed.
//
//   OK        a healthy member is serving and another one could take over now.
//   DEGRADED  a member is serving, but degraded; or the next failure would not be covered: no standby is ready, the
//             active member is suspected, a takeover is in progress, or automatic actions are paused.
//   DOWN      no member is serving.
// A standby host reports what it knows: OK if one of its members could take over.

export type Overall = 'OK' | 'DEGRADED' | 'DOWN';

export type StatusReport = { readonly services: Readonly<Record<string, ServiceReport>> };

export type ServiceReport = {
  readonly active: string | null;
  /** Host of the active member, only if it is not this one. */
  readonly activeHost?: string;
  readonly epoch: number;
  readonly phase: Phase;
  readonly paused: boolean;
  /** False: the data plane is down. A proxy's clients are refused; members that share a socket keep serving. */
  readonly trafficUp: boolean;
  readonly members: Readonly<Record<string, MemberReport>>;
  readonly lastIncident: IncidentReport | null;
};

type MemberReport = {
  readonly role: 'active' | 'standby';
  readonly temperature: Temperature;
  readonly health: string;
  readonly ready: boolean;
  readonly pid: number | null;
  readonly lagBytes: number | null;
  /** Code of the reason for the health. */
  readonly reason: string;
};

type IncidentReport = {
  readonly id: number;
  readonly cause: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly outageMs: number | null;
  readonly steps: StepTimes;
  /** Only in observe-only mode: no action was taken. */
  readonly observeOnly?: true;
};

type BriefService = {
  readonly status: Overall;
  readonly active: string | null;
  readonly activeHost?: string;
  readonly epoch: number | null;
};

export type BriefStatus = BriefService & {
  /** Only if there are several services. */
  readonly services?: Readonly<Record<string, BriefService>>;
};

const SEVERITY: readonly Overall[] = ['OK', 'DEGRADED', 'DOWN'];

export function reportStatus(state: AgentState): StatusReport {
  const services = state.services.map((service) => [service.name, reportService(service)] as const);
  return { services: Object.fromEntries(services) };
}

/** The worst status of all services; with active member and epoch if there is only one service. */
export function briefStatus(state: AgentState): BriefStatus {
  const [only, ...others] = state.services;
  if (only !== undefined && others.length === 0) return briefService(only);
  const services = state.services.map((service) => [service.name, briefService(service)] as const);
  return {
    status: worst(services.map(([, brief]) => brief.status)),
    active: null,
    epoch: null,
    services: Object.fromEntries(services),
  };
}

export function overallStatus(service: ServiceState): Overall {
  if (!isServed(service)) return 'DOWN';
  const active = service.members.find(({ name }) => name === activeHere(service));
  const isCovered = service.members.some((member) => couldTakeOver(service, member));
  // Only the other host knows the health of its active member.
  if (service.phase === 'standingBy') return isCovered && !service.paused ? 'OK' : 'DEGRADED';
  const isCalm = service.phase === 'steady' || service.phase === 'observing';
  const isSound = active?.detector.health === 'healthy' && service.usedFallback === null;
  return isCalm && isSound && isCovered && !service.paused ? 'OK' : 'DEGRADED';
}

function isServed(service: ServiceState): boolean {
  if (!service.trafficUp) return false;
  // An allowed fallback serves while the agent still decides.
  if (service.usedFallback !== null) return true;
  if (service.phase === 'starting' || service.phase === 'down') return false;
  if (service.phase === 'standingBy') return true;
  const active = service.members.find(({ name }) => name === activeHere(service));
  return active !== undefined && active.detector.health !== 'failed';
}

/** Whether the member is serving or could serve: it was ready, is not suspected and is not being stopped. */
export function isReady(
  { pending }: ServiceState,
  { name, readySince, detector }: MemberState,
): boolean {
  const isEnding = pending.some(
    (effect) =>
      (effect.type === 'fenceMember' || effect.type === 'stopMember') && effect.member === name,
  );
  return readySince !== null && detector.health !== 'failed' && !isEnding;
}

function couldTakeOver(service: ServiceState, member: MemberState): boolean {
  if (isActive(service, member)) return false;
  if (standingOf(member.temperature) !== 'absent') return isReady(service, member);
  // A cold standby is not running; it must be startable.
  return member.detector.health !== 'failed' && member.repair.fault === null;
}

function worst(all: readonly Overall[]): Overall {
  return SEVERITY[Math.max(0, ...all.map((one) => SEVERITY.indexOf(one)))] ?? 'DOWN';
}

function briefService(service: ServiceState): BriefService {
  const status = overallStatus(service);
  return { status, active: leadingMember(service), ...leadingHost(service), epoch: service.epoch };
}

function leadingHost({ leadership }: ServiceState): { readonly activeHost?: string } {
  return leadership.who === 'elsewhere' ? { activeHost: leadership.host } : {};
}

/** Whether this is the active member, here or on another host. */
export function isActive({ leadership }: ServiceState, { name, host }: MemberState): boolean {
  switch (leadership.who) {
    case 'nobody':
      return false;
    case 'here':
      return leadership.member === name;
    case 'elsewhere':
      return leadership.member === name && leadership.host === host;
    default:
      return unreachable(leadership);
  }
}

function reportService(service: ServiceState): ServiceReport {
  const members = service.members.map(
    (member) => [member.name, reportMember(service, member)] as const,
  );
  return {
    active: leadingMember(service),
    ...leadingHost(service),
    epoch: service.epoch,
    phase: service.phase,
    paused: service.paused,
    trafficUp: service.trafficUp,
    members: Object.fromEntries(members),
    lastIncident: service.incident === null ? null : reportIncident(service.incident),
  };
}

function reportMember(service: ServiceState, member: MemberState): MemberReport {
  return {
    role: isActive(service, member) ? 'active' : member.role,
    temperature: member.temperature,
    health: member.detector.health,
    ready: isReady(service, member),
    pid: member.pid,
    lagBytes: lagOf(service, member),
    reason: member.detector.reason,
  };
}

function reportIncident(incident: Incident): IncidentReport {
  const { id, cause, from, to, outageMs, steps, observeOnly } = incident;
  const base = { id, cause: cause.code, from, to, outageMs, steps };
  return observeOnly ? { ...base, observeOnly } : base;
}
