import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { STATE_VERSION } from '../../src/core/state.ts';
import { typesOf } from './types-of.ts';

// An agent goes on from a state, and a replay steps from one, only if its version is known. So whoever changes what a state looks
// like has to decide: can the states that were written before still be gone on from?

/** Where the types of a state are. */
const FILES = [
  'state.ts',
  'detect.ts',
  'expected-arrival.ts',
  'safety-margin.ts',
  'outlier-detection.ts',
  'local-health.ts',
  'effect.ts',
  'reasons.ts',
];
/** For each version the types that it was last seen with. */
const KNOWN: Readonly<Record<number, string>> = { 3: 'aa15ca07e7901ab1' };

function shapeOf(): string {
  const hash = createHash('sha256');
  for (const file of FILES) {
    const source = readFileSync(new URL(`../../src/core/${file}`, import.meta.url), 'utf8');
    for (const [name, body] of typesOf(source)) {
      // What follows the type in its file is code; the next blank line ends it.
      const [text = ''] = body.split('\n\n');
      hash.update(`${name} ${text.replaceAll(/\s+/g, ' ')}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

test('the types of a state have not changed under the same version', () => {
  assert.equal(
    shapeOf(),
    KNOWN[STATE_VERSION],
    'a type of src/core changed: if a state written before cannot be gone on from, raise STATE_VERSION; then enter the new shape here',
  );
});
