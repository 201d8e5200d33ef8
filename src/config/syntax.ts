import {
  type Document,
  type LineCounter,
  type YAMLError,
  isCollection,
  isPair,
  isScalar,
  visit,
} from 'yaml';
import type { ConfigFault } from './faults.ts';
import { TOO_DEEP } from './source-limits.ts';

// Errors of the YAML parser in plain words, at the position of the mistake: for an unclosed quote or bracket, where it
// begins.

/** Syntax errors, in the order of the file. */
export function syntaxFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const errors = [...document.errors, ...document.warnings];
  if (errors.length === 0)
    return [...aliasFaults(document, lines), ...reservedKeyFaults(document, lines)];
  const told = tellable(errors);
  const unclosed = unclosedOffset(document, told);
  const faults = told.map((error) => {
    const text = syntaxText(error);
    const isOpen = text === QUOTE_OPEN || text === BRACKET_OPEN;
    return syntaxFault(isOpen ? (unclosed ?? error.pos[0]) : error.pos[0], text, lines);
  });
  return onePerPlace(faults).toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** After a tab or an abort, the parser misreads the rest; errors found there are not reported. */
function tellable(errors: readonly YAMLError[]): readonly YAMLError[] {
  const tooDeep = errors.find((error) => syntaxText(error) === TOO_DEEP);
  if (tooDeep !== undefined) return [tooDeep];
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  return tabs.length > 0 ? tabs : errors;
}

function aliasFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const faults: ConfigFault[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      faults.push(syntaxFault(alias.range?.[0] ?? 0, NO_ANCHOR, lines));
    },
  });
  return faults;
}

/** Sections whose keys are names; all others reject unknown keys anyway. */
const OPEN_SECTIONS: readonly string[] = ['services', 'members', 'env'];

/** Assignment cannot create this key in a JavaScript object: libraries drop it silently. */
function reservedKeyFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const faults: ConfigFault[] = [];
  visit(document, {
    Pair(_, { key }, path) {
      if (!isScalar(key) || key.value !== '__proto__') return;
      const section = path.at(-2);
      if (!isPair(section) || !isScalar(section.key)) return;
      if (!OPEN_SECTIONS.includes(String(section.key.value))) return;
      faults.push(syntaxFault(key.range?.[0] ?? 0, RESERVED_KEY, lines));
    },
  });
  return faults;
}

/** Start of the innermost text or collection that is not closed; null: none was found. */
function unclosedOffset(document: Document, errors: readonly YAMLError[]): number | null {
  const missed = errors.find((error) => isUnclosed(error));
  if (missed === undefined) return null;
  const [end] = missed.pos;
  let begin: number | null = null;
  const wantsQuote = syntaxText(missed) === QUOTE_OPEN;
  visit(document, {
    Node(_, node) {
      const { range } = node;
      if (range === null || range === undefined || range[0] > end || range[2] < end) return;
      const isText = isScalar(node) && node.type?.startsWith('QUOTE') === true;
      const isFlow = isCollection(node) && node.flow === true;
      if (wantsQuote ? isText : isFlow) begin = Math.max(begin ?? 0, range[0]);
    },
  });
  return begin;
}

function isUnclosed(error: YAMLError): boolean {
  const text = syntaxText(error);
  return text === QUOTE_OPEN || text === BRACKET_OPEN;
}

/** The parser may report one mistake several times at one position; keep the first. */
function onePerPlace(faults: readonly ConfigFault[]): ConfigFault[] {
  const seen = new Set<string>();
  return faults.filter(({ line, column }) => {
    const place = `${line}:${column}`;
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

function syntaxFault(offset: number, text: SyntaxText, lines: LineCounter): ConfigFault {
  const { line, col } = lines.linePos(offset);
  return { path: '', line, column: col, ...text };
}

type SyntaxText = Pick<ConfigFault, 'code' | 'text'>;

const NO_ANCHOR: SyntaxText = {
  code: 'badAlias',
  text: {
    message: { en: 'the alias has no anchor before it', zh: '别名之前没有对应的锚点' },
    reason: {
      en: '`*name` repeats the value marked `&name`; text that begins with an asterisk needs quotes',
      zh: '`*name` 重复标有 `&name` 的值；以星号开头的文本须加引号',
    },
    hint: { en: 'write out the value, or put it in quotes', zh: '直接写出该值，或加上引号' },
  },
};

const RESERVED_KEY: SyntaxText = {
  code: 'badName',
  text: {
    message: { en: '`__proto__` is not a valid name', zh: '`__proto__` 不是有效的名称' },
    reason: null,
    hint: {
      en: 'use a letter, then letters, digits, - or _ (31 characters at most)',
      zh: '以字母开头，后接字母、数字、- 或 _（至多 31 个字符）',
    },
  },
};

const QUOTE_OPEN: SyntaxText = {
  code: 'syntax',
  text: {
    message: { en: 'the closing quote is missing', zh: '缺少右引号' },
    reason: {
      en: 'YAML reads the rest of the file as part of this text',
      zh: 'YAML 会把后面的内容都当作这段文本',
    },
    hint: { en: 'add the quote at the end of the text', zh: '在文本末尾补上引号' },
  },
};

const BRACKET_OPEN: SyntaxText = {
  code: 'syntax',
  text: {
    message: { en: 'the closing bracket is missing', zh: '缺少右括号' },
    reason: {
      en: 'YAML reads the following lines as part of the value, unless they are indented less',
      zh: '除非缩进更少，YAML 会把后面的行都当作该值的一部分',
    },
    hint: { en: 'add the missing ] or }', zh: '补上缺少的 ] 或 }' },
  },
};

function syntaxText(error: YAMLError): SyntaxText {
  const { message } = error;
  if (message.includes('call stack')) return TOO_DEEP;
  if (message.startsWith('Missing closing')) return QUOTE_OPEN;
  if (/must be sufficiently indented and end with a|Flow .* must end with/.test(message))
    return BRACKET_OPEN;
  return (
    SYNTAX_TEXTS[error.code] ?? {
      code: 'syntax',
      text: {
        message: {
          en: `invalid YAML: ${message.split('\n')[0] ?? error.code}`,
          zh: `不是有效的 YAML（${message.split('\n')[0] ?? error.code}）`,
        },
        reason: null,
        hint: {
          en: 'check indentation, quotes and brackets in this line and the line above',
          zh: '检查本行和上一行的缩进、引号和括号',
        },
      },
    }
  );
}

const SYNTAX_TEXTS: Readonly<Partial<Record<YAMLError['code'], SyntaxText>>> = {
  TAB_AS_INDENT: {
    code: 'tab',
    text: {
      message: { en: 'a tab is used for indentation', zh: '用了制表符缩进' },
      reason: { en: 'YAML allows only spaces for indentation', zh: 'YAML 只允许用空格缩进' },
      hint: { en: 'replace the tab with spaces', zh: '改为空格' },
    },
  },
  DUPLICATE_KEY: {
    code: 'duplicateKey',
    text: {
      message: { en: 'duplicate key', zh: '键重复' },
      reason: { en: 'only one value can apply', zh: '只能有一个值生效' },
      hint: { en: 'remove or rename one of them', zh: '删除或重命名其中之一' },
    },
  },
  MULTIPLE_DOCS: {
    code: 'syntax',
    text: {
      message: { en: 'the file contains several documents', zh: '文件中有多个文档' },
      reason: null,
      hint: {
        en: 'remove the line `---` and the other documents',
        zh: '删除 `---` 行和多余的文档',
      },
    },
  },
  TAG_RESOLVE_FAILED: {
    code: 'syntax',
    text: {
      message: { en: 'unknown tag', zh: '未知的标签' },
      reason: {
        en: 'in YAML, a value that begins with an exclamation mark is a tag',
        zh: '在 YAML 中，以感叹号开头的值是标签',
      },
      hint: { en: 'remove the tag, or put the value in quotes', zh: '删除标签，或给值加上引号' },
    },
  },
};
