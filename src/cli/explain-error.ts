import { CommanderError } from 'commander';
import type { Locale, Text } from '../core/describe/language.ts';
import { AppError, ERRORS, formatError, untranslated } from '../errors.ts';

// Every error that ends a command, in one form: message, reason and hint.

/** Writes the error and returns its exit code. */
export function explainError(error: unknown, err: NodeJS.WritableStream, locale: Locale): number {
  if (error instanceof CommanderError) return explainUsage(error, err, locale);
  const known = error instanceof AppError ? error : defect(error);
  err.write(formatError(known, locale));
  return known.exitCode;
}

/** Commander also throws to exit after help and version. */
function explainUsage(error: CommanderError, err: NodeJS.WritableStream, locale: Locale): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return ERRORS.usage.exit;
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const guess = /Did you mean (?:one of )?(.+)\?/.exec(hint)?.[1];
  const usage = new AppError('usage', {
    message: { en: first, zh: usageInChinese(first) },
    reason: { en: 'invalid command line', zh: '命令行无效' },
    hint:
      guess === undefined
        ? { en: 'see: hotwarm --help', zh: '参见：hotwarm --help' }
        : {
            en: `did you mean ${guess}? see: hotwarm --help`,
            zh: `是否想输入 ${guess}？参见：hotwarm --help`,
          },
  });
  err.write(formatError(usage, locale));
  return ERRORS.usage.exit;
}

/** Commander's messages, which are in English only. */
const USAGE_SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^unknown option '(.+)'$/, '未知选项 $1'],
  [/^unknown command '(.+)'$/, '未知命令 $1'],
  [/^missing required argument '(.+)'$/, '缺少参数 $1'],
  [/^option '(.+)' argument missing$/, '选项 $1 缺少值'],
  [/^option '(.+)' cannot be used with option '(.+)'$/, '选项 $1 不能与选项 $2 同时使用'],
  [
    /^too many arguments(?: for '(.+)')?\. Expected (\d+) arguments? but got (\d+)\.$/,
    '参数过多：至多 $2 个，实际 $3 个',
  ],
  [
    /^option '(.+)' argument '(.*)' is invalid\. Allowed choices are (.+)\.$/,
    '选项 $1 的值 $2 无效，可选值：$3',
  ],
  [
    /^option '(.+)' argument '(.*)' is invalid\. Must be an integer from (\d+) to (\d+)\.$/,
    '选项 $1 的值 $2 无效，应为 $3 到 $4 的整数',
  ],
  [
    /^command-argument value '(.*)' is invalid for argument '(.+)'\. Must be an integer from (\d+) to (\d+)\.$/,
    '参数 $2 的值 $1 无效，应为 $3 到 $4 的整数',
  ],
];

function usageInChinese(sentence: string): string {
  for (const [pattern, chinese] of USAGE_SENTENCES) {
    if (pattern.test(sentence)) return sentence.replace(pattern, chinese);
  }
  return sentence;
}

function defect(error: unknown): AppError {
  const detail: Text = untranslated(
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  return new AppError('internal', {
    message: { en: 'unexpected error', zh: '意外错误' },
    reason: detail,
    hint: { en: 'please report it with these lines', zh: '请附上以上内容报告此问题' },
  });
}
