import { assert } from './assert.ts';
import type { AgentState, ServiceFacts } from './state.ts';
import type { DurationMs, Instant } from './time.ts';
import type { StepContext } from './step-context.ts';

// State that survives an agent even if nothing else does: after a reboot, after a change of the configuration, or if no
// process is left running. It consists of operators' commands and of the record of recent failovers, which prevents
// flapping. It belongs to the service and is found by the service's name, whatever the configuration. Instants of another
// boot are meaningless, so it contains ages and remaining times.
// Not guaranteed: time without an agent counts only within one boot. After a reboot the record lasts longer, never shorter.

export type CarriedOver = {
  readonly service: string;
  readonly paused: boolean;
  readonly autoFailbackStopped: boolean;
  /** Age of each remembered failover, oldest first. */
  readonly failoverAgesMs: readonly DurationMs[];
  readonly degradedSwitchovers: { readonly count: number; readonly waitMs: DurationMs };
};

/** The state to carry over for each service. `at`: the reference for ages. */
export function carriedOver(state: AgentState, at: Instant): readonly CarriedOver[] {
  return state.services.map((service) => ({
    service: service.name,
    paused: service.paused,
    autoFailbackStopped: service.autoFailbackStopped,
    failoverAgesMs: service.failovers.map((instant) => Math.max(0, at - instant)),
    degradedSwitchovers: {
      count: service.degradedSwitchovers.count,
      waitMs: Math.max(0, service.degradedSwitchovers.notBefore - at),
    },
  }));
}

/** Restores the carried state of an earlier agent. */
export function carryOver(context: StepContext, carried: readonly CarriedOver[]): void {
  const known = carried.find(({ service }) => service === context.config.name);
  if (known === undefined) return;
  assert(
    known.failoverAgesMs.every((ageMs) => ageMs >= 0),
    'what is remembered has happened',
  );
  const { failback } = context.config;
  const remembered: Partial<ServiceFacts> = {
    paused: known.paused,
    autoFailbackStopped: known.autoFailbackStopped,
    // The limit may have changed since.
    failovers: known.failoverAgesMs
      .map((ageMs) => context.at - ageMs)
      .slice(-(failback.maxFailovers + 1)),
    degradedSwitchovers: {
      count: known.degradedSwitchovers.count,
      notBefore: context.at + known.degradedSwitchovers.waitMs,
    },
  };
  context.service = { ...context.service, ...remembered };
}
