import type { z } from 'zod';
import type { Text } from '../core/describe/language.ts';
import type { ConfigPath, PlacelessFault } from './faults.ts';
import { renamedKeys } from './renamed.ts';
import { keysAt, nearest, sectionsWith, wordsWith } from './suggest.ts';

// Errors of keys and words that the schema does not know at their position, with the nearest one that it knows.

/** Several errors for a renamed section: one for it and one for each renamed key in it. */
export function unknownKey(path: ConfigPath, key: string, section: unknown): PlacelessFault[] {
  if (key === '<<') return [mergeKey(path)];
  const renamed = renamedKeys([...path, key], valueIn(section, key));
  return renamed.length > 0 ? renamed : [misspelledKey(path, key)];
}

function valueIn(section: unknown, key: string): unknown {
  return typeof section === 'object' && section !== null ? Reflect.get(section, key) : undefined;
}

function misspelledKey(path: ConfigPath, key: string): PlacelessFault {
  const words = wordsWith(path, key);
  if (words.length > 0) return wrongVia([...path, key], words);
  return {
    code: 'unknownKey',
    path: [...path, key],
    text: {
      message: { en: `unknown key \`${key}\``, zh: `未知的键 \`${key}\`` },
      reason: {
        en: 'hotwarm rejects unknown keys because a typo would silently keep the default',
        zh: 'hotwarm 拒绝未知的键，因为拼写错误会使默认值悄然生效',
      },
      hint: keyHint(path, key),
    },
  };
}

function keyHint(path: ConfigPath, key: string): Text {
  const known = keysAt(path);
  const near = nearest(key, known);
  if (near !== null) return { en: `did you mean \`${near}\`?`, zh: `是否想写 \`${near}\`？` };
  const elsewhere = sectionsWith(key);
  return elsewhere.length > 0
    ? {
        en: `move it to ${elsewhere.join(' or ')}`,
        zh: `将其移到 ${elsewhere.join(' 或 ')}`,
      }
    : {
        en: `remove it, or use one of: ${known.join(', ')}`,
        zh: `将其删除，或改用：${known.join('、')}`,
      };
}

/** A known key whose section has another `via`. */
function wrongVia(path: ConfigPath, words: readonly string[]): PlacelessFault {
  const quoted = words.map((word) => `\`${word}\``);
  const key = path.at(-1);
  return {
    code: 'wrongVia',
    path,
    text: {
      message: {
        en: `\`${key}\` requires ${quoted.join(' or ')}`,
        zh: `\`${key}\` 只用于 ${quoted.join(' 或 ')}`,
      },
      reason: { en: 'here the key would have no effect', zh: '此处该键不起作用' },
      hint: {
        en: `set ${quoted.join(' or ')}, or remove the key`,
        zh: `设置 ${quoted.join(' 或 ')}，或删除该键`,
      },
    },
  };
}

/** A Unix socket for `via: proxy`, which listens on TCP ports only. */
export function unixForTcp(
  path: ConfigPath,
  { message, input }: z.core.$ZodIssue,
): PlacelessFault | null {
  const isUnix = typeof input === 'string' && input.startsWith('unix:');
  if (!isUnix || message !== 'address' || path.at(-1) !== 'listen') return null;
  const shown = JSON.stringify(input);
  return {
    code: 'wrongVia',
    path,
    text: {
      message: { en: `${shown} requires \`via: socket\``, zh: `${shown} 只用于 \`via: socket\`` },
      reason: {
        en: 'the proxy of this version listens on TCP ports only',
        zh: '本版本的代理只监听 TCP 端口',
      },
      hint: {
        en: 'use host:port, or set `via: socket`',
        zh: '改用 host:port，或设置 `via: socket`',
      },
    },
  };
}

function mergeKey(path: ConfigPath): PlacelessFault {
  return {
    code: 'unknownKey',
    path: [...path, '<<'],
    text: {
      message: { en: '`<<` does not merge keys', zh: '`<<` 不能合并键' },
      reason: { en: 'YAML 1.2 has no merge keys', zh: 'YAML 1.2 没有合并键' },
      hint: {
        en: 'write out the keys; a single value can be repeated with &name and *name',
        zh: '直接写出各个键；单个值可用 &name 和 *name 重复',
      },
    },
  };
}

/** Words of other versions and designs, and the supported alternative. */
const UNSUPPORTED: readonly {
  readonly key: string;
  readonly words: RegExp;
  readonly supported: readonly string[];
}[] = [
  { key: 'kind', words: /^(?:postgres|redis|command)$/, supported: ['kind: process'] },
  {
    key: 'via',
    words: /^(?:haproxy|nftables|vip|command)$/,
    supported: ['via: proxy', 'via: socket'],
  },
  { key: 'store', words: /^etcd:\/\//, supported: ['store: embedded'] },
];

export function unsupportedWord(path: ConfigPath, input: unknown): PlacelessFault | null {
  const known = UNSUPPORTED.find(({ key }) => key === path.at(-1));
  if (known === undefined || typeof input !== 'string' || !known.words.test(input)) return null;
  const supported = known.supported.map((word) => `\`${word}\``);
  return {
    code: 'notYet',
    path,
    text: {
      message: {
        en: `\`${known.key}: ${input}\` is not supported in this version`,
        zh: `本版本不支持 \`${known.key}: ${input}\``,
      },
      reason: { en: 'it is not implemented yet', zh: '尚未实现' },
      hint: { en: `use ${supported.join(' or ')}`, zh: `改用 ${supported.join(' 或 ')}` },
    },
  };
}
