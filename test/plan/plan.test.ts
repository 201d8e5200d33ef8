import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { crossCheckText } from '../../src/plan/cross-check-text.ts';
import { placeLabels } from '../../src/plan/label-placement.ts';
import { sourceText } from '../../src/plan/sources-zh.ts';
import { splitCommand, withPort } from '../../src/plan/start-command.ts';
import { availabilityText, spanText } from '../../src/plan/plan-text.ts';
import { predictService } from '../../src/cli/predict.ts';
import { loadConfig } from '../../src/config/load.ts';
import { displayWidth } from '../../src/terminal.ts';
import { runCli } from '../../src/cli/program.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { AppError } from '../../src/errors.ts';
import { FAULT_RATE_SOURCES } from '../../src/model/fault-rates.ts';
import {
  ASSUMED_POWER,
  ASSUMED_PRICES,
  ASSUMED_SERVICE,
} from '../../src/model/plan/assumptions.ts';
import { Capture } from '../cli/capture.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'hotwarm-plan-'));
  t.after(async () => await rm(path, { recursive: true, force: true }));
  return path;
}

/** Runs `hotwarm -c DIRECTORY/hotwarm.yaml plan ARGS`. */
async function plan(directory: string, args: readonly string[], columns: number | null = null) {
  const out = new Capture();
  const err = new Capture();
  if (columns !== null) Object.assign(out, { isTTY: true, columns });
  const code = await runCli(['-c', join(directory, 'hotwarm.yaml'), 'plan', ...args], {
    out,
    err,
    env: { NO_COLOR: '1' },
    stopSignal: () => new AbortController().signal,
  });
  return { code, out: out.text, err: err.text };
}

const FLASK = ['--start', 'python app.py', '--port', '5000', '--stateless'];
const TARGET = ['--availability', '99.95%', '--budget', '50', '--rto', '2s'];

const CONFIGURED = `# kept
services:
  shop:
    members:
      a: { command: [node, server.js], port: 3001 } # first
      b: { command: [node, server.js], port: 3002, temperature: warm, cpu: 20% }
      c: { command: [node, server.js], port: 3003 }
    traffic: { listen: 127.0.0.1:8080 }
    probe: { http: /healthz, maxSilence: 400ms }
    objectives: { availability: 99.9%, rto: 2s, budget: 60 }
    faults: { process: { every: 10d } }
    plan: { startupTime: 500ms, memory: 100MiB }
`;

test('without any file a service that is described gets a recommendation with its reasons', async (t) => {
  const { code, out, err } = await plan(await folder(t), [...FLASK, ...TARGET]);
  assert.equal(code, 0, err);
  assert.match(
    out,
    /^plan for hotwarm-plan-\S+: 1 frozen standby on one host, \d+\.\d\d USD a month/,
  );
  assert.match(out, /why this design\n {2}- \d+ of \d+ designs meet every objective/);
  assert.match(out, /downtime by cause\n.*the host is down/);
  assert.match(out, /the next nine, 99\.99%/);
  assert.match(out, /faults\.host\.every 130d \(measured: .*OSDI 2010/);
  assert.doesNotMatch(out, /plan\.state/, 'what was said is not called assumed');
});

test('every default that it rests on is told with its source', async (t) => {
  const { out } = await plan(await folder(t), ['--json']);
  const { figures } = JSON.parse(out) as {
    readonly figures: readonly {
      readonly key: string;
      readonly from: string;
      readonly source: string | null;
    }[];
  };
  assert.ok(figures.length > 30);
  for (const { key, from, source } of figures) {
    assert.equal(from, 'default', key);
    assert.ok((source ?? '').length > 5, key);
  }
});

test('the document has a version, keeps the digits of the unavailability and says what was evaluated', async (t) => {
  const { out } = await plan(await folder(t), [...TARGET, '--json', '--explain']);
  const document = JSON.parse(out);
  assert.equal(document.version, 1);
  assert.equal(document.objectives.unavailability, 0.0005);
  assert.equal(document.achieved, true);
  const { recommendation } = document;
  assert.ok(Math.abs(recommendation.availability + recommendation.unavailability - 1) < 1e-15);
  assert.ok(document.evaluated > 100 && document.front.length > 0);
  const [member] = recommendation.layers;
  assert.equal(member.layer, 'member');
  assert.ok(member.chains[0].states.length > 2);
  assert.ok(member.chains[0].transitions.every((one: { perHour: number }) => one.perHour > 0));
});

test('nine nines are an objective like any other, to the last digit', async (t) => {
  const { out } = await plan(await folder(t), ['--availability', '99.9999999%', '--json']);
  const document = JSON.parse(out);
  assert.equal(document.objectives.unavailability, 1e-9);
  assert.equal(document.achieved, false);
});

test('the table of all schemes has one line each, and one that is recommended', async (t) => {
  const { out } = await plan(await folder(t), [...TARGET, '--csv']);
  const [head = '', ...lines] = out.trimEnd().split('\r\n');
  const columns = head.split(',');
  assert.ok(lines.length > 100);
  assert.ok(lines.every((line) => line.split(',').length === columns.length));
  assert.equal(lines.filter((line) => line.startsWith('1,')).length, 1);
});

test('no line is wider than the terminal, in either language', async (t) => {
  const directory = await folder(t);
  const args = [...FLASK, ...TARGET, '--hosts', '2', '--zones', '2', '--explain'];
  for (const columns of [80, 132]) {
    for (const language of [[], ['--lang', 'zh']]) {
      const out = new Capture();
      Object.assign(out, { isTTY: true, columns });
      const file = join(directory, 'hotwarm.yaml');
      await runCli(['-c', file, ...language, 'plan', ...args], {
        out,
        err: new Capture(),
        env: { NO_COLOR: '1' },
        stopSignal: () => new AbortController().signal,
      });
      const wide = out.text.split('\n').filter((line) => displayWidth(line) > columns);
      assert.deepEqual(wide, []);
    }
  }
});

test('in Chinese every sentence is Chinese', async (t) => {
  const out = new Capture();
  await runCli(['-c', join(await folder(t), 'none.yaml'), '--lang', 'zh', 'plan', ...FLASK], {
    out,
    err: new Capture(),
    env: {},
    stopSignal: () => new AbortController().signal,
  });
  const english = out.text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/[\p{Script=Han}]/u.test(line));
  assert.deepEqual(english, []);
});

test('every source of a default has its words in Chinese', () => {
  const sources = [
    ...Object.values(FAULT_RATE_SOURCES),
    ...Object.values(ASSUMED_SERVICE),
    ...Object.values(ASSUMED_PRICES),
    ...Object.values(ASSUMED_POWER),
  ].map(({ source }) => source);
  assert.deepEqual(
    sources.filter((source) => sourceText(source, 'zh') === source),
    [],
  );
});

type WrittenService = {
  readonly traffic: { readonly listen: string };
  readonly members: Readonly<Record<string, { readonly port: number }>>;
  readonly objectives: unknown;
  readonly plan: unknown;
};

test('what is written is valid, keeps what was said, and is not written over something else', async (t) => {
  const directory = await folder(t);
  const args = [...FLASK, ...TARGET, '--startup', '500ms', '--write'];
  const first = await plan(directory, args);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /wrote .*hotwarm\.yaml/);
  assert.doesNotMatch(first.out, /was not read/);
  const text = await readFile(join(directory, 'hotwarm.yaml'), 'utf8');
  assert.equal(parseConfig(text, 'h1').ok, true, text);
  const services: Readonly<Record<string, WrittenService>> = parse(text).services;
  const [service] = Object.values(services);
  assert.ok(service !== undefined);
  assert.equal(service.traffic.listen, '127.0.0.1:5000');
  assert.deepEqual(
    Object.values(service.members).map(({ port }) => port),
    [5001, 5002],
  );
  assert.deepEqual(service.objectives, { availability: '99.95%', rto: '2s', budget: 50 });
  assert.deepEqual(service.plan, { startupTime: '500ms', state: 'none' });

  const unread = await plan(directory, FLASK);
  assert.match(unread.out, /was not read, as --start describes another service/);
  const again = await plan(directory, args);
  assert.equal(again.code, 5);
  assert.match(again.err, /already exists/);
  assert.equal(await readFile(join(directory, 'hotwarm.yaml'), 'utf8'), text);

  const forced = await plan(directory, [...args, '--force']);
  assert.equal(forced.code, 0, forced.err);
  assert.match(forced.out, /replaced .*hotwarm\.yaml/);
});

test('an objective that the scheme misses is not written, as the file would promise it', async (t) => {
  const directory = await folder(t);
  const { code, out } = await plan(directory, [...FLASK, '--availability', '99.999%', '--write']);
  assert.equal(code, 0);
  assert.match(out, /no design meets all objectives; the closest misses availability/);
  const text = await readFile(join(directory, 'hotwarm.yaml'), 'utf8');
  assert.doesNotMatch(text, /99\.999%/);
});

test('a configured service is planned with what its file says, and only what the scheme decides is changed', async (t) => {
  const directory = await folder(t);
  await writeFile(join(directory, 'hotwarm.yaml'), CONFIGURED);
  const target = join(directory, 'next.yaml');
  const { code, out, err } = await plan(directory, ['--write', target, '--json']);
  assert.equal(code, 0, err);
  const document = JSON.parse(out);
  assert.equal(document.service, 'shop');
  assert.equal(document.objectives.rtoMs, 2000);
  assert.equal(document.objectives.perMonth, 60);
  assert.deepEqual(document.present.design.standbys, [
    { temperature: 'warm', count: 1 },
    { temperature: 'hot', count: 1 },
  ]);
  // The 400 ms bound of the file and two probes of 300 ms, less the margin that is certain, and the switch.
  assert.ok(
    document.present.recoveryP99.hangMs > 1000 && document.present.recoveryP99.hangMs < 1100,
  );
  const stated = document.figures
    .filter(({ from }: { from: string }) => from === 'stated')
    .map(({ key }: { key: string }) => key);
  assert.ok(stated.includes('faults.process.every') && stated.includes('plan.startupTime'));
  assert.ok(stated.includes('faults.process.repair'), 'a restart takes as long as a start');
  const text = await readFile(target, 'utf8');
  assert.match(text, /^# kept/);
  const { shop } = parse(text).services;
  assert.equal(shop.members.a.port, 3001);
  assert.deepEqual(shop.faults, { process: { every: '10d' } });
  assert.equal(shop.probe.http, '/healthz');
  assert.equal(shop.probe.maxSilence, undefined);
  const standbys = document.recommendation.design.standbys as readonly { count: number }[];
  const count = standbys.reduce((sum, group) => sum + group.count, 1);
  assert.equal(Object.keys(shop.members).length, count);
  assert.equal(await readFile(join(directory, 'hotwarm.yaml'), 'utf8'), CONFIGURED);
});

test('with a shared socket only standbys that do not run are considered', async (t) => {
  const directory = await folder(t);
  const socket = CONFIGURED.replace('temperature: warm, cpu: 20%', 'temperature: cold').replace(
    'listen: 127.0.0.1:8080',
    'listen: 127.0.0.1:8080, via: socket',
  );
  await writeFile(join(directory, 'hotwarm.yaml'), socket);
  const { code, out, err } = await plan(directory, ['--csv']);
  assert.equal(code, 0, err);
  assert.doesNotMatch(out, /hot|warm/);
  const written = await plan(directory, ['--write', join(directory, 'next.yaml')]);
  assert.equal(written.code, 0, written.err);
});

test('the command line goes before the file', async (t) => {
  const directory = await folder(t);
  await writeFile(join(directory, 'hotwarm.yaml'), CONFIGURED);
  const { out } = await plan(directory, [
    '--budget',
    '70',
    '--set',
    'faults.process.every=20d',
    '--json',
  ]);
  const document = JSON.parse(out);
  assert.equal(document.objectives.perMonth, 70);
  const figure = document.figures.find(
    ({ key }: { key: string }) => key === 'faults.process.every',
  );
  assert.deepEqual([figure.value, figure.from], ['20d', 'stated']);
});

test('all faults of what was said are told at once, each by the flag that said it', async (t) => {
  const { code, err } = await plan(await folder(t), [
    '--availability=120%',
    '--rto=5',
    '--memory=3',
    '--hosts=99',
    '--set=faults.hots.every=3d',
  ]);
  assert.equal(code, 2);
  assert.match(err, /5 invalid values/);
  for (const flag of ['availability 120%', 'rto 5', 'memory 3', 'hosts 99']) {
    assert.ok(err.includes(`--${flag}: `), `${flag} in\n${err}`);
  }
  assert.match(err, /faults\.hots.*did you mean `host`/s);
});

test('figures that do not fit together are refused with the reason', async (t) => {
  const directory = await folder(t);
  const zones = await plan(directory, ['--zones', '3']);
  assert.equal(zones.code, 2);
  assert.match(zones.err, /more zones \(3\) than hosts \(1\)/);
  const state = await plan(directory, ['--stateless', '--state', 'shared']);
  assert.equal(state.code, 2);
  const shared = await plan(directory, ['--hosts', '2']);
  assert.match(shared.out, /more hosts change nothing/);
  const repair = await plan(directory, ['--set', 'faults.zone.repair=3000d']);
  assert.match(repair.err, /repair \(3000d\) takes as long as .*1826d/);
});

test('what only a configuration could answer is refused without one', async (t) => {
  const directory = await folder(t);
  const history = await plan(directory, ['--from-history']);
  assert.equal(history.code, 2);
  assert.match(history.err, /--from-history needs a configuration/);
  const write = await plan(directory, ['--write']);
  assert.equal(write.code, 2);
  assert.match(write.err, /--start/);
  assert.equal(existsSync(join(directory, 'hotwarm.yaml')), false);
});

test('a scheme that this version cannot run is not written, and the reason is told', async (t) => {
  const directory = await folder(t);
  const hosts = await plan(directory, [
    ...FLASK,
    '--availability',
    '99.99%',
    '--hosts',
    '2',
    '--zones',
    '2',
    '--write',
  ]);
  assert.equal(hosts.code, 5);
  assert.match(hosts.err, /this version cannot run/);
  const copies = await plan(directory, [
    '--start',
    'python app.py',
    '--state',
    'replicated',
    '--write',
  ]);
  assert.equal(copies.code, 5);
  assert.match(copies.err, /replicate their data/);
  assert.equal(existsSync(join(directory, 'hotwarm.yaml')), false);
});

test('the picture is well-formed, shows the objectives and no label covers another', async (t) => {
  const directory = await folder(t);
  const file = join(directory, 'plan.svg');
  const { code } = await plan(directory, [...FLASK, ...TARGET, '--name', 'a-shop', '--svg', file]);
  assert.equal(code, 0);
  const svg = await readFile(file, 'utf8');
  assert.match(svg, /^<svg [^>]*viewBox="0 0 960 600"/);
  assert.ok(svg.includes('budget 50.00 USD') && svg.includes('availability 99.95%'));
  assert.ok(svg.includes('recommended: 1 frozen standby'));
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  const opened = [...svg.matchAll(/<([a-z]+)(?=[\s>])[^>]*(?<!\/)>/g)].map((match) => match[1]);
  const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map((match) => match[1]);
  assert.deepEqual(opened.toSorted(byText), closed.toSorted(byText));
  const again = await plan(directory, ['--svg', file]);
  assert.equal(again.code, 5, 'it is not drawn over');
});

function byText(a: string | undefined, b: string | undefined): number {
  return (a ?? '').localeCompare(b ?? '');
}

test('labels of dots in one place stand apart and within the frame', () => {
  const frame = { left: 0, right: 400, top: 0, bottom: 300 };
  const anchors = Array.from({ length: 6 }, (_value, index) => ({
    x: 200 + index,
    y: 150,
    text: `a rather long label ${index}`,
  }));
  const labels = placeLabels(anchors, frame);
  assert.equal(labels.length, 6);
  const heights = labels.map(({ y }) => y).toSorted((a, b) => a - b);
  heights.slice(1).forEach((y, index) => assert.ok(y - (heights[index] ?? 0) >= 18));
  assert.ok(labels.every(({ x, y }) => x >= 0 && y > 0 && y < 300));
});

test('a command line becomes words, with its port, and what needs a shell is refused', () => {
  assert.deepEqual(splitCommand('python app.py --name "a b" \'c\''), [
    'python',
    'app.py',
    '--name',
    'a b',
    'c',
  ]);
  assert.deepEqual(withPort(['flask', '--port=$PORT', '${PORT}'], 5001), [
    'flask',
    '--port=5001',
    '5001',
  ]);
  for (const text of ['a | b', 'A=1 b', 'a && b', 'a "b', '', 'a > b']) {
    assert.throws(() => splitCommand(text), AppError, text);
  }
});

test('availability and times are shown with the digits that count', () => {
  assert.equal(availabilityText(5e-4), '99.95%');
  assert.equal(availabilityText(2.9095e-4), '99.971%');
  assert.equal(availabilityText(1.23e-9), '99.99999988%');
  assert.equal(availabilityText(0), '100%');
  assert.equal(availabilityText(3.21e-18), '1 − 3.2e-18');
  assert.equal(spanText(9_180_000), '153 min');
  assert.equal(spanText(0.0321), '0.032 ms');
});

test('a cross-check is one sentence, with the likeliest effect or none', () => {
  const agrees = { agrees: true, isWeak: false } as const;
  assert.equal(crossCheckText(agrees, 'en'), 'the formulas agree with the simulation');
  assert.match(crossCheckText({ ...agrees, isWeak: true }, 'en'), /too wide/);
  const differs = { agrees: false, formula: 'lower', minutesPerYear: 3, effects: [] } as const;
  assert.match(
    crossCheckText(differs, 'en'),
    /^the formulas give 3 min a year less .*one of the two is wrong$/,
  );
  const explained = { ...differs, effects: [{ code: 'leaseWait', minutesPerYear: 4 }] } as const;
  assert.match(crossCheckText(explained, 'en'), /waits for the lease .*\(up to 4 min a year\)$/);
  assert.match(crossCheckText(explained, 'zh'), /租约/);
});

test('what is configured takes over in the same time as hotwarm check says', async (t) => {
  const directory = await folder(t);
  await writeFile(join(directory, 'hotwarm.yaml'), CONFIGURED);
  const planned = JSON.parse((await plan(directory, ['--json'])).out);
  const config = loadConfig(join(directory, 'hotwarm.yaml'));
  const [shop] = config.services;
  assert.ok(shop !== undefined);
  const { takeovers } = predictService(shop);
  const hang = takeovers.find(({ fault }) => fault === 'hang')?.takeover;
  // `check` takes the hottest standby, `plan` the first: here that is the warm one.
  assert.ok(hang !== null && hang !== undefined);
  assert.ok(Math.abs(planned.present.recoveryP99.hangMs - hang.p99Ms) <= 4);
});
