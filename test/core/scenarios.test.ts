import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { play } from './scenario.ts';

// Each failover story as a transcript. After a change that alters them on purpose:
//   REWRITE=1 node --test test/core/scenarios.test.ts
// and review the difference line by line before it is committed.

const FOLDER = new URL('../scenarios/', import.meta.url);

for (const file of readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .toSorted()) {
  const url = new URL(file, FOLDER);
  const [script = '', expected = ''] = readFileSync(url, 'utf8').split(/^---\n/m);
  test(`${file.replace('.txt', '').replaceAll('-', ' ')}: ${script.split('\n')[0]?.replace('# ', '')}`, () => {
    const { transcript } = play(script);
    if (process.env['REWRITE'] === '1') writeFileSync(url, `${script}---\n${transcript}`);
    else assert.equal(transcript, expected);
  });
}
