import { leadingMember } from '../../core/state.ts';
import type { MakeChecker } from './contract.ts';

/** Once faults have stopped, clients of every service are served by a fit member again within the budget. */
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
