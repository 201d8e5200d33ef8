import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NODE_MAJOR_MIN, oldNodeText } from '../src/cli/node-version.ts';

// What is published: packed from a copy of the sources, unpacked beside the dependencies that are here already, and
// used like an installed package. Nothing is fetched.

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = [
  'src',
  'examples',
  'packaging',
  'package.json',
  'tsconfig.base.json',
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  'LICENSE',
];
const WITHIN_MS = 60_000;

let folder = '';
let installed = '';
let packed: readonly string[] = [];

/** Runs to its end with a deadline; what it wrote, and its exit code. */
async function execute(
  file: string,
  words: readonly string[],
  cwd: string,
): Promise<{ code: number; out: string; err: string }> {
  const options = { cwd, timeout: WITHIN_MS, env: { ...process.env, npm_config_offline: 'true' } };
  try {
    const { stdout, stderr } = await run(file, [...words], options);
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

async function hotwarm(...words: readonly string[]) {
  return await execute(process.execPath, [join(installed, 'dist/cli/main.js'), ...words], folder);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hotwarm-package-'));
  const checkout = join(folder, 'checkout');
  for (const name of SOURCES) cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  // What a checkout that was used holds besides.
  mkdirSync(join(checkout, 'examples/web/.hotwarm'), { recursive: true });
  writeFileSync(join(checkout, 'examples/web/.hotwarm/journal.db'), 'state');
  mkdirSync(join(checkout, 'dist'));
  writeFileSync(join(checkout, 'dist/gone.js'), 'of a source that is no more');
  const result = await execute('npm', ['pack', '--pack-destination', folder], checkout);
  assert.equal(result.code, 0, `${result.out}\n${result.err}`);
  const archive = result.out.trim().split('\n').at(-1) ?? '';
  const project = join(folder, 'project');
  installed = join(project, 'node_modules/hotwarm');
  mkdirSync(installed, { recursive: true });
  const unpack = ['xzf', join(folder, archive), '-C', installed, '--strip-components=1'];
  assert.equal((await execute('tar', unpack, folder)).code, 0);
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  const listed = await execute('tar', ['tzf', join(folder, archive)], folder);
  packed = listed.out
    .trim()
    .split('\n')
    .map((name) => name.replace(/^package\//, ''));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds the program, the examples and what one reads first', () => {
  for (const name of [
    'package.json',
    'LICENSE',
    'README.md',
    'README.zh-CN.md',
    'CHANGELOG.md',
    'dist/cli/main.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/drivers/traffic/proxy/main.js',
    'examples/web/hotwarm.yaml',
    'examples/web/server.js',
    'packaging/hotwarm.service',
  ]) {
    assert.ok(packed.includes(name), name);
  }
});

test('the package holds no sources, tests, state, caches or leftovers of earlier builds', () => {
  const known =
    /^(?:dist|examples|packaging)\/|^(?:package\.json|LICENSE|README(?:\.zh-CN)?\.md|CHANGELOG\.md)$/;
  const odd =
    /\.hotwarm\/|__pycache__|\.tsbuildinfo$|\.map$|\.test\.|\.log$|^dist\/.*(?<!\.d)\.ts$|gone\.js/;
  assert.deepEqual(
    packed.filter((name) => !known.test(name) || odd.test(name)),
    [],
  );
});

test('the installed program tells its version', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const { code, out } = await hotwarm('--version');
  assert.deepEqual([code, out.trim()], [0, version]);
});

test('the installed program finds no fault in its example', async () => {
  const { code, out } = await hotwarm(
    'check',
    '--json',
    '-c',
    join(installed, 'examples/web/hotwarm.yaml'),
  );
  const { faults = [] } = JSON.parse(out) as { faults?: readonly unknown[] };
  assert.deepEqual(faults, []);
  // 3: this machine lacks something, such as a port that is free; the configuration is sound all the same.
  assert.ok(code === 0 || code === 3, `${code}`);
});

test('the installed program serves: its data plane and its members are found and started', async () => {
  const { code, out, err } = await hotwarm('demo', '--json');
  assert.equal(code, 0, `${out}\n${err}`);
});

test('what the library exports has types that resolve and values that are there', async () => {
  const project = join(folder, 'project');
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const uses = `import { Agent, AppError, ERRORS, initialState, loadConfig, nextDeadline, step } from 'hotwarm';
import type { AgentState, CoreConfig, Event } from 'hotwarm';
const config: CoreConfig = { host: 'h1', services: [] };
const state: AgentState = initialState(config, 0);
const event: Event = { type: 'agentStarted', at: 1, epochs: [], nextIncident: 1, carried: [] };
const count: number = step(config, state, event).effects.length;
const due: number | null = nextDeadline(config, state);
// @ts-expect-error: types are really checked.
const wrong: string = count;
console.log([typeof Agent, typeof AppError, typeof loadConfig, ERRORS.usage.exit, count, due, wrong === undefined].join());
`;
  writeFileSync(join(project, 'uses.ts'), uses);
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
  ];
  const compiled = await execute(
    join(ROOT, 'node_modules/.bin/tsc'),
    [...flags, 'uses.ts'],
    project,
  );
  assert.equal(compiled.code, 0, compiled.out);
  const { code, out, err } = await execute(process.execPath, ['uses.ts'], project);
  assert.equal(code, 0, err);
  assert.equal(out.trim(), 'function,function,function,2,0,,false');
});

test('a Node that is too old is told apart, and the least one is that of package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(engines.node, `>=${NODE_MAJOR_MIN}`);
  assert.equal(oldNodeText(process.versions.node), null);
  assert.match(oldNodeText('20.20.2') ?? '', /^hotwarm: .*20\.20\.2.*\nwhy: .*\nfix: .*\n$/);
});
