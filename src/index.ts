// The library's public surface: load a configuration, run an agent, replay decisions, predict availability.

export { Agent } from './agent/agent.ts';
export type {
  AgentView,
  CommandAnswer,
  CommandRequest,
  AgentEvent,
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
export { meanTimeTo, rewardUntil } from './model/absorption.ts';
export {
  type Block,
  type Component,
  blockReliability,
  kOutOfNReliability,
} from './model/blocks.ts';
export type { Chain, Distribution, Transition } from './model/chain.ts';
export {
  type FaultRate,
  type FaultRates,
  DEFAULT_FAULT_RATES,
  FAULT_RATE_SOURCES,
} from './model/fault-rates.ts';
export { type Importance, blockImportance } from './model/importance.ts';
export { type CrossCheck, type SimulatedEstimate, crossCheck } from './model/plan/cross-check.ts';
export { type Design, designsFor } from './model/plan/design-space.ts';
export { type Evaluation, evaluator } from './model/plan/evaluation.ts';
export type { PlanQuestion } from './model/plan/question.ts';
export { type Plan, planFor } from './model/plan/recommendation.ts';
export { startIn } from './model/initial.ts';
export {
  type Interval,
  type ShareInterval,
  rateInterval,
  shareInterval,
} from './model/intervals.ts';
export { type AgingGroup, type LifeEstimate, simulateLife } from './model/life-simulation.ts';
export { pairReliability } from './model/pair.ts';
export {
  type RepairableGroup,
  groupUnavailability,
  repairableChain,
  repairableMttf,
  repairableReliability,
} from './model/repairable-group.ts';
export { memberResources, resourceBill } from './model/resources.ts';
export { type DesignChain, designChain } from './model/design-chain.ts';
export {
  type Elasticity,
  type DesignFigures,
  downtimeElasticities,
  intervalUnavailability,
  designFigures,
  designMttfHours,
  designReliability,
} from './model/design-figures.ts';
export type { RedundancyDesign, StandbyClass } from './model/design.ts';
export { type StandbyGroup, groupMttf, groupReliability } from './model/standby-group.ts';
export { stationaryDistribution } from './model/stationary.ts';
export {
  type Reliability,
  exponentialReliability,
  fromReliability,
  fromUnreliability,
} from './model/reliability.ts';
export { intervalReward, transientSolution } from './model/transient.ts';
export {
  type Weibull,
  weibullHazard,
  weibullMean,
  weibullQuantile,
  weibullReliability,
  weibullWithMean,
} from './model/weibull.ts';
export { AppError, ERRORS, type ErrorCode } from './errors.ts';
