import type { z } from 'zod';
import type { FaultCode } from './fault-codes.ts';
import type { ConfigPath, PlacelessFault } from './faults.ts';
import { renamedKeys, renamedValue } from './renamed.ts';
import { keysAt, nearest, sectionsWith, wordsWith } from './suggest.ts';

// Turns what the schema found into faults that say what is wrong and what to write instead.

type Issue = z.core.$ZodIssue;
type Explanation = { readonly code: FaultCode; readonly what: string; readonly todo: string };

/** One fault for each issue, but for a key that is missing only because it is misspelt. */
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
  const notHere =
    renamedValue(path, issue.input) ?? knownWord(path, inputOf(issue)) ?? unixForTcp(path, issue);
  if (notHere !== null) return [notHere];
  return [{ path, why: null, ...explainValue(issue, path) }];
}

/** What was given where the issue is: of a word that decides about its section, the word. */
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
  if (issue.code === 'too_small') return outOfRange(issue.input, `at least ${issue.minimum}`);
  if (issue.code === 'too_big') return outOfRange(issue.input, `at most ${issue.maximum}`);
  if (issue.code === 'invalid_type') return wrongType(issue.expected, issue.input);
  return { code: 'badValue', what: issue.message, todo: 'see docs/reference/config.md' };
}

/** The schema's own kinds of value give their name as the message. */
function explainMessage(issue: Issue): Explanation | null {
  const shown = show(issue.input);
  const { message } = issue;
  if (message === 'range' && issue.code === 'custom') {
    const { min, max } = issue.params ?? {};
    return outOfRange(issue.input, `from ${String(min)} to ${String(max)}`);
  }
  if (message.startsWith('pattern ')) {
    const wanted = message.slice('pattern '.length);
    return { code: 'badPattern', what: `${shown} is not ${wanted}`, todo: `write ${wanted}` };
  }
  const kind = VALUE_KINDS[message];
  if (kind === undefined) return null;
  const { code, noun, todo, unit } = kind;
  return {
    code,
    what: `${shown} is not ${noun}`,
    todo: unit === null ? todo : todo + unitHint(issue.input, unit),
  };
}

type ValueKind = {
  readonly code: FaultCode;
  readonly noun: string;
  readonly todo: string;
  /** Offered with the number that was given; null: none fits. */
  readonly unit: string | null;
};

const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
  duration: {
    code: 'badDuration',
    noun: 'a duration',
    todo: 'write a number and a unit (ms, s, m, h, d) without a space',
    unit: 's',
  },
  size: {
    code: 'badSize',
    noun: 'a size',
    todo: 'write a number and a unit (B, KiB, MiB, GiB, TiB) without a space',
    unit: 'MiB',
  },
  share: { code: 'badShare', noun: 'a share', todo: 'write a percentage', unit: '%' },
  address: {
    code: 'badAddress',
    noun: 'an address',
    todo: 'write host:port with a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080',
    unit: null,
  },
  listen: {
    code: 'badAddress',
    noun: 'an address',
    todo: 'write host:port with a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080, or unix: and an absolute path of at most 107 characters',
    unit: null,
  },
  command: {
    code: 'wrongType',
    noun: 'a list',
    todo: 'write program and arguments as a list, as there is no shell: [node, server.js]',
    unit: null,
  },
};

function unitHint(input: unknown, unit: string): string {
  const amount = /^\s*(\d+(?:\.\d+)?)/.exec(String(input))?.[1];
  if (amount === undefined) return '';
  // A bare number is most often meant in milliseconds, as other tools count.
  return `, such as ${amount}${unit === 's' && typeof input === 'number' ? 'ms' : unit}`;
}

function missing(path: ConfigPath): Explanation {
  const key = String(path.at(-1));
  return {
    code: 'missingKey',
    what: `\`${key}\` is missing`,
    todo: MISSING_REMEDY[key] ?? `add \`${key}\`; see docs/reference/config.md`,
  };
}

const MISSING_REMEDY: Readonly<Record<string, string>> = {
  services: 'add `services:` with one service below it; `hotwarm init` writes an example',
  members: 'add `members:` with two members, the preferred one first',
  traffic: 'add `traffic: { listen: 127.0.0.1:8080 }`, the address that clients use',
  listen: 'add `listen: 127.0.0.1:8080`, the address that clients use',
  probe: 'add `probe: { http: /healthz }`, or `tcp: true`, or `command: [...]`',
  command: 'add the program and its arguments as a list: `command: [node, server.js]`',
  port: 'add the port that this member listens on: `port: 3001`',
};

function badKey(issue: Issue, key: string): Explanation {
  const expected = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  if (expected?.startsWith('pattern ') === true) {
    const wanted = expected.slice('pattern '.length);
    return { code: 'badPattern', what: `${show(key)} is not ${wanted}`, todo: `write ${wanted}` };
  }
  return {
    code: 'badName',
    what: `${show(key)} cannot be a name`,
    todo: 'begin with a letter, go on with letters, digits, - and _, at most 31 in all',
  };
}

function badChoice(words: readonly string[], input: unknown): Explanation {
  const near = nearest(String(input), words);
  const choices = words.length === 1 ? `write ${words[0]}` : `choose one of ${words.join(', ')}`;
  return {
    code: 'badValue',
    what: `${show(input)} is not known here`,
    todo: near === null ? choices : `${choices} (did you mean ${near}?)`,
  };
}

function outOfRange(input: unknown, range: string): Explanation {
  const isList = Array.isArray(input);
  return {
    code: 'outOfRange',
    what: isList ? `the list has ${input.length} entries` : `${show(input)} is out of range`,
    todo: isList ? `give ${range} entries` : `write a value ${range}`,
  };
}

function wrongType(expected: string, input: unknown): Explanation {
  const wanted = TYPE_NAMES[expected] ?? expected;
  return {
    code: 'wrongType',
    what: input === null ? 'nothing stands here' : `${show(input)} is not ${wanted}`,
    todo: typeRemedy(expected, input) ?? `write ${wanted}`,
  };
}

function typeRemedy(expected: string, input: unknown): string | null {
  const isPlain = typeof input === 'number' || typeof input === 'boolean';
  if (expected === 'string' && isPlain) return `put it in quotes: "${String(input)}"`;
  if ((expected === 'int' || expected === 'number') && /^\d+$/.test(String(input)))
    return `write it without quotes: ${String(input)}`;
  if (input !== null) return null;
  return `write ${TYPE_NAMES[expected] ?? expected}, or remove the key`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  array: 'a list, such as [a, b]',
  object: 'a section with keys below it',
  record: 'a section with names below it',
};

/** Of a key that was renamed, with its old keys below it, every one. */
function unknownKey(path: ConfigPath, key: string, section: unknown): PlacelessFault[] {
  if (key === '<<') return [MERGE_KEY(path)];
  const renamed = renamedKeys([...path, key], valueIn(section, key));
  return renamed.length > 0 ? renamed : [misspeltKey(path, key)];
}

function valueIn(section: unknown, key: string): unknown {
  return typeof section === 'object' && section !== null ? Reflect.get(section, key) : undefined;
}

function misspeltKey(path: ConfigPath, key: string): PlacelessFault {
  const known = keysAt(path);
  const words = wordsWith(path, key);
  if (words.length > 0) return wrongVia([...path, key], words);
  const near = nearest(key, known);
  const elsewhere = sectionsWith(key);
  const todo =
    near !== null
      ? `did you mean \`${near}\`?`
      : elsewhere.length > 0
        ? `it belongs in ${elsewhere.join(' or ')}; move it there`
        : `remove it, or use one of: ${known.join(', ')}`;
  return {
    code: 'unknownKey',
    path: [...path, key],
    what: `\`${key}\` is not known here`,
    why: 'a misspelt key would silently leave its default in force',
    todo,
  };
}

/** A key that is known where it stands, but not beside the word that decides. */
function wrongVia(path: ConfigPath, words: readonly string[]): PlacelessFault {
  const needed = words.map((word) => `\`${word}\``).join(' or ');
  return {
    code: 'wrongVia',
    path,
    what: `\`${path.at(-1)}\` needs ${needed}`,
    why: 'here the key would have no effect, which is easily overlooked',
    todo: `set ${needed}, or remove the key`,
  };
}

/** A Unix socket where only TCP ports can be listened on. */
function unixForTcp(path: ConfigPath, { message, input }: Issue): PlacelessFault | null {
  const isUnix = typeof input === 'string' && input.startsWith('unix:');
  if (!isUnix || message !== 'address' || path.at(-1) !== 'listen') return null;
  return {
    code: 'wrongVia',
    path,
    what: `${show(input)} needs \`via: socket\``,
    why: 'what listens there otherwise knows TCP ports only',
    todo: 'give host:port, or set `via: socket`',
  };
}

const MERGE_KEY = (path: ConfigPath): PlacelessFault => ({
  code: 'unknownKey',
  path: [...path, '<<'],
  what: '`<<` does not merge keys here',
  why: 'merging is no part of YAML 1.2',
  todo: 'write the keys out; a single value can be repeated with &name and *name',
});

/** Words of the configuration that a reader of the design knows, and what this version offers instead. */
const NOT_YET: readonly {
  readonly key: string;
  readonly words: RegExp;
  readonly works: string;
}[] = [
  { key: 'kind', words: /^(?:postgres|redis|command)$/, works: 'kind: process' },
  { key: 'via', words: /^(?:haproxy|nftables|vip|command)$/, works: 'via: proxy` or `via: socket' },
  { key: 'store', words: /^etcd:\/\//, works: 'store: embedded' },
];

function knownWord(path: ConfigPath, input: unknown): PlacelessFault | null {
  const known = NOT_YET.find(({ key }) => key === path.at(-1));
  if (known === undefined || typeof input !== 'string' || !known.words.test(input)) return null;
  return {
    code: 'notYet',
    path,
    what: `\`${known.key}: ${input}\` is not in this version`,
    why: 'it is a known word of the configuration, but nothing implements it yet',
    todo: `use \`${known.works}\``,
  };
}

/** A value as it may stand in one line of a message. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'nothing';
  if (typeof value === 'object') return 'a section';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
