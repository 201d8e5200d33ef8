// The library's public surface: load a configuration, run an agent, replay decisions.

export { Agent } from './agent/agent.ts';
export type {
  AgentView,
  CommandAnswer,
  CommandRequest,
  Notice,
  StoredIncident,
} from './agent/contract.ts';
export { loadConfig } from './config/load.ts';
export type { ResolvedConfig, ResolvedService, ResolvedMember } from './config/resolved.ts';
export type { CoreConfig, ServiceConfig } from './core/config.ts';
export type { Effect, LeaseRecord, Route } from './core/effect.ts';
export type { Event } from './core/event.ts';
export { initialState } from './core/initial.ts';
export type { AgentState, Incident, MemberState, ServiceState } from './core/state.ts';
export { nextDeadline, step } from './core/step.ts';
export { AppError, ERRORS, type ErrorCode } from './errors.ts';
