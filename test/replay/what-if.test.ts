import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { ServiceConfig } from '../../src/core/config.ts';
import { compare } from '../../src/replay/comparison.ts';
import type { Recording } from '../../src/replay/recording.ts';
import { walk } from '../../src/replay/verify.ts';
import { type WhatIf, whatIf } from '../../src/replay/what-if.ts';
import { incidentIn } from '../../src/replay/timeline.ts';
import { play } from '../core/scenario.ts';
import { record } from './recorded.ts';

const FOLDER = new URL('../scenarios/', import.meta.url);

const CRASH = 'start\nrun 1000\nexit a\nrun 3000\n';
const HANG = 'start\nrun 3000\nhang a\nrun 6000\n';
/** It hangs for as long as it is not yet given up, and is stopped by the operator later. */
const SHORT_HANG = 'start\nrun 3000\nhang a\nrun 450\nwake a\nrun 2000\nfailover b\nrun 4000\n';

function ask(
  recording: Recording,
  change: (service: ServiceConfig) => Partial<ServiceConfig>,
): {
  readonly other: WhatIf;
  readonly codes: readonly string[];
  readonly found: ReturnType<typeof compare>;
} {
  const walked = walk(recording);
  assert.deepEqual(walked.divergences, []);
  const services = recording.config.services.map((one) => ({ ...one, ...change(one) }));
  const other = whatIf(walked, { ...recording.config, services });
  const found = compare(walked, other);
  return { other, found, codes: found.findings.map(({ code }) => code) };
}

for (const [name, script] of Object.entries({ CRASH, HANG, SHORT_HANG })) {
  test(`the setting that it was changes nothing, and nothing is assumed: ${name}`, () => {
    const recording = record(script);
    const { other, codes } = ask(recording, () => ({}));
    assert.deepEqual(codes, ['same']);
    assert.equal(other.divergedAt, null);
    assert.deepEqual(other.assumptions, []);
    assert.deepEqual(other.incident, recording.stored);
    assert.ok(other.steps.every(({ assumed }) => !assumed));
  });
}

test('no scenario goes otherwise under the setting that it was recorded with', () => {
  let asked = 0;
  for (const file of readdirSync(FOLDER)) {
    const [script = ''] = readFileSync(new URL(file, FOLDER), 'utf8').split(/^---\n/m);
    if (/^(recording|agentDies|restart|alive|duplicate|drop) ?/m.test(script)) continue;
    if (play(script).world.service.incident === null) continue;
    const recording = { ...record(script), stored: null };
    const walked = walk(recording);
    const other = whatIf(walked, recording.config);
    assert.equal(other.divergedAt, null, file);
    assert.deepEqual(other.incident, incidentIn(walked.steps, 'shop', recording.incident), file);
    asked += 1;
  }
  assert.ok(asked > 25, `${asked} scenarios`);
});

test('less patience begins the failover of a hung member earlier, by as much as was saved', () => {
  const { found, other } = ask(record(HANG), ({ detection }) => ({
    detection: { ...detection, timeoutMs: 200 },
  }));
  const begun = found.findings.find(({ code }) => code === 'begun');
  assert.deepEqual(begun, { code: 'begun', byMs: -200 });
  assert.ok(!found.findings.some(({ code }) => code === 'mistaken'));
  assert.equal(other.incident?.outcome, 'succeeded');
  assert.equal(other.incident.to, 'b');
});

test('more patience begins it later, although the record ends with the fence of that member', () => {
  const { found } = ask(record(HANG), ({ detection }) => ({
    detection: { ...detection, timeoutMs: 500 },
  }));
  assert.deepEqual(
    found.findings.find(({ code }) => code === 'begun'),
    { code: 'begun', byMs: 400 },
  );
});

test('too little patience would have been a mistake, as the member answered afterwards', () => {
  const { found, other } = ask(record(SHORT_HANG), ({ detection }) => ({
    detection: { ...detection, timeoutMs: 50, maxSilenceMs: 250 },
  }));
  const mistake = found.findings.find(({ code }) => code === 'mistaken');
  assert.ok(mistake?.code === 'mistaken', JSON.stringify(found));
  assert.equal(mistake.member, 'a');
  assert.ok(mistake.afterMs > 0 && mistake.afterMs < 300, `${mistake.afterMs}`);
  assert.ok(other.steps.filter(({ assumed }) => assumed).length > 0);
});

test('a gate that the standby does not pass at that moment makes the outage longer', () => {
  const { found, other } = ask(record(CRASH), ({ takeover }) => ({
    takeover: { ...takeover, maxRehearsalAgeMs: 1, degraded: 'hold' },
  }));
  const outage = found.findings.find(({ code }) => code === 'outage');
  assert.ok(outage?.code === 'outage' && outage.byMs > 10, JSON.stringify(found));
  const refused = other.incident?.timeline.find(({ code }) => code === 'passedOver');
  assert.ok(refused?.code === 'passedOver');
  assert.ok(refused.refusals.some(({ code }) => code === 'notRehearsed'));
});

test('an order that would have had too little time fails at its end', () => {
  const { other } = ask(record(CRASH), ({ timeouts }) => ({
    timeouts: { ...timeouts, switchMs: 0.5 },
  }));
  const timedOut = other.steps.find(
    ({ event, effect }) => event.type === 'effectTimedOut' && effect?.type === 'switchTraffic',
  );
  assert.ok(timedOut !== undefined);
  assert.notEqual(other.incident?.servedAt, other.incident?.verdictAt);
});
