import { Lexer } from 'yaml';
import type { ConfigFault } from './faults.ts';

// Limits of a file before it is parsed: the parser's time grows faster than the file, with the number of keys in a
// section and with the depth of brackets. Splitting it into tokens is quick, and ends at the limit.

export const SOURCE_BYTES_MAX = 1024 * 1024;
/** A line has about ten: enough for hundreds of services. */
const TOKENS_MAX = 100_000;
const DEPTH_MAX = 100;
/** The lexer puts it before the text of a scalar, which may look like a bracket. */
const SCALAR_MARK = '\u{1F}';

type SourceFault = Pick<ConfigFault, 'code' | 'text'> & { readonly offset: number };

export function sourceFault(source: string): SourceFault | null {
  if (Buffer.byteLength(source) > SOURCE_BYTES_MAX) return { ...FILE_TOO_LARGE, offset: 0 };
  let tokens = 0;
  let depth = 0;
  let offset = 0;
  let before = '';
  for (const token of new Lexer().lex(source)) {
    tokens += 1;
    if (tokens > TOKENS_MAX) return { ...TOO_MANY_VALUES, offset };
    if (before !== SCALAR_MARK) {
      if (token === '[' || token === '{') depth += 1;
      if (token === ']' || token === '}') depth -= 1;
      if (depth > DEPTH_MAX) return { ...TOO_DEEP, offset };
    }
    if (!isMark(token)) offset += token.length;
    before = token;
  }
  return null;
}

/** Tokens without text of the file: the start of a document or scalar, the end of a flow or of the file's text. */
function isMark(token: string): boolean {
  return token === SCALAR_MARK || token === '\u{02}' || token === '\u{18}';
}

const HINT = { en: 'check that this is the right file', zh: '确认文件无误' };

const FILE_TOO_LARGE = {
  code: 'fileTooLarge',
  text: {
    message: { en: 'the file is larger than 1 MiB', zh: '文件大于 1 MiB' },
    reason: { en: 'a configuration needs far less', zh: '配置文件远不需要这么大' },
    hint: HINT,
  },
} as const;

const TOO_MANY_VALUES = {
  code: 'fileTooLarge',
  text: {
    message: { en: 'the file has too many keys and values', zh: '文件中的键和值过多' },
    reason: { en: 'a configuration needs far less', zh: '配置文件远不需要这么多' },
    hint: HINT,
  },
} as const;

export const TOO_DEEP = {
  code: 'syntax',
  text: {
    message: { en: 'values are nested too deeply', zh: '嵌套过深' },
    reason: { en: 'a configuration needs only a few levels', zh: '配置文件只需要少数几层' },
    hint: HINT,
  },
} as const;
