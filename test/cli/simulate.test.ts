import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { displayWidth } from '../../src/terminal.ts';
import { runCli } from '../../src/cli/program.ts';
import type { SimulatedLife, SimulatedService } from '../../src/cli/simulate/document.ts';
import { frequency, shareText } from '../../src/cli/simulate/cause-text.ts';
import { Capture } from './capture.ts';

type Parts = {
  readonly probe?: string;
  readonly more?: string;
  readonly exclusive?: boolean;
  readonly temperature?: string;
};

function configure(t: TestContext, parts: Parts = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'hotwarm-simulate-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'hotwarm.yaml');
  writeFileSync(
    file,
    `services:
  shop:
    exclusive: ${parts.exclusive ?? false}
    members:
      a: { command: [node, a.js], port: 3001 }
      b: { command: [node, b.js], port: 3002, temperature: ${parts.temperature ?? 'hot'} }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { ${parts.probe ?? 'http: /healthz'} }
${parts.more ?? ''}
`,
  );
  return file;
}

async function hotwarm(file: string, args: readonly string[], columns: number | null = null) {
  const out = new Capture();
  const err = new Capture();
  if (columns !== null) Object.assign(out, { isTTY: true, columns });
  const code = await runCli(['-c', file, ...args], {
    out,
    err,
    env: { NO_COLOR: '1' },
    stopSignal: () => new AbortController().signal,
  });
  return { code, out: out.text, err: err.text };
}

type Answer = { readonly services: Readonly<Record<string, SimulatedService>> };

async function simulated(file: string, ...args: readonly string[]): Promise<SimulatedService> {
  const { code, out, err } = await hotwarm(file, ['simulate', '--json', ...args]);
  assert.equal(code, 0, err);
  const answer: Answer = JSON.parse(out);
  const service = answer.services['shop'];
  assert.ok(service !== undefined);
  return service;
}

test('a simulation says how available a configuration is, what takes it down, and agrees with the formulas', async (t) => {
  const file = configure(t, { more: '    objectives: { availability: 99%, rto: 2s }' });
  const { code, out, err } = await hotwarm(file, ['simulate', '--years', '80'], 100);
  assert.equal(code, 0, err);
  assert.match(out, /shop: 80 years, 40 independent runs/);
  assert.match(out, /availability +99\.9\d+% +95%: /);
  assert.match(out, /the host fails +\d+(\.\d+)? min a year/);
  assert.match(out, /false failovers with interval 100ms and timeout 300ms: /);
  assert.match(out, /✓ meets its availability objective of 99%/);
  assert.match(out, /by formula 99\.9\d+%: the formulas/);
  for (const line of out.split(/[\n\r]/))
    assert.ok(displayWidth(line) <= 120, `${displayWidth(line)}: ${line}`);
});

for (const [temperature, exclusive] of [
  ['hot', false],
  ['warm', true],
  ['frozen', true],
  ['cold', false],
] as const) {
  test(`formulas and simulation agree on a ${temperature} standby${exclusive ? ', exclusive' : ''}, or the reason is told`, async (t) => {
    const file = configure(t, {
      temperature,
      exclusive,
      more: '    faults: { process: { every: 2d }, host: { every: 20d, repair: 10m }, zone: { every: never } }',
    });
    const { formulas, estimate } = await simulated(file, '--years', '40');
    const { check, unavailability } = formulas;
    const shown = JSON.stringify({ check, unavailability, estimate: estimate.unavailability99 });
    assert.ok(check.agrees || check.effects.length > 0, shown);
    // Whatever is left out, it is no matter of magnitude.
    const ratio = unavailability / estimate.unavailability;
    assert.ok(ratio > 0.5 && ratio < 2, shown);
  });
}

test('the same seeds give the same answer', async (t) => {
  const file = configure(t, { exclusive: true });
  const [one, other] = [
    await simulated(file, '--years', '40'),
    await simulated(file, '--years', '40'),
  ];
  assert.deepEqual(one, other);
  assert.equal(one.estimate.years, 40);
});

test('timings that mistake pauses for hangs are told so, by check as well', async (t) => {
  const file = configure(t, {
    probe: 'http: /healthz, interval: 100ms, timeout: 50ms',
    more: '    faults: { pause: { every: 1d, median: 100ms } }',
  });
  const { estimate } = await simulated(file, '--years', '5');
  assert.ok(estimate.falseFailovers.perYear > 12, String(estimate.falseFailovers.perYear));
  const checked = await hotwarm(file, ['check', '--simulate']);
  assert.match(checked.out, /simulated \d+ years/);
  assert.match(
    checked.out,
    /warning: false failovers with interval 100ms and timeout 50ms: .* times a year/,
  );
  assert.match(checked.out, /warning: switches over \d+ times a year, mostly unnecessarily/);
});

test('one life is told as it went, in both languages', async (t) => {
  const file = configure(t);
  const life = ['simulate', '--years', '400', '--seed', '3'];
  const english = await hotwarm(file, life);
  assert.match(english.out, /^y\d{3} d\d{3} \d\d:\d\d:\d\d\.\d{3} {2}a: process exits$/m);
  assert.match(english.out, /failover a → b: a failed: process exited/);
  assert.match(english.out, /no member served for .*: the process of the active member exits/);
  assert.equal((await hotwarm(file, life)).out, english.out);
  const chinese = await hotwarm(file, ['--lang', 'zh', ...life]);
  assert.match(chinese.out, /进程退出/);
  const asJson = await hotwarm(file, [...life, '--json']);
  const answer: SimulatedLife = JSON.parse(asJson.out);
  assert.equal(answer.seed, 3);
  assert.ok(answer.timeline.length > 100 && answer.result.failovers > 0);
});

test('what cannot be simulated is refused with what to do', async (t) => {
  const file = configure(t, { more: '    mode: observe' });
  const observed = await hotwarm(file, ['simulate']);
  assert.equal(observed.code, 5);
  assert.match(observed.err, /mode: observe/);
  const sound = configure(t);
  const unknown = await hotwarm(sound, ['simulate', 'basket']);
  assert.equal(unknown.code, 5);
  assert.match(unknown.err, /no service basket.*\n.*services: shop/);
  const years = await hotwarm(sound, ['simulate', '--years', '0']);
  assert.equal(years.code, 2);
  assert.match(years.err, /integer from 1 to 10000/);
  const history = await hotwarm(sound, ['simulate', '--from-history']);
  assert.notEqual(history.code, 0);
  const missing = await hotwarm(join(sound, '..', 'none.yaml'), ['simulate']);
  assert.equal(missing.code, 3);
});

test('availabilities keep the digits that they have, and frequencies are said as people do', () => {
  assert.equal(shareText(0), '100%');
  assert.equal(shareText(0.00032), '99.968%');
  assert.equal(shareText(1.234e-9), '99.9999998766%');
  assert.equal(frequency(0, 'en'), 'never');
  assert.equal(frequency(0.025, 'en'), 'once in 40 years');
  assert.equal(frequency(3, 'en'), '3 times a year');
  assert.equal(frequency(3, 'zh'), '每年 3 次');
});
