import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { relativeError } from './cases/case.ts';
import { CASES, casesPage } from './cases/page.ts';

for (const known of CASES) {
  test(`agrees with what is known: ${known.name}`, () => {
    const error = relativeError(known);
    assert.ok(known.tolerance <= 1e-5);
    assert.ok(error <= known.tolerance, `${known.ours} is not ${known.theirs}: off by ${error}`);
  });
}

test('there are many cases, and most are exact', () => {
  assert.ok(CASES.length >= 40, `${CASES.length}`);
  assert.ok(CASES.filter(({ tolerance }) => tolerance <= 1e-6).length >= 35);
});

test('docs/reference/model-cases.md lists the cases', () => {
  const url = new URL('../../docs/reference/model-cases.md', import.meta.url);
  assert.equal(readFileSync(url, 'utf8'), casesPage(), 'run: make docs');
});
