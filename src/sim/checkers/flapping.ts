import type { Event } from '../../core/event.ts';
import type { Agent } from '../agent.ts';
import type { MakeChecker } from './contract.ts';

// No flapping: an agent hands a service back by itself only while the failovers that it knows of within the window are no more
// than the limit, and once faults have stopped it moves the service only so often.

/** Moves that may still be due when faults stop, besides one away from each member. */
const SPARE = 2;

export const flapping: MakeChecker = (_world, report) => {
  const failovers = new Map<string, number[]>();
  const moves = new Map<string, number>();
  let isHealing = false;

  const began = (agent: Agent, index: number, event: Event, kind: string): void => {
    const config = agent.config.services[index];
    if (config === undefined) return;
    const key = `${agent.host.name}/${config.name}`;
    const { maxFailovers, windowMs } = config.failback;
    const recent = (failovers.get(key) ?? []).filter((at) => event.at - at < windowMs);
    if (kind === 'failover') failovers.set(key, [...recent, event.at]);
    if (kind === 'failback' && recent.length > maxFailovers)
      report(`${key}: handed back after ${recent.length} failovers in ${windowMs} ms`);
    const count = (moves.get(key) ?? 0) + (isHealing ? 1 : 0);
    moves.set(key, count);
    if (count > config.members.length + SPARE)
      report(`${key}: ${count} moves since faults stopped`);
  };

  return {
    rule: 'no flapping beyond the limit',
    healing: () => {
      isHealing = true;
    },
    stepped: (agent, event, before) => {
      // A new agent that goes on from nothing has no memory of failovers; the operator's failback wipes it out.
      if (event.type === 'agentStarted' || event.type === 'failbackRequested') failovers.clear();
      agent.state.services.forEach(({ operation }, index) => {
        const old = before.services[index]?.operation ?? null;
        if (operation === null || operation.kind === old?.kind || operation.kind === 'start')
          return;
        // A planned move that could not be taken back goes on as a failover.
        const isNew = old === null || operation.kind !== 'failover' || old.kind === 'start';
        if (isNew) began(agent, index, event, operation.kind);
      });
    },
  };
};
