import type { Effect, LeaseRecord, Route } from '../../core/effect.ts';
import type { Event } from '../../core/event.ts';
import type { AgentState } from '../../core/state.ts';
import type { Agent } from '../agent.ts';
import type { DataPlane } from '../data-plane.ts';
import type { Life } from '../journal.ts';
import type { Member, Reply, Request } from '../member.ts';
import type { Simulation } from '../simulation.ts';

// A checker observes a simulation and reports violations. It sees more than any agent: the whole simulation in true time. It
// changes nothing and uses no randomness: a run is the same without it.

export type Violation = {
  /** The checker's name. */
  readonly rule: string;
  readonly atMs: number;
  readonly detail: string;
};

export type Checker = {
  readonly rule: string;
  /** After each step of an agent, once its effects have begun. */
  stepped?(agent: Agent, event: Event, before: AgentState, effects: readonly Effect[]): void;
  /** An effect begins, unless it is one on the lease. */
  began?(agent: Agent, effect: Effect): void;
  /** A data plane applied a route. */
  routed?(plane: DataPlane, before: Route | null): void;
  /** A data plane passed a response to a client. */
  answered?(plane: DataPlane, reply: Reply & { readonly type: 'ok' }, request: Request): void;
  /** A member became primary. */
  promoted?(member: Member): void;
  /** The store changed a lease. */
  leased?(service: string, record: LeaseRecord): void;
  /** An agent ended, or the run did. */
  lifeEnded?(life: Life): void;
  /** Faults stopped. */
  healing?(): void;
  /** The run ended. */
  ended?(): void;
};

/** A host sample in time: the agent is neither paused nor behind. */
export function isTimely(event: Event): boolean {
  return event.type === 'hostSampled' && event.lateMs < 1;
}

export type MakeChecker = (world: Simulation, report: (detail: string) => void) => Checker;
