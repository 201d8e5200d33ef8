import type { MakeChecker } from './contract.ts';

// Effects begin only after their reason is in the journal, unless the disk is full, and never after the core canceled them.

export const journalFirst: MakeChecker = (_world, report) => ({
  rule: 'journal before act',
  began: (agent, effect) => {
    if (!agent.hasReasonFor(effect))
      report(`${agent.host.name}: #${effect.id} ${effect.type} began before it was flushed`);
  },
});

export const takenBack: MakeChecker = (_world, report) => ({
  rule: 'what is taken back never begins',
  stepped: (agent, _event, _before, effects) => {
    for (const order of effects) {
      if (order.type !== 'cancelEffects') continue;
      for (const { effect, started } of agent.openEffects)
        if (!started && order.ids.includes(effect.id))
          report(`${agent.host.name}: #${effect.id} ${effect.type} still waits to begin`);
    }
  },
});
