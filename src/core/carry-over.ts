import { assert } from './assert.ts';
import type { AgentState, ServiceFacts } from './state.ts';
import type { DurationMs, Instant } from './time.ts';
import type { StepContext } from './step-context.ts';

// What outlives an agent although nothing else of its state does: after a reboot, after a change of the configuration, or
// if nothing is left running. It is what the operator ordered, and what hotwarm remembers so that a service which keeps
// failing is not moved to and fro. It belongs to the service, so it is found by the service's name, whatever the
// configuration. Instants of another boot mean nothing, so it is told as ages and remaining times.
// What this does not guarantee: the time for which no agent ran counts only within one boot, so after a reboot the
// memory lasts longer, never shorter.

export type CarriedOver = {
  readonly service: string;
  readonly paused: boolean;
  readonly autoFailbackStopped: boolean;
  /** How long ago each remembered failover was, oldest first. */
  readonly failoverAgesMs: readonly DurationMs[];
  readonly degradedSwitchovers: { readonly count: number; readonly waitMs: DurationMs };
};

/** What the next agent must be told of each service. `at`: the instant from which ages are counted. */
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

/** Takes over what an earlier agent carried. */
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
    // The limit may be another one by now.
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
