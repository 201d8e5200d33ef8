import type { z } from 'zod';
import type { Text } from '../core/describe/language.ts';
import type { FaultCode } from './fault-codes.ts';
import type { ConfigPath, PlacelessFault } from './faults.ts';
import { renamedValue } from './renamed.ts';
import { keysAt, nearest } from './suggest.ts';
import {
  MISSING_HINTS,
  PATTERNS_IN_CHINESE,
  SEE_REFERENCE,
  TYPE_NAMES,
  VALUE_KINDS,
} from './value-words.ts';
import { unixForTcp, unknownKey, unsupportedWord } from './unknown-words.ts';

// Turns the issues of the schema into errors with a hint: which value is wrong, and what to write instead.

type Issue = z.core.$ZodIssue;
type Explanation = { readonly code: FaultCode; readonly message: Text; readonly hint: Text };

/** One error for each issue, without keys that are missing only because they are misspelled. */
export function explainIssues(issues: readonly Issue[]): PlacelessFault[] {
  const faults = issues.flatMap(explainIssue);
  const meant = new Set(
    faults
      .filter(({ code }) => code === 'unknownKey')
      .map(({ path }) => {
        const section = path.slice(0, -1);
        return [...section, nearest(String(path.at(-1)), keysAt(section))].join('\0');
      }),
  );
  return faults.filter(({ code, path }) => code !== 'missingKey' || !meant.has(path.join('\0')));
}

function explainIssue(issue: Issue): PlacelessFault[] {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys')
    return issue.keys.flatMap((key) => unknownKey(path, key, issue.input));
  const unsupported =
    renamedValue(path, issue.input) ??
    unsupportedWord(path, inputOf(issue)) ??
    unixForTcp(path, issue);
  if (unsupported !== null) return [unsupported];
  const { code, message, hint } = explainValue(issue, path);
  return [{ code, path, text: { message, reason: null, hint } }];
}

/** The value at the issue; for a section that depends on one of its words, that word. */
function inputOf(issue: Issue): unknown {
  const { input } = issue;
  if (issue.code !== 'invalid_union' || issue.discriminator === undefined) return input;
  return typeof input === 'object' && input !== null
    ? Reflect.get(input, issue.discriminator)
    : input;
}

function wordsOf(issue: Extract<Issue, { code: 'invalid_union' }>): readonly string[] {
  const options = 'options' in issue ? (issue.options ?? []) : [];
  return options.filter((word) => typeof word === 'string');
}

function explainValue(issue: Issue, path: ConfigPath): Explanation {
  if (issue.input === undefined) return missing(path);
  if (issue.code === 'invalid_key') return badKey(issue, String(path.at(-1)));
  const byMessage = explainMessage(issue);
  if (byMessage !== null) return byMessage;
  if (issue.code === 'invalid_union') return badChoice(wordsOf(issue), inputOf(issue));
  if (issue.code === 'invalid_value') return badChoice(issue.values.map(String), issue.input);
  if (issue.code === 'too_small') {
    const { minimum } = issue;
    return outOfRange(issue.input, { en: `of at least ${minimum}`, zh: `不小于 ${minimum}` });
  }
  if (issue.code === 'too_big') {
    const { maximum } = issue;
    return outOfRange(issue.input, { en: `of at most ${maximum}`, zh: `不大于 ${maximum}` });
  }
  if (issue.code === 'invalid_type') return wrongType(issue.expected, issue.input);
  return {
    code: 'badValue',
    message: { en: issue.message, zh: `取值无效（${issue.message}）` },
    hint: SEE_REFERENCE,
  };
}

/** The value kinds of the schema (values.ts) set their name as the message. */
function explainMessage(issue: Issue): Explanation | null {
  const { message } = issue;
  if (message === 'range' && issue.code === 'custom') {
    const [min, max] = [String(issue.params?.['min']), String(issue.params?.['max'])];
    return outOfRange(issue.input, { en: `from ${min} to ${max}`, zh: `${min} 到 ${max}` });
  }
  if (message.startsWith('pattern ')) return badPattern(issue.input, message);
  const kind = VALUE_KINDS[message];
  if (kind === undefined) return null;
  const { code, noun, hint, unit } = kind;
  const example = unit === null ? null : exampleOf(issue.input, unit);
  return {
    code,
    message: isNot(issue.input, noun),
    hint:
      example === null
        ? hint
        : { en: `${hint.en}, such as ${example}`, zh: `${hint.zh}，例如 ${example}` },
  };
}

function isNot(input: unknown, noun: Text): Text {
  const shown = show(input);
  return { en: `${shown.en} is not ${noun.en}`, zh: `${shown.zh} 不是${noun.zh}` };
}

function badPattern(input: unknown, message: string): Explanation {
  const en = message.slice('pattern '.length);
  const wanted = { en, zh: PATTERNS_IN_CHINESE[en] ?? en };
  return {
    code: 'badPattern',
    message: isNot(input, wanted),
    hint: { en: `use ${wanted.en}`, zh: `应为${wanted.zh}` },
  };
}

function exampleOf(input: unknown, unit: string): string | null {
  const amount = /^\s*(\d+(?:\.\d+)?)/.exec(String(input))?.[1];
  if (amount === undefined) return null;
  // A bare number most often means milliseconds, as in other tools.
  return `${amount}${unit === 's' && typeof input === 'number' ? 'ms' : unit}`;
}

function missing(path: ConfigPath): Explanation {
  const key = String(path.at(-1));
  return {
    code: 'missingKey',
    message: { en: `\`${key}\` is missing`, zh: `缺少 \`${key}\`` },
    hint: MISSING_HINTS[key] ?? {
      en: `add \`${key}\`; ${SEE_REFERENCE.en}`,
      zh: `添加 \`${key}\`；${SEE_REFERENCE.zh}`,
    },
  };
}

function badKey(issue: Issue, key: string): Explanation {
  const expected = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  if (expected?.startsWith('pattern ') === true) return badPattern(key, expected);
  return {
    code: 'badName',
    message: { en: `${show(key).en} is not a valid name`, zh: `${show(key).zh} 不是有效的名称` },
    hint: {
      en: 'use a letter, then letters, digits, - or _ (31 characters at most)',
      zh: '以字母开头，后接字母、数字、- 或 _（至多 31 个字符）',
    },
  };
}

function badChoice(words: readonly string[], input: unknown): Explanation {
  const near = nearest(String(input), words);
  const shown = show(input);
  const [only = ''] = words;
  const choices =
    words.length === 1
      ? { en: `use ${only}`, zh: `应为 ${only}` }
      : { en: `use one of ${words.join(', ')}`, zh: `可选值：${words.join('、')}` };
  return {
    code: 'badValue',
    message: { en: `${shown.en} is not allowed here`, zh: `此处不能用 ${shown.zh}` },
    hint:
      near === null
        ? choices
        : {
            en: `${choices.en} (did you mean ${near}?)`,
            zh: `${choices.zh}（是否想写 ${near}？）`,
          },
  };
}

function outOfRange(input: unknown, range: Text): Explanation {
  const shown = show(input);
  if (Array.isArray(input)) {
    return {
      code: 'outOfRange',
      message: { en: `the list has ${input.length} entries`, zh: `列表有 ${input.length} 项` },
      hint: { en: `use a number of entries ${range.en}`, zh: `项数应为${spaced(range.zh)}` },
    };
  }
  return {
    code: 'outOfRange',
    message: { en: `${shown.en} is out of range`, zh: `${shown.zh} 超出范围` },
    hint: { en: `use a value ${range.en}`, zh: `应为${spaced(range.zh)}` },
  };
}

/** A space between Han characters and a digit. */
function spaced(text: string): string {
  return /^\d/.test(text) ? ` ${text}` : text;
}

function wrongType(expected: string, input: unknown): Explanation {
  const wanted = TYPE_NAMES[expected] ?? { en: expected, zh: expected };
  return {
    code: 'wrongType',
    message: input === null ? { en: 'the value is missing', zh: '缺少值' } : isNot(input, wanted),
    hint: typeHint(expected, input) ?? { en: `use ${wanted.en}`, zh: `应为${wanted.zh}` },
  };
}

function typeHint(expected: string, input: unknown): Text | null {
  const isPlain = typeof input === 'number' || typeof input === 'boolean';
  const written = String(input);
  if (expected === 'string' && isPlain)
    return { en: `put it in quotes: "${written}"`, zh: `加上引号："${written}"` };
  if ((expected === 'int' || expected === 'number') && /^\d+$/.test(written))
    return { en: `remove the quotes: ${written}`, zh: `去掉引号：${written}` };
  if (input !== null) return null;
  const wanted = TYPE_NAMES[expected] ?? { en: expected, zh: expected };
  return { en: `use ${wanted.en}, or remove the key`, zh: `填写${wanted.zh}，或删除该键` };
}

/** A value, in one line. */
function show(value: unknown): Text {
  if (Array.isArray(value)) return { en: 'a list', zh: '列表' };
  if (value === null) return { en: 'an empty value', zh: '空值' };
  if (typeof value === 'object') return { en: 'a section', zh: '一节' };
  const text = JSON.stringify(value);
  const shown = text.length > 60 ? `${text.slice(0, 57)}…"` : text;
  return { en: shown, zh: shown };
}
