import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { CoreConfig } from '../core/config.ts';
import type { KnownEpoch } from '../core/event.ts';
import { InvariantError } from '../core/assert.ts';
import { STATE_VERSION, type AgentState } from '../core/state.ts';
import { step } from '../core/step.ts';
import { readBootId } from '../drivers/os/boot-id.ts';
import { foreignState } from './foreign-state.ts';
import { readNewestSegment } from './journal-reader.ts';

// What an agent that died knew last, by replay of the newest segment of its journal. Only a state that is the
// whole truth may be gone on from, so it is refused when it comes from another boot or another configuration,
// or when the leases tell of an epoch that the journal does not: the journal may fail while the agent acts on.

/** null: there is nothing to go on from; everything that still runs must end. */
export function readResumable(
  database: DatabaseSync,
  config: CoreConfig,
  epochs: readonly KnownEpoch[],
): AgentState | null {
  const segment = readNewestSegment(database, readBootId());
  // What was read went through JSON, so what it is compared with must too.
  if (segment === null || !isDeepStrictEqual(segment.config, JSON.parse(JSON.stringify(config))))
    return null;
  if (segment.state.version !== STATE_VERSION) {
    const { what, why, todo } = foreignState(segment.state);
    process.emitWarning(`${what}: ${why}; ${todo}`);
    return null;
  }
  let { state } = segment;
  try {
    for (const event of segment.events) ({ state } = step(config, state, event));
  } catch (error) {
    // A defect ended the former agent: its last event would end this one too.
    if (error instanceof InvariantError) return null;
    throw error;
  }
  return epochs.every((known) => isTold(state, known)) ? state : null;
}

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
