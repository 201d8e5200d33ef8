import type { Text } from '../core/describe/language.ts';
import { AppError } from '../errors.ts';

// `--start "python app.py --port $PORT"`: how a service is started today, as one would type it.

const OPERATORS = /^(?:\|\|?|&&?|;|<{1,2}|>{1,2}|2>|\d?>&\d)$/;

/** Program and arguments. Throws AppError usage for what only a shell could do. */
export function splitCommand(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  const quotes = text.replaceAll(/"[^"]*"|'[^']*'/g, '');
  if (/["']/.test(quotes)) {
    throw unusable(
      text,
      { en: 'a quote is not closed', zh: '引号没有闭合' },
      { en: 'close the quote', zh: '补上引号' },
    );
  }
  if (words.length === 0) {
    throw unusable(
      text,
      { en: 'the command is empty', zh: '命令为空' },
      { en: 'for example: --start "python app.py"', zh: '例如：--start "python app.py"' },
    );
  }
  const operator = words.find(
    (word) => OPERATORS.test(word) || /^[A-Za-z_]\w*=/.test(words[0] ?? ''),
  );
  if (operator !== undefined) {
    throw unusable(
      text,
      {
        en: `hotwarm starts members without a shell, but ${operator} needs one`,
        zh: `hotwarm 不通过 shell 启动成员，而 ${operator} 需要 shell`,
      },
      {
        en: `use: --start ${JSON.stringify(`sh -c 'exec ${text.replaceAll("'", '')}'`)}`,
        zh: `改为：--start ${JSON.stringify(`sh -c 'exec ${text.replaceAll("'", '')}'`)}`,
      },
    );
  }
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** With the port of one member in place of `$PORT`. */
export function withPort(command: readonly string[], port: number): readonly string[] {
  return command.map((word) => word.replaceAll(/\$PORT\b|\$\{PORT\}/g, String(port)));
}

export function namesPort(command: readonly string[]): boolean {
  return command.some((word) => /\$PORT\b|\$\{PORT\}/.test(word));
}

function unusable(text: string, reason: Text, hint: Text): AppError {
  const message = { en: `invalid --start ${text}`, zh: `--start ${text} 无效` };
  return new AppError('usage', { message, reason, hint });
}
