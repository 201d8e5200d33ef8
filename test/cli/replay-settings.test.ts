import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { applySettings } from '../../src/cli/replay/settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { CoreConfig } from '../../src/core/config.ts';
import { AppError } from '../../src/errors.ts';

const SHOP = `services:
  shop: # of two
    members:
      a: { command: ['true'], port: 3001 }
      b: { command: ['true'], port: 3002 }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { http: /healthz, interval: 100ms, timeout: 300ms }
`;

function set(
  t: TestContext,
  texts: readonly string[],
  change: (core: CoreConfig) => CoreConfig = (core) => core,
) {
  const folder = mkdtempSync(join(tmpdir(), 'hotwarm-set-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hotwarm.yaml');
  writeFileSync(file, SHOP);
  const recorded = change(loadConfig(file).core);
  return { recorded, other: applySettings({ texts, file, service: 'shop', recorded }) };
}

function refusal(t: TestContext, ...texts: string[]): AppError {
  try {
    set(t, texts);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${texts.join(' ')} was accepted`);
}

test('a key of the file is set with all that follows from it', (t) => {
  const { other } = set(t, ['probe.timeout=500ms', 'services.shop.takeover.probation=3s']);
  const [shop] = other.services;
  assert.equal(shop?.detection.timeoutMs, 500);
  assert.equal(shop.detection.maxSilenceMs, 500, 'the bound is at least the time-out');
  assert.equal(shop.takeover.probationMs, 3000);
});

test('only what is set changes of the recorded configuration, which may differ from the file of today', (t) => {
  const { recorded, other } = set(t, ['probe.timeout=200ms'], (core) => ({
    ...core,
    services: core.services.map((one) => ({
      ...one,
      failback: { ...one.failback, maxFailovers: 9 },
    })),
  }));
  const [shop] = other.services;
  assert.equal(shop?.failback.maxFailovers, 9);
  assert.equal(shop.detection.timeoutMs, 200);
  assert.deepEqual(shop.members, recorded.services[0]?.members);
});

test('faults of all settings are told at once, by their keys', (t) => {
  const { code, text } = refusal(
    t,
    'probe.timeout=soon',
    'prob.timeout=1s',
    'takeover.maxErrorRate=300%',
  );
  assert.equal(code, 'configInvalid');
  assert.match(text.message.en, /services\.shop\.probe\.timeout: .* \[badDuration\]/);
  assert.match(text.message.en, /services\.shop\.prob: .* \[unknownKey\]/);
  assert.match(text.message.en, /services\.shop\.takeover\.maxErrorRate: /);
});

test('rules about several keys hold for settings too', (t) => {
  const { code, text } = refusal(t, 'probe.maxSilence=10ms');
  assert.equal(code, 'configInvalid');
  assert.match(text.message.en, /probe\.maxSilence/);
});

test('what a record cannot tell is refused with the reason, all at once', (t) => {
  const { code, text } = refusal(
    t,
    'probe.interval=50ms',
    'members.b.temperature=frozen',
    'mode=observe',
  );
  assert.equal(code, 'usage');
  assert.match(text.message.en, /shop, detection\.intervalMs: .*interval/);
  assert.match(text.message.en, /shop, members: /);
  assert.match(text.message.en, /shop, mode: /);
});

test('a setting that decides nothing, or is in force already, is refused', (t) => {
  assert.match(refusal(t, 'traffic.hold.timeout=3s').text.message.en, /changes no decision/);
  assert.match(refusal(t, 'probe.timeout=300ms').text.message.en, /changes no decision/);
});

test('what is no setting is refused: no equals sign, an empty key, a value that is no value', (t) => {
  assert.match(refusal(t, 'probe.timeout').text.reason.en, /path=value/);
  assert.match(refusal(t, 'probe..timeout=1s').text.reason.en, /path=value/);
  assert.match(refusal(t, 'probe.timeout=[1').text.message.en, /invalid value/);
});
