import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigFault, formatFaults } from '../../src/config/faults.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { keysAt, nearest, sectionsWith } from '../../src/config/suggest.ts';

function faultsOf(source: string): readonly ConfigFault[] {
  const outcome = parseConfig(source, 'h1');
  return outcome.ok ? [] : outcome.faults;
}

/** The character above the caret of the first fault. */
function pointedAt(source: string): string | undefined {
  const lines = formatFaults('f.yaml', source, faultsOf(source)).en.split('\n');
  const caret = lines.findIndex((line) => line.trim() === '^');
  return lines[caret - 1]?.slice(lines[caret]?.indexOf('^'));
}

test('the offending line is shown with a caret below the value', () => {
  assert.ok(pointedAt('agent: { api: 5 }\nservices: {}')?.startsWith('5 }'));
});

test('the caret stands below the value beside characters of double width too', () => {
  const source = 'agent: { host: 主机一, api: 5 }\nservices: {}';
  const lines = formatFaults('f.yaml', source, faultsOf(source)).en.split('\n');
  const line = lines.findIndex((text) => text.includes(' | '));
  const before = lines[line]?.split('主机一')[0]?.length ?? 0;
  assert.equal(lines[line + 1]?.indexOf('^'), before, 'below the host, which is no host’s name');
  const later = lines.findIndex((text) => text.includes('agent.api')) + 1;
  const left = lines[later]?.split('5 }')[0] ?? '';
  assert.equal(lines[later + 1]?.indexOf('^'), left.length + 3, 'three characters of two columns');
});

test('a quote or a bracket that does not end is shown where it begins', () => {
  const rest = 'services:\n  shop:\n    mode: manage';
  assert.ok(pointedAt(`agent: { host: "h1 }\n${rest}`)?.startsWith('"h1 }'));
  assert.ok(pointedAt(`agent: { host: h1\n${rest}`)?.startsWith('{ host: h1'));
});

test('a long line is cut around the value', () => {
  const source = `agent: { host: h${'1'.repeat(200)}, api: 5, stateDir: ${'x'.repeat(300)} }\nservices: {}`;
  assert.ok(pointedAt(source)?.startsWith('5, state'));
  const widths = formatFaults('f.yaml', source, faultsOf(source))
    .en.split('\n')
    .filter((line) => line.includes(' | '))
    .map((line) => line.length);
  assert.ok(Math.max(...widths) <= 110);
});

test('control characters of the file never reach the terminal', () => {
  const source = 'agent: { api: "\u001b[31mred" }\nservices: {}';
  const shown = formatFaults('f', source, faultsOf(source)).en.replaceAll('\n', '');
  assert.ok(shown.includes('red'));
  assert.doesNotMatch(shown, /\p{Cc}/u);
});

test('the nearest known key is suggested, and none where none is near', () => {
  assert.equal(nearest('intervall', keysAt(['services', 'shop', 'probe'])), 'interval');
  assert.equal(nearest('tiemout', keysAt(['services', 'shop', 'probe'])), 'timeout');
  assert.equal(nearest('sevrices', keysAt([])), 'services');
  assert.equal(nearest('volume', keysAt(['services', 'shop'])), null);
});

test('the sections that know a key are found', () => {
  assert.deepEqual(sectionsWith('rto'), ['services.*.objectives']);
  assert.deepEqual(sectionsWith('nothing'), []);
});

test('faults come in the order of the file', () => {
  const source = 'services:\n  b: 1\n  a: 2\nagent: { api: 5 }\nx: 1';
  assert.deepEqual(
    faultsOf(source).map(({ line }) => line),
    [2, 3, 4, 5],
  );
});

test('a file that is all faults is answered with a bounded list', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => `k${index}: 1`);
  assert.equal(faultsOf(keys.join('\n')).length, 200);
});
