import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { formatFaults } from '../../src/config/faults.ts';
import { parseConfig } from '../../src/config/parse.ts';

// What the documents show must exist: configurations load, links lead somewhere, commands and files are there,
// and the two languages say the same things in the same places.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDES = { en: join(ROOT, 'docs/guide'), zh: join(ROOT, 'docs/zh-CN/guide') };

/** A snippet that shows only some keys of a service is read as a part of this one. */
const REST_OF_A_SERVICE = {
  members: { a: { command: ['true'], port: 3001 }, b: { command: ['true'], port: 3002 } },
  traffic: { listen: '127.0.0.1:8080' },
  probe: { http: '/healthz' },
};

type Block = { readonly language: string; readonly text: string };
type Document = {
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Without code blocks. */
  readonly prose: string;
};

function readDocument(file: string): Document {
  const blocks: Block[] = [];
  const prose = readFileSync(file, 'utf8').replaceAll(
    /^```(\w*)\n(.*?)^```$/gms,
    (_block, language: string, text: string) => {
      blocks.push({ language, text });
      return '';
    },
  );
  return { path: relative(ROOT, file), blocks, prose };
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

const DOCUMENTS: readonly Document[] = [
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, name)),
  ...markdownIn(join(ROOT, 'docs')),
]
  .toSorted()
  .map(readDocument);

function isWhole(snippet: string): boolean {
  return /^(services|agent):/m.test(snippet);
}

function asConfig(snippet: string): string {
  if (isWhole(snippet)) return snippet;
  const part: unknown = parse(snippet);
  return stringify({ services: { web: Object.assign({ ...REST_OF_A_SERVICE }, part) } });
}

test('every configuration in the documents loads', () => {
  const wrong: string[] = [];
  let count = 0;
  for (const { path, blocks } of DOCUMENTS) {
    for (const { language, text } of blocks) {
      if (language !== 'yaml' || path.startsWith('docs/reference/')) continue;
      count += 1;
      const source = asConfig(text);
      const outcome = parseConfig(source, 'h1');
      if (!outcome.ok) wrong.push(formatFaults(path, source, outcome.faults).en);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count >= 15, `only ${count} snippets were found`);
});

test('every link between the documents leads to a file and a heading that exist', () => {
  const wrong = DOCUMENTS.flatMap(({ path, prose }) =>
    [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !/^https?:/.test(target) && !leadsSomewhere(path, target))
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(wrong, []);
});

function leadsSomewhere(path: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const absolute = file === '' ? join(ROOT, path) : resolve(ROOT, dirname(path), file);
  if (!existsSync(absolute)) return false;
  return anchor === undefined || headingsOf(readDocument(absolute)).some(isNamed(anchor));
}

/** The name by which GitHub links to a heading. */
function isNamed(anchor: string): (heading: Heading) => boolean {
  return ({ title }) => {
    const plain = title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
    return plain.replaceAll(/\s/g, '-') === decodeURIComponent(anchor);
  };
}

type Heading = { readonly level: number; readonly title: string };

function headingsOf({ prose }: Document): readonly Heading[] {
  return [...prose.matchAll(/^(#+) (.+)$/gm)].map((match) => ({
    level: match[1]?.length ?? 0,
    title: match[2] ?? '',
  }));
}

// Pages for Chinese readers only (the glossary, the comparison) are beside the guides and free in their form.
test('the Chinese documents have the files, headings and code blocks of the English ones', () => {
  const english = markdownIn(GUIDES.en).map((file) => relative(GUIDES.en, file));
  const chinese = markdownIn(GUIDES.zh).map((file) => relative(GUIDES.zh, file));
  assert.deepEqual(chinese.toSorted(), english.toSorted());
  const pairs = [
    ['README.md', 'README.zh-CN.md'],
    ['docs/model.md', 'docs/zh-CN/model.md'],
    ...english.map((name) => [join(GUIDES.en, name), join(GUIDES.zh, name)]),
  ];
  for (const [en = '', zh = ''] of pairs) {
    const name = relative(ROOT, resolve(ROOT, zh));
    assert.deepEqual(shapeOf(resolve(ROOT, zh)), shapeOf(resolve(ROOT, en)), name);
  }
});

function shapeOf(file: string): object {
  const document = readDocument(file);
  return {
    levels: headingsOf(document).map(({ level }) => level),
    languages: document.blocks.map(({ language }) => language),
    // Commands, keys and output are the same in every language, but for their comments.
    yaml: document.blocks
      .filter(({ language }) => language === 'yaml')
      .map(({ text }) => parse(text) as unknown),
  };
}

/** Code spans and the lines of code blocks: where commands, files and names are shown. */
function codeOf({ blocks, prose }: Document): readonly string[] {
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
  return [...spans, ...blocks.flatMap(({ text }) => text.split('\n'))];
}

function shown(pattern: RegExp, documents = DOCUMENTS): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const document of documents) {
    for (const code of codeOf(document)) {
      for (const match of code.matchAll(pattern)) found.set(match[1] ?? '', document.path);
    }
  }
  return found;
}

test('every command of hotwarm that is shown exists', () => {
  const verbs = shown(/(?:^|[\s;(]|bin\/)hotwarm ([a-z]+)\b/g);
  const wrong = [...verbs].filter(
    ([verb]) => !existsSync(join(ROOT, `src/cli/commands/${verb}.ts`)),
  );
  assert.deepEqual(wrong, []);
  assert.ok(verbs.size >= 5);
});

test('every target of make that is shown exists', () => {
  const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
  const targets = shown(/(?:^|[\s;(])make ([a-z]+)\b/g);
  const wrong = [...targets].filter(([target]) => !makefile.includes(`\n${target}:`));
  assert.deepEqual(wrong, []);
  assert.ok(targets.size >= 5);
});

test('every file of the repository that is shown exists', () => {
  const files = shown(
    /(?:^|[\s(])((?:src|test|bench|examples|docs|scripts|bin)\/[\w./-]*\w\/?)(?=$|[\s),:])/g,
  );
  const wrong = [...files].filter(([file]) => !existsSync(join(ROOT, file)));
  assert.deepEqual(wrong, []);
  assert.ok(files.size >= 5);
});

test('every key of the configuration that is named exists', () => {
  const reference = readFileSync(join(ROOT, 'docs/reference/config.md'), 'utf8');
  const known = new Set(
    reference.split(/^## /m).flatMap((section) => {
      const name = /^(?:services\.\*\.)?([a-zA-Z.]+)(?:, via: \w+)?\n/.exec(section)?.[1] ?? '';
      const keys = [...section.matchAll(/^\| `([a-zA-Z0-9]+)` \|/gm)].map(
        (match) => match[1] ?? '',
      );
      return [name, ...keys.map((key) => `${name}.${key}`)];
    }),
  );
  const named = shown(
    /^((?:agent|traffic|probe|ready|takeover|failback|lease|prime|restart|degraded|timeouts|objectives|plan|faults)\.[a-zA-Z0-9.]+)$/g,
    // The changelog has the old names of keys, too.
    DOCUMENTS.filter(({ path }) => path !== 'CHANGELOG.md'),
  );
  assert.deepEqual(
    [...named].filter(([key]) => !known.has(key)),
    [],
  );
  assert.ok(named.size >= 10);
});

test('every metric is documented, in both languages', () => {
  const source = readFileSync(join(ROOT, 'src/api/metrics.ts'), 'utf8');
  const metrics = new Set(
    [...source.matchAll(/'((?:hotwarm|process)_\w+)'/g)].map((match) => match[1] ?? ''),
  );
  assert.ok(metrics.size >= 10);
  for (const folder of Object.values(GUIDES)) {
    const text = readFileSync(join(folder, 'metrics-and-api.md'), 'utf8');
    const documented = new Set(
      [...text.matchAll(/`((?:hotwarm|process)_\w+)`/g)].map((match) => match[1]),
    );
    assert.deepEqual(documented, metrics, relative(ROOT, folder));
  }
});

test('the changelog speaks of the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.ok(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').includes(version));
});
