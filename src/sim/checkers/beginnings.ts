import type { EffectId } from '../../core/effect.ts';
import type { Agent } from '../agent.ts';
import type { MakeChecker } from './contract.ts';

// How effects begin: only once the journal knows why, unless the disk is full, and never once the core has taken them back.

export const journalFirst: MakeChecker = (_world, report) => ({
  rule: 'journal before act',
  began: (agent, effect) => {
    if (!agent.hasReasonFor(effect))
      report(`${agent.host.name}: #${effect.id} ${effect.type} began before it was flushed`);
  },
});

export const takenBack: MakeChecker = (_world, report) => {
  const cancelled = new Map<Agent, Set<EffectId>>();
  return {
    rule: 'what is taken back never begins',
    stepped: (agent, event, _before, effects) => {
      // A new process numbers its effects anew.
      if (event.type === 'agentStarted' || event.type === 'agentResumed') cancelled.delete(agent);
      for (const effect of effects)
        if (effect.type === 'cancelEffects')
          cancelled.set(agent, new Set([...(cancelled.get(agent) ?? []), ...effect.ids]));
    },
    began: (agent, { id, type }) => {
      if (cancelled.get(agent)?.has(id) === true)
        report(`${agent.host.name}: #${id} ${type} began although it was cancelled`);
    },
  };
};
