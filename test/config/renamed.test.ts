import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import type { ConfigFault } from '../../src/config/faults.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { RENAMED_KEYS, RENAMED_VALUES } from '../../src/config/renamed.ts';
import { keysAt } from '../../src/config/suggest.ts';

const SOUND = `
services:
  shop:
    members:
      a: { command: [node, a.js], port: 3001 }
      b: { command: [node, b.js], port: 3002 }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { http: /healthz }
`;

/** The path from the top of the file. */
function inFile(key: string): readonly string[] {
  return [...(key.startsWith('agent.') ? [] : ['services', 'shop']), ...key.split('.')];
}

function withValue(key: string, value: unknown): string {
  const tree: unknown = parse(SOUND);
  const path = inFile(key);
  let holder = tree;
  for (const name of path.slice(0, -1)) {
    assert.ok(typeof holder === 'object' && holder !== null);
    if (!Object.hasOwn(holder, name)) Reflect.set(holder, name, {});
    holder = Reflect.get(holder, name);
  }
  assert.ok(typeof holder === 'object' && holder !== null);
  Reflect.set(holder, path.at(-1) ?? '', value);
  return stringify(tree);
}

function isKnown(key: string): boolean {
  return keysAt(inFile(key).slice(0, -1)).includes(key.split('.').at(-1) ?? '');
}

function faultsOf(source: string): readonly ConfigFault[] {
  const outcome = parseConfig(source, 'h1');
  return outcome.ok ? [] : outcome.faults;
}

for (const [old, now] of Object.entries(RENAMED_KEYS)) {
  test(`the key ${old} is refused with its new name, ${now}`, () => {
    const source = withValue(old, '1s');
    const fault = faultsOf(source).find(({ path }) => path === inFile(old).join('.'));
    assert.equal(fault?.code, 'renamed');
    assert.ok(fault.text.message.en.includes(`\`${old}\` is now \`${now}\``));
    const key = old.split('.').at(-1) ?? '';
    assert.match(source.split('\n')[fault.line - 1] ?? '', new RegExp(`^ *${key}:`));
  });

  test(`the new key ${now} exists, and the old one, ${old}, does not`, () => {
    assert.ok(isKnown(now));
    assert.ok(!isKnown(old));
  });
}

for (const [key, values] of Object.entries(RENAMED_VALUES)) {
  for (const [old, now] of Object.entries(values)) {
    test(`the value ${key}: ${old} is refused with its new name, ${now}`, () => {
      const given = (value: string): string =>
        withValue(key, value).replace('listen: 127.0.0.1:8080', '$&\n      via: socket');
      const [fault, ...others] = faultsOf(given(old));
      assert.deepEqual([fault?.code, others.length], ['renamed', 0]);
      assert.ok(fault?.text.message.en.includes(`\`${key}: ${old}\` is now \`${key}: ${now}\``));
      assert.deepEqual(faultsOf(given(now)), []);
    });
  }
}

test('all old keys of a file are told at once, those within an old section too', () => {
  const source = `${SOUND}    repair: { base: 1s, max: 2s }
    gray: { action: report }
    mode: act
`;
  assert.deepEqual(
    faultsOf(source).map(({ code, path, line, column }) => [code, path, line, column]),
    [
      ['renamed', 'services.shop.repair', 9, 5],
      ['renamed', 'services.shop.repair.base', 9, 15],
      ['renamed', 'services.shop.repair.max', 9, 25],
      ['renamed', 'services.shop.gray', 10, 5],
      ['renamed', 'services.shop.mode', 11, 5],
    ],
  );
});
