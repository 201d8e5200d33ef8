import type { CoreConfig } from '../../core/config.ts';
import { step } from '../../core/step.ts';
import type { MakeChecker } from './contract.ts';

/** The journal's events alone, through JSON as on a disk, give the same effects and the same state byte for byte. */
export const replay: MakeChecker = (world, report) => ({
  rule: 'the journal replays to the same',
  lifeEnded: ({ host, initial, events, effects, last }) => {
    const config: CoreConfig = { host, services: world.options.services };
    let state = throughJson(initial);
    const again: string[] = [];
    world.replayed += events.length;
    for (const event of throughJson(events)) {
      const result = step(config, state, event);
      ({ state } = result);
      for (const effect of result.effects) again.push(JSON.stringify(effect));
    }
    const differs = effects.findIndex((effect, index) => JSON.stringify(effect) !== again[index]);
    if (differs !== -1 || effects.length !== again.length)
      report(`${host}: effect ${effects[differs]?.id} was ${again[differs]}`);
    else if (JSON.stringify(state) !== JSON.stringify(last))
      report(`${host}: the last state differs`);
  },
});

function throughJson<T>(value: T): T {
  const again: T = JSON.parse(JSON.stringify(value));
  return again;
}
