import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { referenceFiles } from '../../src/config/reference.ts';
import { ERRORS } from '../../src/errors.ts';

for (const [name, expected] of Object.entries(referenceFiles())) {
  test(`docs/${name} is what the program generates`, () => {
    const url = new URL(`../../docs/${name}`, import.meta.url);
    assert.equal(
      readFileSync(url, 'utf8'),
      expected,
      'run: node_modules/.bin/node src/config/reference.ts',
    );
  });
}

test('the list of errors names every code of the catalogue', () => {
  const page = referenceFiles()['reference/errors.md'] ?? '';
  for (const code of Object.keys(ERRORS)) assert.ok(page.includes(`| \`${code}\` |`), code);
});

test('the editor schema is closed at every level, so that editors mark misspelt keys too', () => {
  const open: string[] = [];
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('properties' in node && !('additionalProperties' in node)) open.push(at);
    for (const [key, below] of Object.entries(node)) visit(below, `${at}/${key}`);
  };
  const schema: unknown = parse(referenceFiles()['reference/hotwarm.schema.json'] ?? '');
  visit(schema, '');
  assert.deepEqual(open, []);
  assert.ok(typeof schema === 'object' && schema !== null && 'properties' in schema);
});

test('every key has a meaning in Chinese', () => {
  const page = referenceFiles()['zh-CN/reference/config.md'] ?? '';
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  assert.ok(rows.length > 150);
  const missing = rows.filter((row) => !/\p{Script=Han}/u.test(row.split(' | ').at(-1) ?? ''));
  assert.deepEqual(missing, []);
});
