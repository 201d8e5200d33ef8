import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// The arrows of docs/architecture.md: which folder of src may import which. The compiler holds the purity of
// core and model as far as types reach (their own tsconfig without node or dom); this test holds the rest.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** Folder → folders of src it may import besides itself. A file directly under src is its own folder. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  model: ['core temperature'],
  replay: ['core'],
  runtime: ['core'],
  sim: ['core', 'model', 'runtime'],
  'clock.ts': [],
  'errors.ts': ['core'],
  'drivers contract': ['core'],
  drivers: ['core', 'clock.ts', 'errors.ts'],
  config: ['core', 'model', 'drivers', 'errors.ts'],
  agent: ['core', 'runtime', 'drivers', 'config', 'clock.ts', 'errors.ts'],
  api: ['core', 'agent contract', 'drivers', 'clock.ts', 'errors.ts'],
  'terminal.ts': ['core'],
  plan: ['core', 'model', 'drivers', 'config', 'agent', 'terminal.ts', 'errors.ts'],
  drill: ['core', 'agent contract', 'api', 'clock.ts', 'errors.ts'],
  cli: [
    'core',
    'model',
    'replay',
    'sim',
    'drivers',
    'config',
    'agent',
    'api',
    'drill',
    'plan',
    'terminal.ts',
    'clock.ts',
    'errors.ts',
  ],
  'index.ts': ['core', 'model', 'drivers', 'config', 'agent', 'api', 'clock.ts', 'errors.ts'],
};

const IMPURE =
  /\b(Date\.|new Date|Math\.random|setTimeout|setInterval|setImmediate|(?<!\.)process\.|console\.|globalThis|fetch\()/;

/** When faults come in simulated years: their distributions are exponential and lognormal, and nothing replays them elsewhere. */
const MAY_BE_INEXACT: ReadonlySet<string> = new Set(['sim/availability-run-faults.ts']);

/** ECMAScript leaves the last bits of these to the engine; + − × ÷ and Math.sqrt are exactly rounded. */
const INEXACT =
  /\*\*|\bMath\.(a?cosh?|a?sinh?|a?tanh?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b/;

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function folderOf(file: string): string {
  return relative(SOURCE, file).split('/')[0] ?? '';
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function targetsOf(file: string): readonly { target: string; specifier: string }[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ specifier, target: join(dirname(file), specifier) }));
}

function mayImport(file: string, target: string): boolean {
  const from = folderOf(file);
  const to = folderOf(target);
  const isContract = file.endsWith('/contract.ts') && from === 'drivers';
  if (from === to && !isContract) return true;
  const allowed = MAY_IMPORT[isContract ? 'drivers contract' : from] ?? [];
  return (
    allowed.includes(to) ||
    (allowed.includes('core temperature') && relative(SOURCE, target) === 'core/temperature.ts') ||
    (allowed.includes('agent contract') && relative(SOURCE, target) === 'agent/contract.ts')
  );
}

test('every folder imports only what the architecture lets it', () => {
  const wrong = sourceFiles(SOURCE).flatMap((file) =>
    targetsOf(file)
      .filter(({ target }) => !mayImport(file, target))
      .map(({ specifier }) => `${relative(ROOT, file)} imports ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('core, model, replay, runtime and sim import nothing from outside and read no clock, dice or process', () => {
  const wrong = ['core', 'model', 'replay', 'runtime', 'sim'].flatMap((folder) =>
    sourceFiles(join(SOURCE, folder)).flatMap((file) => {
      const foreign = importsOf(file).filter(
        (specifier) => !specifier.startsWith('./') && !specifier.startsWith('../'),
      );
      const code = readFileSync(file, 'utf8').replaceAll(/'[^'\n]*'|\/\/.*|\/\*[^]*?\*\//g, '');
      const impure = IMPURE.exec(code);
      return [
        ...foreign.map((specifier) => `${relative(ROOT, file)} imports ${specifier}`),
        ...(impure === null ? [] : [`${relative(ROOT, file)} uses ${impure[0]}`]),
      ];
    }),
  );
  assert.deepEqual(wrong, []);
});

test('core, replay, runtime and sim compute with nothing that engines round differently', () => {
  const wrong = ['core', 'replay', 'runtime', 'sim'].flatMap((folder) =>
    sourceFiles(join(SOURCE, folder)).flatMap((file) => {
      const code = readFileSync(file, 'utf8').replaceAll(/\/\/.*|\/\*[^]*?\*\//g, '');
      const inexact = MAY_BE_INEXACT.has(relative(SOURCE, file)) ? null : INEXACT.exec(code);
      return inexact === null ? [] : [`${relative(ROOT, file)} uses ${inexact[0]}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test('nothing but the command line imports the command line', () => {
  const wrong = sourceFiles(SOURCE).filter(
    (file) =>
      folderOf(file) !== 'cli' && targetsOf(file).some(({ target }) => folderOf(target) === 'cli'),
  );
  assert.deepEqual(wrong, []);
});

test('no two files import each other in a circle, types aside', () => {
  const graph = new Map(sourceFiles(SOURCE).map((file) => [file, valueImportsOf(file)] as const));
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(
      !path.includes(file),
      `a circle: ${[...path, file].map((step) => relative(SOURCE, step)).join(' → ')}`,
    );
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});

function valueImportsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'/gm)].map((match) =>
    join(dirname(file), match[1] ?? ''),
  );
}

test('no leftovers: nothing to do, nothing switched off, no default exports', () => {
  const folders = [SOURCE, join(ROOT, 'test'), join(ROOT, 'bench')];
  // Brackets keep the pattern from finding itself.
  const marks = /T[O]DO|F[I]XME|X[X]X|@ts-[i]gnore|\.o[n]ly\(|\.sk[i]p\(|export d[e]fault/;
  const wrong = folders.flatMap(sourceFiles).flatMap((file) => {
    const mark = marks.exec(readFileSync(file, 'utf8'));
    return mark === null ? [] : [`${relative(ROOT, file)}: ${mark[0]}`];
  });
  assert.deepEqual(wrong, []);
});
