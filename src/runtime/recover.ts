import { InvariantError } from '../core/assert.ts';
import { carriedOver, type CarriedOver } from '../core/carry-over.ts';
import type { CoreConfig } from '../core/config.ts';
import type { KnownEpoch } from '../core/event.ts';
import type { AgentState } from '../core/state.ts';
import { step } from '../core/step.ts';
import type { Instant } from '../core/time.ts';
import type { Segment } from './ports.ts';

// What a crashed agent knew last, by replay of the newest segment of its journal. Only a state that is the whole truth
// may be continued from, so it is refused when it comes from another boot or another configuration, or when the leases
// tell of an epoch that the journal does not: the journal may fail while the agent continues to act. What belongs to the
// services rather than to the agent is carried over all the same.

/** The last agent, as its journal tells. */
export type FormerAgent = {
  readonly segment: Segment;
  readonly state: AgentState;
  /** All of its events can be replayed: no defect of the core ended it. */
  readonly isWhole: boolean;
};

/** null: the journal tells of none. */
export function formerAgent(segment: Segment | null): FormerAgent | null {
  return segment === null ? null : { segment, ...replayed(segment) };
}

/** The leases that the former agent knew, whatever configuration and boot it is from: epochs never fall. */
export function knownLeases(former: FormerAgent | null): readonly KnownEpoch[] {
  const services = former?.state.services ?? [];
  return services.map(({ name, lease }) => ({ service: name, record: lease.record }));
}

/** null: there is nothing to continue from; everything that still runs must end. */
export function recoverableState(
  former: FormerAgent | null,
  config: CoreConfig,
  epochs: readonly KnownEpoch[],
): AgentState | null {
  if (former === null) return null;
  const { segment, state, isWhole } = former;
  // The last event of an agent that a defect ended would end this one too.
  if (!segment.isOfThisBoot || !isSameData(segment.config, config) || !isWhole) return null;
  return epochs.every((known) => isTold(state, known)) ? state : null;
}

/** What an agent that does not recover must still know of its services, whatever configuration and boot the segment is from. */
export function carriedFrom(former: FormerAgent | null, now: Instant): readonly CarriedOver[] {
  if (former === null) return [];
  const { segment, state } = former;
  return carriedOver(state, segment.isOfThisBoot ? now : state.at);
}

/** As far as the events can be replayed: all of them, unless a defect of the core ended the agent. */
function replayed({ config, state: before, events }: Segment): {
  readonly state: AgentState;
  readonly isWhole: boolean;
} {
  let state = before;
  try {
    for (const event of events) ({ state } = step(config, state, event));
  } catch (error) {
    if (error instanceof InvariantError) return { state, isWhole: false };
    throw error;
  }
  return { state, isWhole: true };
}

/** What the next agent must know, should this one crash now, although nothing is ordered by it. */
export function isTurningPoint(before: AgentState, after: AgentState): boolean {
  return after.services.some((service, index) => {
    const old = before.services[index];
    return (
      old?.leadership !== service.leadership ||
      old.operation !== service.operation ||
      old.paused !== service.paused ||
      old.autoFailbackStopped !== service.autoFailbackStopped
    );
  });
}

/** Whether the state accounts for the epoch in the store. */
function isTold(state: AgentState, { service, record }: KnownEpoch): boolean {
  const known = state.services.find(({ name }) => name === service);
  if (known === undefined) return false;
  const epoch = record?.epoch ?? 0;
  return (
    known.epoch === epoch ||
    known.pending.some(
      (effect) => effect.type === 'acquireLease' && effect.expectedEpoch + 1 === epoch,
    )
  );
}

/** Of plain data, one of which may have been through JSON, which drops what is undefined. */
function isSameData(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSameData(one[key], other[key]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
