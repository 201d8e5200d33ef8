import {
  type Document,
  type LineCounter,
  type YAMLError,
  isCollection,
  isScalar,
  visit,
} from 'yaml';
import type { ConfigFault } from './faults.ts';

// What the YAML parser objects to, in words for those who wrote the file, and at the place where it went wrong:
// of a quote or a bracket that does not end, the place where it begins.

/** Faults of the text, in the order of the file. */
export function syntaxFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const errors = [...document.errors, ...document.warnings];
  if (errors.length === 0) return aliasFaults(document, lines);
  const told = tellable(errors);
  const unclosed = unclosedOffset(document, told);
  const faults = told.map((error) => {
    const text = syntaxText(error);
    const isOpen = text === QUOTE_OPEN || text === BRACKET_OPEN;
    return syntaxFault(isOpen ? (unclosed ?? error.pos[0]) : error.pos[0], text, lines);
  });
  return onePerPlace(faults).toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** Where a tab stands or the parser gave up, what comes after it is misread and would be reported in vain. */
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

/** Where the innermost text or collection begins whose end was missed; null: none was found. */
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

/** What one slip makes the parser say several times at one place is told once. */
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

type SyntaxText = Pick<ConfigFault, 'code' | 'what' | 'why' | 'todo'>;

const NO_ANCHOR: SyntaxText = {
  code: 'badAlias',
  what: 'an alias has no anchor before it',
  why: '`*name` repeats the value marked `&name`; an asterisk that is meant as text needs quotes',
  todo: 'write the value out, or put it in quotes',
};

const QUOTE_OPEN: SyntaxText = {
  code: 'syntax',
  what: 'the text that begins here has no closing quote',
  why: 'all that follows is read as part of it',
  todo: 'add the quote where the text ends',
};

const BRACKET_OPEN: SyntaxText = {
  code: 'syntax',
  what: 'the bracket that opens here is not closed',
  why: 'all that follows is read as part of it, unless it is indented less',
  todo: 'add the missing ] or }',
};

const TOO_DEEP: SyntaxText = {
  code: 'syntax',
  what: 'values are nested too deeply',
  why: 'no configuration needs more than a few levels',
  todo: 'check that this is the right file',
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
      what: `this is not valid YAML: ${message.split('\n')[0] ?? error.code}`,
      why: null,
      todo: 'check the indentation, the quotes and the brackets here and in the line above',
    }
  );
}

const SYNTAX_TEXTS: Readonly<Partial<Record<YAMLError['code'], SyntaxText>>> = {
  TAB_AS_INDENT: {
    code: 'tab',
    what: 'a tab is used to indent',
    why: 'YAML indents with spaces only',
    todo: 'replace it with spaces',
  },
  DUPLICATE_KEY: {
    code: 'duplicateKey',
    what: 'this key stands here a second time',
    why: 'only one of the two could hold, and it is not clear which',
    todo: 'remove or rename one of them',
  },
  MULTIPLE_DOCS: {
    code: 'syntax',
    what: 'the file holds several documents',
    why: null,
    todo: 'remove the line `---` and what does not belong',
  },
  TAG_RESOLVE_FAILED: {
    code: 'syntax',
    what: 'this tag is not known',
    why: 'a value that begins with an exclamation mark is a tag in YAML',
    todo: 'remove the tag, or put the value in quotes',
  },
};
