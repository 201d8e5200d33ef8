import type { HealthReason, Refusal } from '../core/reasons.ts';
import type { AgentState, Incident, MemberState, ServiceState } from '../core/state.ts';
import type { ProcessChange, TrafficStats } from '../drivers/traffic/contract.ts';

// What the HTTP API may see and ask of the running agent.

export type CommandRequest =
  | { readonly type: 'switchover'; readonly service: string; readonly to: string | null }
  | { readonly type: 'failover'; readonly service: string; readonly to: string | null }
  | { readonly type: 'failback'; readonly service: string }
  | { readonly type: 'pause'; readonly service: string }
  | { readonly type: 'resume'; readonly service: string };

export type CommandAnswer =
  /** incident: the one that the command opened; null for pause and resume. */
  | { readonly accepted: true; readonly incident: number | null }
  | { readonly accepted: false; readonly refusal: Refusal };

/** An incident as kept on disk: its instants, and the wall-clock time it began for display. */
export type StoredIncident = { readonly incident: Incident; readonly startedWallMs: number };

/** One line of the agent's event stream, numbered without gaps for resuming. */
export type AgentEvent = {
  readonly id: number;
  readonly wallMs: number;
  readonly service: string;
} & AgentChange;

export type AgentChange =
  | { readonly kind: 'health'; readonly data: HealthChange }
  | { readonly kind: 'incident'; readonly data: IncidentChange }
  | { readonly kind: 'blocked'; readonly data: Refusal }
  | { readonly kind: 'status'; readonly data: StatusChange }
  /** The data plane ended, or is there again. */
  | { readonly kind: 'traffic'; readonly data: { readonly up: boolean } }
  /** One process of the data plane ended or was started. */
  | { readonly kind: 'proxy'; readonly data: ProcessChange }
  | { readonly kind: 'certificate'; readonly data: CertificateChange }
  /** A standby accepts clients before its activation. */
  | { readonly kind: 'acceptedEarly'; readonly data: { readonly member: string } };

/** Changed certificate files of the data plane are in use; fault not null: why not, so that the old ones are. */
export type CertificateChange = { readonly file: string; readonly fault: string | null };

export type HealthChange = Pick<MemberState, 'lifecycle' | 'pid' | 'repair'> & {
  readonly ready: boolean;
  readonly member: string;
  readonly health: string;
  readonly reason: HealthReason;
};

/** The incident with what is new of its timeline. */
export type IncidentChange = Incident & { readonly opened: boolean };

type StatusChange = Pick<ServiceState, 'phase' | 'epoch' | 'paused'> & {
  readonly active: string | null;
};

/** The agent's own cost and condition. */
export type AgentFigures = {
  readonly pid: number;
  readonly startedWallMs: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly events: number;
  readonly journalBytes: number;
  /** Events that could not be written since the agent started. */
  readonly journalLostEvents: number;
  /** How late the agent's own timers fire: 99th percentile over the last minute, ms. */
  readonly lagP99Ms: number;
  /** Time from the reading of an event to its effects being handed out: 99th percentile, ms. */
  readonly decisionP99Ms: number;
  /** Not null: the journal cannot be written, and why. */
  readonly journalFault: string | null;
};

export interface AgentView {
  state(): AgentState;
  /** The monotonic now, on the scale of every Instant in the state. */
  now(): number;
  wallNow(): number;
  figures(): AgentFigures;
  trafficStats(service: string): Promise<TrafficStats | null>;
  command(request: CommandRequest): CommandAnswer;
  /** Newest first. */
  incidents(options: { service: string | null; limit: number }): readonly StoredIncident[];
  incident(id: number): StoredIncident | null;
  /** Events after the given id that are still kept, oldest first. */
  eventsAfter(id: number): readonly AgentEvent[];
  subscribe(onEvent: (event: AgentEvent) => void): () => void;
}
