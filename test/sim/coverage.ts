import { readdirSync, readFileSync } from 'node:fs';
import { initialState } from '../../src/core/initial.ts';
import type { Event } from '../../src/core/event.ts';
import type { Effect } from '../../src/core/effect.ts';
import type { CoreConfig } from '../../src/core/config.ts';
import type { AgentState } from '../../src/core/state.ts';
import { step } from '../../src/core/step.ts';
import type { MakeChecker } from '../../src/sim/checkers/contract.ts';
import { isRecordedScenario, parseScenario } from '../../src/replay/scenario.ts';
import { drawOptions } from '../../src/sim/swarm.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { play } from '../core/scenario.ts';
import { typesOf } from '../core/types-of.ts';

// Every word of the core's language, as its types list them, against every word that was said in the transcripts of
// test/scenarios and in simulated runs. A word is a field and its value: `type=fenceMember`, `code=lagging`.

const CORE = new URL('../../src/core/', import.meta.url);
const SCENARIOS = new URL('../scenarios/', import.meta.url);

/** Fields whose values are words; a union of plain strings is the type of one of these fields. */
const FIELDS: ReadonlySet<string> = new Set(['type', 'code', 'fault', 'reason', 'channel']);
const FIELD_OF: Readonly<Record<string, string>> = {
  ProbeFault: 'fault',
  EffectFault: 'fault',
  Channel: 'channel',
  HealthReason: 'reason',
};

/** What may be said. */
export function vocabulary(): ReadonlySet<string> {
  const words = new Set<string>();
  for (const file of ['event.ts', 'effect.ts', 'reasons.ts', 'state.ts'])
    for (const [name, body] of typesOf(readFileSync(new URL(file, CORE), 'utf8'))) {
      for (const [, field, value] of body.matchAll(/readonly (type|code): '(\w+)'/g))
        words.add(`${field}=${value}`);
      const field = FIELD_OF[name];
      if (field !== undefined)
        for (const [, value] of body.matchAll(/'(\w+)'/g)) words.add(`${field}=${value}`);
    }
  return words;
}

export class Said {
  readonly words = new Set<string>();
  readonly #seen = new WeakSet<object>();

  /** States share most of their parts: each is looked at once. */
  add(value: unknown): void {
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return;
    this.#seen.add(value);
    for (const [key, field] of Object.entries(value)) {
      if (typeof field === 'string' && FIELDS.has(key)) this.words.add(`${key}=${field}`);
      else this.add(field);
    }
  }

  scenarios(): void {
    for (const file of readdirSync(SCENARIOS).filter((name) => name.endsWith('.txt'))) {
      const text = readFileSync(new URL(file, SCENARIOS), 'utf8');
      if (isRecordedScenario(text)) {
        const parsed = parseScenario(text);
        if (parsed.ok)
          this.#replay(parsed.recording.config, parsed.recording.state, parsed.recording.events);
        continue;
      }
      const { world } = play(text.split(/^---\n/m)[0] ?? '');
      const first = world.events[0]?.at ?? 0;
      this.#replay(world.config, initialState(world.config, first), world.events);
    }
  }

  simulated(seeds: number): void {
    const listen: MakeChecker = () => ({
      rule: '',
      stepped: (agent, event, _before, effects) => this.#step(event, effects, agent.state),
    });
    for (let seed = 1; seed <= seeds; seed += 1)
      new Simulation({ ...drawOptions(seed, { hostsMax: 3 }), replays: false }, [listen]).run();
  }

  #replay(config: CoreConfig, from: AgentState, events: readonly Event[]): void {
    let state = from;
    for (const event of events) {
      const result = step(config, state, event);
      ({ state } = result);
      this.#step(event, result.effects, state);
    }
  }

  #step(event: Event, effects: readonly Effect[], state: AgentState): void {
    this.add(event);
    for (const effect of effects) this.add(effect);
    this.add(state.services);
  }
}
