import { AppError } from '../errors.ts';

// `--start "python app.py --port $PORT"`: how a service is started today, as one would type it.

const OPERATORS = /^(?:\|\|?|&&?|;|<{1,2}|>{1,2}|2>|\d?>&\d)$/;

/** Program and arguments. Throws AppError usage for what only a shell could do. */
export function splitCommand(text: string): readonly string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  const quotes = text.replaceAll(/"[^"]*"|'[^']*'/g, '');
  if (/["']/.test(quotes)) {
    throw unusable(text, 'a quote in it does not end', 'close the quote');
  }
  if (words.length === 0) {
    throw unusable(text, 'it says nothing', 'write for example --start "python app.py"');
  }
  const operator = words.find(
    (word) => OPERATORS.test(word) || /^[A-Za-z_]\w*=/.test(words[0] ?? ''),
  );
  if (operator !== undefined) {
    throw unusable(
      text,
      `members are started without a shell, which would be needed for ${operator}`,
      `write it as: --start ${JSON.stringify(`sh -c 'exec ${text.replaceAll("'", '')}'`)}`,
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

function unusable(text: string, why: string, todo: string): AppError {
  return new AppError('usage', { what: `--start ${text} is not understood`, why, todo });
}
