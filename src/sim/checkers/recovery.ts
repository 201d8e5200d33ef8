import { leadingMember } from '../../core/state.ts';
import type { MakeChecker } from './contract.ts';

/** After faults have stopped, a working member serves clients of every service again within the time limit. */
export const recovery: MakeChecker = (world, report) => ({
  rule: 'well again once faults stop',
  ended: () => {
    if (world.healedAfterMs !== null) return;
    const states = world.agents.flatMap(({ host, state }) =>
      state.services.map(
        (service) =>
          `${host.name}: ${service.name} ${service.phase} active ${leadingMember(service)}`,
      ),
    );
    report(`not within ${world.options.healMs} ms; ${states.join('; ')}`);
  },
});
