import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { cell, displayWidth, formatTable, openTerminal, wrapText } from '../src/terminal.ts';

function terminal(lang: string | undefined, env: Record<string, string> = {}) {
  return openTerminal({ out: new PassThrough(), env, lang });
}

test('columns are aligned by what the eye sees, Chinese characters counting two', () => {
  const text = formatTable(terminal('zh'), [
    [cell('成员'), cell('x')],
    [cell('a'), cell('y')],
  ]);
  const [first = '', second = ''] = text.split('\n');
  assert.equal(displayWidth(first), displayWidth(second));
  assert.equal(first, '成员  x');
  assert.equal(second, 'a     y');
});

test('names in any script take the columns that a terminal gives them', () => {
  assert.deepEqual(
    ['shop', '商店', 'かな', '한글', '🛒', 'café', 'cafe\u0301', '\u001B[32mok\u001B[0m'].map(
      displayWidth,
    ),
    [4, 4, 4, 4, 2, 4, 4, 2],
  );
});

test('no line ends in blanks and missing cells do no harm', () => {
  const text = formatTable(terminal('en'), [[cell('a'), cell('')], [cell('long')], []]);
  assert.equal(text, 'a\nlong\n\n');
});

test('the language follows --lang, then LC_ALL, LC_MESSAGES and LANG', () => {
  assert.equal(terminal('zh', { LANG: 'en_US.UTF-8' }).locale, 'zh');
  assert.equal(terminal(undefined, { LC_ALL: 'zh_CN.UTF-8', LANG: 'en_US' }).locale, 'zh');
  assert.equal(terminal(undefined, { LANG: 'zh_TW.UTF-8' }).locale, 'zh');
  assert.equal(terminal(undefined, { LC_ALL: 'C', LANG: 'zh_CN' }).locale, 'en');
  assert.equal(terminal(undefined).locale, 'en');
});

test('a text is wrapped between words and Han characters, and a figure stays with its unit', () => {
  assert.deepEqual(wrapText('it took another 20.3 s until then', 20), [
    'it took another',
    '20.3 s until then',
  ]);
  assert.deepEqual(wrapText('主用成员已经失效', 8), ['主用成员', '已经失效']);
  assert.deepEqual(wrapText('unbreakable', 4), ['unbreakable']);
  assert.deepEqual(wrapText('', 4), ['']);
});
