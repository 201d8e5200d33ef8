import { type Document, LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { ConfigFault, ConfigPath, PlacelessFault } from './faults.ts';
import { crossFieldFaults } from './rules.ts';
import { type ParsedConfig, configSchema } from './schema.ts';
import { explainIssues } from './explain.ts';
import { sourceFault } from './source-limits.ts';
import { syntaxFaults } from './syntax.ts';

// From text to checked values: YAML, then the schema, then the rules about several keys. Every stage goes as far as it can,
// so that one run lists all errors: values that the schema rejects are removed (their defaults apply), and the rules check
// the rest, without the removed keys.

type ParseOutcome =
  | { readonly ok: true; readonly parsed: ParsedConfig }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

const FAULTS_MAX = 200;

export function parseConfig(source: string, hostname: string): ParseOutcome {
  const lineCounter = new LineCounter();
  const excess = sourceFault(source);
  if (excess !== null) return { ok: false, faults: [atOffset(excess, source)] };
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const syntax = syntaxFaults(document, lineCounter);
  if (syntax.length > 0) return { ok: false, faults: syntax.slice(0, FAULTS_MAX) };
  const tree = readTree(document);
  if ('fault' in tree) return refuse(tree.fault);
  const { parsed, faults } = checkTree(tree.value, hostname);
  if (parsed !== null && faults.length === 0) return { ok: true, parsed };
  const placed = faults
    .slice(0, FAULTS_MAX)
    .map((fault) => place(fault, document, lineCounter))
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, faults: placed };
}

function atOffset(
  { code, text, offset }: NonNullable<ReturnType<typeof sourceFault>>,
  source: string,
): ConfigFault {
  const line = source.slice(0, offset).split('\n').length;
  const column = offset - source.lastIndexOf('\n', offset - 1);
  return { code, text, path: '', line, column };
}

const EMPTY_FILE: PlacelessFault = {
  code: 'emptyFile',
  path: [],
  text: {
    message: { en: 'the file is empty', zh: '文件为空' },
    reason: null,
    hint: { en: 'run `hotwarm init` to create an example', zh: '运行 `hotwarm init` 生成示例' },
  },
};

const TOO_MANY_ALIASES: PlacelessFault = {
  code: 'badAlias',
  path: [],
  text: {
    message: { en: 'the aliases expand to too many values', zh: '别名展开后的值过多' },
    reason: {
      en: 'nested aliases multiply: a few lines could fill the memory',
      zh: '嵌套的别名成倍展开，几行就可能耗尽内存',
    },
    hint: { en: 'write out the values where they are used', zh: '在使用处直接写出这些值' },
  },
};

function refuse(fault: PlacelessFault): ParseOutcome {
  return { ok: false, faults: [{ ...fault, path: '', line: 1, column: 1 }] };
}

function readTree(document: Document): { value: unknown } | { fault: PlacelessFault } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return value === null ? { fault: EMPTY_FILE } : { value };
  } catch {
    // The other error of toJS(), an alias without an anchor, was found before.
    return { fault: TOO_MANY_ALIASES };
  }
}

function checkTree(
  tree: unknown,
  hostname: string,
): { parsed: ParsedConfig | null; faults: PlacelessFault[] } {
  const first = configSchema.safeParse(tree, { reportInput: true });
  if (first.success) return { parsed: first.data, faults: crossFieldFaults(first.data, hostname) };
  const faults = explainIssues(first.error.issues);
  const cut = faults.map(({ path }) => path);
  const rest = structuredClone(tree);
  for (const path of cut) remove(rest, path);
  const second = configSchema.safeParse(rest);
  if (second.success)
    return { parsed: null, faults: [...faults, ...rulesBeside(cut, second.data, hostname)] };
  // A required key was missing or removed: drop its member or service and check the others.
  for (const { path } of second.error.issues) {
    remove(rest, path.slice(0, path[2] === 'members' && path.length > 3 ? 4 : 2));
  }
  const third = configSchema.safeParse(rest);
  if (third.success) faults.push(...rulesBeside(cut, third.data, hostname));
  return { parsed: null, faults };
}

/** Broken rules of the rest, without those that compare a removed key or a section around one. */
function rulesBeside(
  cut: readonly ConfigPath[],
  parsed: ParsedConfig,
  hostname: string,
): PlacelessFault[] {
  const isTouched = (key: ConfigPath): boolean =>
    cut.some((gone) => startsWith(key, gone) || startsWith(gone, key));
  return crossFieldFaults(parsed, hostname).filter(({ compared }) => !compared.some(isTouched));
}

function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return start.every((key, index) => path[index] === key);
}

function remove(tree: unknown, path: readonly PropertyKey[]): void {
  let holder = tree;
  for (const key of path.slice(0, -1)) {
    if (typeof holder !== 'object' || holder === null) return;
    holder = Reflect.get(holder, key);
  }
  const last = path.at(-1);
  if (last === undefined || typeof holder !== 'object' || holder === null) return;
  Reflect.deleteProperty(holder, last);
}

/** The position of the value at the path; without a value that of its key, otherwise that of its section. */
function place(fault: PlacelessFault, document: Document, lines: LineCounter): ConfigFault {
  const offset = offsetOf(
    document,
    fault.path,
    fault.code === 'unknownKey' || fault.code === 'badName' || fault.code === 'renamed',
  );
  const { line, col } = lines.linePos(offset);
  return { ...fault, path: fault.path.join('.'), line, column: col };
}

function offsetOf(document: Document, path: ConfigPath, ofKey: boolean): number {
  for (let length = path.length; length > 0; length -= 1) {
    const at = path.slice(0, length);
    const key = keyOffset(document, at);
    const value: unknown = document.getIn(at, true);
    const valueOffset = isNode(value) ? value.range?.[0] : undefined;
    const isBelow = length < path.length;
    const found = ofKey || isBelow ? (key ?? valueOffset) : (valueOffset ?? key);
    if (found !== undefined) return found;
  }
  return 0;
}

function keyOffset(document: Document, path: ConfigPath): number | undefined {
  const holder: unknown =
    path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(holder)) return undefined;
  const pair = holder.items.find(
    ({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)),
  );
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}
