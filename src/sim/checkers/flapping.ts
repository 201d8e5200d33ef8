import type { Event } from '../../core/event.ts';
import type { Agent } from '../agent.ts';
import type { MakeChecker } from './contract.ts';

// No flapping: an agent fails back automatically only while the failovers that it knows within the window do not exceed the
// limit, and after faults have stopped it switches the service only a limited number of times.

/** Takeovers that may still be due when faults stop, besides one from each member. */
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
      // An agent without a recovered state does not know past failovers; an operator's failback resets them.
      if (event.type === 'agentStarted' || event.type === 'failbackRequested') failovers.clear();
      agent.state.services.forEach(({ operation }, index) => {
        const old = before.services[index]?.operation ?? null;
        if (operation === null || operation.kind === old?.kind || operation.kind === 'start')
          return;
        // A planned takeover that can no longer be aborted continues as a failover.
        const isNew = old === null || operation.kind !== 'failover' || old.kind === 'start';
        if (isNew) began(agent, index, event, operation.kind);
      });
    },
  };
};
