import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../src/cli/program.ts';
import { localeOf, wrapText } from '../../src/terminal.ts';
import { Capture } from './capture.ts';

// The language of the command line: help, errors of usage, and which variable of the environment decides.

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const out = new Capture();
  const err = new Capture();
  const io = { out, err, env, stopSignal: () => new AbortController().signal };
  const code = await runCli(args, io);
  return { code, out: out.text, err: err.text };
}

const COMMANDS = [
  'init',
  'check',
  'up',
  'demo',
  'status',
  'history',
  'explain',
  'replay',
  'plan',
  'simulate',
  'switchover',
  'failover',
  'failback',
  'pause',
  'resume',
];

for (const command of [[], ...COMMANDS.map((name) => [name])]) {
  test(`the help of ${command[0] ?? 'hotwarm'} is all Chinese with --lang zh`, async () => {
    const { code, out } = await run(['--lang', 'zh', ...command, '--help']);
    assert.equal(code, 0);
    assert.doesNotMatch(out, /Usage|Options|Commands|Arguments|default|choices|\[options\]/);
    const entries = out.split('\n').filter((line) => /^ {2}\S/.test(line));
    for (const entry of entries) assert.match(entry, /\p{Script=Han}/u, entry);
  });
}

const USAGE_ERRORS: readonly (readonly [args: readonly string[], chinese: RegExp])[] = [
  [['statsu'], /未知命令 statsu\n原因：命令行无效\n处理：是否想输入 status？/],
  [['status', '--wach'], /未知选项 --wach/],
  [['status', 'a', 'b'], /参数过多：至多 1 个，实际 2 个/],
  [['history', '-n'], /选项 -n, --limit <count> 缺少值/],
  [['history', '-n', 'x'], /的值 x 无效，应为 1 到 1000 的整数/],
  [['explain', 'x'], /参数 id 的值 x 无效，应为 1 到 \d+ 的整数/],
  [['init', '--template', 'x'], /选项 --template <name> 的值 x 无效，可选值：node, /],
  [['replay', '--json', '--export', 'f'], /选项 --export <file> 不能与选项 --json 同时使用/],
  [['status', '--api', 'x'], /--api x 无效\n原因：应为 HOST:PORT 的形式/],
];

for (const [args, chinese] of USAGE_ERRORS) {
  test(`hotwarm ${args.join(' ')} is refused in Chinese with --lang zh`, async () => {
    const { code, err } = await run(['--lang=zh', ...args]);
    assert.equal(code, 2);
    assert.match(err, chinese);
  });
}

test('the first variable that is not empty decides about the language', () => {
  assert.equal(localeOf({ LC_ALL: '', LANG: 'zh_CN.UTF-8' }, undefined), 'zh');
  assert.equal(localeOf({ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, undefined), 'en');
  assert.equal(localeOf({ LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'en_US.UTF-8' }, undefined), 'zh');
  assert.equal(localeOf({ LC_ALL: 'zh_CN.UTF-8' }, 'en'), 'en');
  assert.equal(localeOf({}, undefined), 'en');
});

test('no line of Chinese text begins with punctuation that closes, or ends with one that opens', () => {
  const text = '主用成员（a）无响应，直接探测（b）也没有响应；判定失效：开始接管。';
  for (let columns = 6; columns <= 60; columns += 1) {
    for (const line of wrapText(text, columns)) {
      assert.doesNotMatch(line, /^[，。；：）]/, line);
      assert.doesNotMatch(line, /（$/, line);
    }
  }
});
