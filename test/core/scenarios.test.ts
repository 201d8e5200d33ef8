import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isRecordedScenario, parseScenario, transcript } from '../../src/replay/scenario.ts';
import { walk } from '../../src/replay/verify.ts';
import { play } from './scenario.ts';

// Each failover story as a transcript; those that begin with `recording` were exported from a real journal by
// `hotwarm replay ID --export FILE`. After a change that alters them on purpose:
//   REWRITE=1 node --test test/core/scenarios.test.ts
// and review the difference line by line before it is committed.

const FOLDER = new URL('../scenarios/', import.meta.url);

for (const file of readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .toSorted()) {
  const url = new URL(file, FOLDER);
  const [script = '', expected = ''] = readFileSync(url, 'utf8').split(/^---\n/m);
  test(`${file.replace('.txt', '').replaceAll('-', ' ')}: ${script.split('\n')[0]?.replace('# ', '')}`, () => {
    const replayed = transcriptOf(script);
    if (process.env['REWRITE'] === '1') writeFileSync(url, `${script}---\n${replayed}`);
    else assert.equal(replayed, expected);
  });
}

function transcriptOf(script: string): string {
  if (!isRecordedScenario(script)) return play(script).transcript;
  const parsed = parseScenario(`${script}---\n`);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return `${transcript(walk(parsed.recording)).join('\n')}\n`;
}
