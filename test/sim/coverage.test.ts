import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Said, vocabulary } from './coverage.ts';

const SEEDS = 100;

/** What the core has a word for and does not say itself; one that it does say no longer belongs here. */
const OF_OTHERS: Readonly<Record<string, string>> = {
  'code=unknownService': 'the agent says it, as the core is asked about its own services only',
};

test('every event, effect, reason, fault and channel of the core occurs in a transcript or a simulated run', () => {
  const words = vocabulary();
  for (const word of ['type=fenceMember', 'code=lagging', 'reason=silent', 'fault=portTaken'])
    assert.ok(words.has(word), `the types are read wrongly: no ${word}`);
  const said = new Said();
  said.scenarios();
  said.simulated(SEEDS);
  const unsaid = [...words].filter((word) => !said.words.has(word));
  assert.deepEqual(unsaid.toSorted(), Object.keys(OF_OTHERS).toSorted());
});
