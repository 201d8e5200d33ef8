import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultModel } from '../../src/config/fault-model.ts';
import { parseConfig } from '../../src/config/parse.ts';
import {
  COMPONENTS,
  DEFAULT_FAULT_RATES,
  FAULT_RATE_SOURCES,
} from '../../src/model/fault-rates.ts';

function configWith(faults: string): string {
  return `
services:
  shop:
    members:
      a: { command: [node, server.js], port: 3001 }
      b: { command: [node, server.js], port: 3002 }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { http: /healthz }
    faults: ${faults}
`;
}

function modelOf(faults: string) {
  const outcome = parseConfig(configWith(faults), 'h1');
  const shop = outcome.ok ? outcome.parsed.services['shop'] : undefined;
  assert.ok(shop !== undefined, outcome.ok ? '' : JSON.stringify(outcome.faults));
  return faultModel(shop.faults);
}

function codesOf(faults: string): readonly (readonly [string, string])[] {
  const outcome = parseConfig(configWith(faults), 'h1');
  return outcome.ok
    ? []
    : outcome.faults.map(({ code, path }) => [code, path.replace('services.shop.faults', '')]);
}

test('what the file does not say is a default, and is not counted as given', () => {
  assert.deepEqual(modelOf('{}'), { rates: DEFAULT_FAULT_RATES, given: [] });
});

test('each figure of the file replaces its default and is counted as given', () => {
  const { rates, given } = modelOf(
    '{ process: { every: 12h, repair: 250ms }, zone: { every: never }, standbyLatent: { frozen: 80% }, failoverSuccess: 99.9999%, manualRepair: 20m }',
  );
  assert.deepEqual(rates.process, { everyMs: 12 * 3_600_000, repairMs: 250 });
  assert.deepEqual(rates.zone, { ...DEFAULT_FAULT_RATES.zone, everyMs: null });
  assert.deepEqual(rates.hiddenShare, { ...DEFAULT_FAULT_RATES.hiddenShare, frozen: 0.8 });
  assert.equal(rates.coverage, 0.999999);
  assert.equal(rates.recoveryMs, 1_200_000);
  assert.deepEqual(rates.hang, DEFAULT_FAULT_RATES.hang);
  assert.deepEqual(given, [
    'process.every',
    'process.repair',
    'zone.every',
    'standbyLatent.frozen',
    'failoverSuccess',
    'manualRepair',
  ]);
});

test('a repair that outlasts the time between two failures is refused, defaults counted in', () => {
  assert.deepEqual(codesOf('{ host: { every: 1h, repair: 2h } }'), [
    ['faultOutlasts', '.host.repair'],
  ]);
  assert.deepEqual(codesOf('{ zone: { every: 4h } }'), [['faultOutlasts', '.zone.every']]);
  assert.deepEqual(codesOf('{ zone: { every: never } }'), []);
});

test('every fault of the section is told at once', () => {
  assert.deepEqual(
    codesOf(
      '{ process: { every: 5 }, hang: { every: 1ms }, failoverSuccess: 120%, common: 5%, host: { every: 1h, repair: 2h } }',
    ).toSorted(([, a], [, b]) => a.localeCompare(b)),
    [
      ['unknownKey', '.common'],
      ['outOfRange', '.failoverSuccess'],
      ['outOfRange', '.hang.every'],
      ['faultOutlasts', '.host.repair'],
      ['badDuration', '.process.every'],
    ],
  );
});

test('every figure has a source, and every component a default that is worth repairing', () => {
  const figures = COMPONENTS.flatMap((component) => [
    `${component}.every` as const,
    `${component}.repair` as const,
  ]);
  for (const figure of [
    ...figures,
    'commonCause',
    'failoverSuccess',
    'restartSuccess',
    'manualRepair',
  ] as const) {
    assert.ok(FAULT_RATE_SOURCES[figure].source.length > 10, figure);
  }
  for (const component of COMPONENTS) {
    const { everyMs, repairMs } = DEFAULT_FAULT_RATES[component];
    assert.ok(everyMs !== null && repairMs < everyMs / 100, component);
  }
});
