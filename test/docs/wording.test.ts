import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// One word for one thing, in both languages: words that were replaced stay out, and what replaces them is in the message.
// The Chinese terms are those of docs/zh-CN/glossary.md.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Rule = { readonly wrong: RegExp; readonly right: string };

const ENGLISH: readonly Rule[] = [
  { wrong: /\b(?:no|any|some|every)body\b/i, right: 'name the component: no member, an operator' },
  { wrong: /\bwho(?:ever|m)\b/i, right: 'name the component: every running member' },
  { wrong: /\banew\b/i, right: 'again, or restart' },
  {
    wrong: /\bso (?:long|many|much)(?=[.,;:)]|$)/i,
    right: 'name the value: maximum time in seconds',
  },
  { wrong: /\bgo(?:es|ing)? on\b(?! probation)/i, right: 'continue, keep running' },
  { wrong: /\b(?:is|are|was|were|be|been|being) told\b/i, right: 'send, print, set' },
  { wrong: /\b(?:stands?|stood|standing) (?:by|still)\b/i, right: 'is on standby, is paused' },
  { wrong: /\bmend(?:s|ed|ing)?\b/i, right: 'fix' },
  {
    wrong: /\bput right\b|\bwell again\b|\bin vain\b/i,
    right: 'fixed, healthy again, without success',
  },
  { wrong: /\bcondemn/i, right: 'mark failed' },
  { wrong: /\btime-outs?\b/i, right: 'timeout' },
  { wrong: /\b(?:start|set)-up\b/i, right: 'startup, setup' },
  { wrong: /\bunder way\b/i, right: 'in progress, in-flight' },
  { wrong: /\bby mistake\b/i, right: 'false failover' },
  { wrong: /\bpatience\b/i, right: 'timeout' },
  { wrong: /\bsigns? of life\b|\bproof of life\b/i, right: 'last response' },
  { wrong: /\bbut for\b/i, right: 'except' },
  { wrong: /\bdies?\b|\bdied\b/i, right: 'exits, crashes, fails' },
  { wrong: /\bper cent\b|[0-9] %/i, right: 'percent, 99.95%' },
  {
    wrong:
      /behaviour|colour|neighbour|honour|(?:recogn|initial|author|general|uniform)is(?:e|a|ing)/i,
    right: 'US spelling',
  },
];

const HAN = String.raw`\p{Script=Han}`;
const CHINESE: readonly Rule[] = [
  { wrong: /您|抱歉/, right: '你，或省略' },
  { wrong: /无人(?:服务|能|接|可)/, right: '服务中断，没有成员…' },
  { wrong: /计划内切换|手动切换|失效切换|错误切换/, right: '计划切换，误切换' },
  { wrong: /挂起|挂掉|卡顿/, right: '假死，停顿' },
  { wrong: /死亡|死去|已死|杀死|生命迹象/, right: '退出，强制终止，最后一次正常响应' },
  { wrong: /围栏|栅栏/, right: '隔离' },
  { wrong: /续期|续租|信守/, right: '续约' },
  { wrong: /暂留/, right: '暂存' },
  { wrong: /回放|重演/, right: '重放' },
  { wrong: /后备/, right: '备选' },
  { wrong: /门槛|闸门/, right: '接管条件' },
  { wrong: /预热/, right: '预跑，爬坡期' },
  { wrong: /应答|(?<!就绪)探针/, right: '响应，探测' },
  { wrong: /沉默|嫌疑|定罪/, right: '无响应，怀疑' },
  { wrong: /性能下降|灰度故障/, right: '亚健康，灰色故障' },
  { wrong: /容限|耐心/, right: '余量，等待时限' },
  { wrong: /下令|操作员/, right: '下发，人工' },
  { wrong: /机房|追随者|证人|滞后|插槽|倒带/, right: '见术语表' },
  { wrong: /看板|警报|报警|演习/, right: '仪表盘，告警，故障演练' },
  { wrong: /可靠率|公共原因/, right: '可靠度，共因' },
  { wrong: /保持可用|热备用|冷备用/, right: '高可用，热备，冷备' },
  { wrong: /(?:新|下一个)代理|代理(?:启动|曾终止)/, right: 'agent 不译' },
  { wrong: new RegExp(`${HAN}[0-9A-Za-z]|[0-9A-Za-z%]${HAN}`, 'u'), right: '中文与西文之间空一格' },
  { wrong: new RegExp(`${HAN}[,;:!?()]|[,;:!?()]${HAN}`, 'u'), right: '全角标点' },
  { wrong: /[0-9] %/, right: '99.95%' },
];

function isChinese(line: string): boolean {
  return /\p{Script=Han}/u.test(line);
}

/** What a text says in replaced words, each with its line and what to write instead. */
function findings(path: string, text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) =>
    (isChinese(line) ? CHINESE : ENGLISH).flatMap(({ wrong, right }) => {
      const found = wrong.exec(line);
      return found === null ? [] : [`${path}:${index + 1}: “${found[0]}” → ${right}`];
    }),
  );
}

/** Line numbers stay those of the file. */
function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, '');
}

/** A document's own words: no code, no generated tables, links by their texts. A code span counts as a Latin word. */
function prose(document: string): string {
  return document
    .replaceAll(/^ *```.*?^ *```$/gms, blank)
    .replaceAll(/<!-- begin .*?<!-- end \w+ -->/gs, blank)
    .replaceAll(/`[^`]+`/g, (span) => `code${blank(span)}`)
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/!?\[|[\]*]/g, '');
}

function filesIn(folder: string, ending: string, recursive = true): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

/** It quotes the words that are avoided. */
const GLOSSARY = 'docs/zh-CN/glossary.md';
const DOCUMENTS = [...filesIn('.', '.md', false), ...filesIn('docs', '.md')].filter(
  (path) => path !== GLOSSARY && !path.startsWith('docs/reference/'),
);

const COMMENT_OR_STRING = String.raw`//[^\n]*|/\*.*?\*/|'(?:\\.|[^'\\\n])*'|\`(?:\\.|[^\`\\])*\``;

/** What fills a template with a figure, so that a space belongs between it and Han. */
const FIGURE = /\$\{(?:duration|percent|size|spanText|downText|format\w+)\([^}]*\}/g;

/** A source's comments and strings. */
function words(source: string): string {
  const pattern = new RegExp(`(${COMMENT_OR_STRING})|[^\\n]`, 'gs');
  return source.replaceAll(pattern, (_all, found: string | undefined) => {
    // A string of one word is a name in the code, such as the tag of a union.
    if (found === undefined || /^'\w+'$/.test(found)) return '';
    if (found.startsWith('/')) return found.replaceAll(/`[^`\n]+`/g, 'code');
    return found.replaceAll(FIGURE, '1').replaceAll(/\$\{[^}]*\}/g, '');
  });
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test('documents use the words of the style guide', () => {
  assert.deepEqual(
    DOCUMENTS.flatMap((path) => findings(path, prose(read(path)))),
    [],
  );
  assert.ok(DOCUMENTS.length >= 32);
});

// The folders of src whose comments and strings were gone through. Add a folder once it is clean; none is taken out.
const CLEAN_SOURCES = [
  'agent',
  'api',
  'cli',
  'core/describe',
  'drill',
  'drivers/fence',
  'drivers/http1',
  'drivers/member',
  'drivers/os',
  'drivers/probe',
  'drivers/socket-holder',
  'drivers/store',
  'model',
  'plan',
  'replay',
  'runtime',
];

test('comments and texts of sources use the words of the style guide', () => {
  const sources = CLEAN_SOURCES.flatMap((folder) => filesIn(`src/${folder}`, '.ts'));
  assert.deepEqual(
    sources.flatMap((path) => findings(path, words(read(path)))),
    [],
  );
  assert.ok(sources.length >= 80);
});

test('Chinese texts of sources use the terms of the glossary', () => {
  const sources = filesIn('src', '.ts').map((path) => ({
    path,
    lines: words(read(path)).split('\n'),
  }));
  const wrong = sources.flatMap(({ path, lines }) =>
    findings(path, lines.map((line) => (isChinese(line) ? line : '')).join('\n')),
  );
  assert.deepEqual(wrong, []);
  assert.ok(sources.filter(({ lines }) => lines.some(isChinese)).length >= 40);
});

test('every rule refuses a sentence that breaks it, and none a sentence that does not', () => {
  const bad = [
    'Whoever runs goes on when nobody serves.',
    'It is told to start anew after a time-out; wait at most so long.',
    'A member stands by while requests are under way.',
    'Mend it, or it dies by mistake for want of patience.',
    'Any behaviour but for this is put right in 5 % of a start-up; condemn it at the last sign of life.',
  ].join('\n');
  const chinese = [
    '您的服务无人服务：手动切换，进程挂起、死亡、围栏、续期，请求暂留、回放，后备成员通过门槛。',
    '预热之后应答，沉默引起嫌疑，性能下降超过容限，操作员下令，机房、看板、可靠率、保持可用。',
    '新代理在3 秒内启动, 占用 5 %。',
  ].join('\n');
  for (const [rules, text] of [
    [ENGLISH, bad],
    [CHINESE, chinese],
  ] as const) {
    const idle = rules.filter(
      ({ right }) => !findings('', text).some((line) => line.endsWith(right)),
    );
    assert.deepEqual(idle, []);
  }
  const good = 'Requests wait until a standby takes over. `nobody` is a user.\n```text\nanew\n```';
  assert.deepEqual(findings('', prose(good)), []);
  const goodChinese = '主用成员假死 3 秒后，`agent` 将其隔离（fencing），见[概念](a.md)。';
  assert.deepEqual(findings('', prose(goodChinese)), []);
});

test('of a source only comments and strings are read', () => {
  const source = "const nobody = anew; // it goes on\nsay(`${nobody} stands by`, '第 2次');";
  assert.deepEqual(findings('a.ts', words(source)), [
    'a.ts:1: “goes on” → continue, keep running',
    'a.ts:2: “2次” → 中文与西文之间空一格',
  ]);
});

/** Columns of a terminal: a Chinese character or full-width mark takes two. */
function width(line: string): number {
  return line.replaceAll(/[\p{Script=Han}\u3000-\u303f\uff00-\uff60]/gu, 'ab').length;
}

test('the first screen of the README shows a figure and a command, in both languages', () => {
  for (const path of ['README.md', 'README.zh-CN.md']) {
    const screen = read(path).split('\n').slice(0, 24);
    assert.deepEqual(
      screen.filter((line) => width(line) > 80),
      [],
      path,
    );
    assert.ok(
      screen.some((line) => line.endsWith(' ms |')) &&
        screen.some((line) => line.startsWith('make demo')),
      path,
    );
  }
  assert.ok(read('README.md').split(/\s+/).length <= 800, 'the README has more than 800 words');
});
