import type { Text } from '../core/describe/language.ts';
import type { FaultCode } from './fault-codes.ts';

// The words for kinds of value and for missing keys, in both languages; explain.ts makes errors of them.

export const SEE_REFERENCE: Text = {
  en: 'see docs/reference/config.md',
  zh: '参见 docs/zh-CN/reference/config.md',
};

/** By the English description of a pattern in the schema. */
export const PATTERNS_IN_CHINESE: Readonly<Record<string, string>> = {
  'a path': '路径',
  'a path that begins with /': '以 / 开头的路径',
  '16 to 256 printable characters': ' 16 到 256 个可打印字符',
  'a currency such as USD': '货币代码，如 USD',
  'three octal digits in quotes, such as "660"': '加引号的三位八进制数，如 "660"',
  'text without NUL': '不含 NUL 的文本',
  'a host name or an IP address': '主机名或 IP 地址',
  'a user name, "uid" or "uid:gid"': '用户名、"uid" 或 "uid:gid"',
  'a name of letters, digits and _': '由字母、数字和 _ 组成的名称',
};

type ValueKind = {
  readonly code: FaultCode;
  readonly noun: Text;
  readonly hint: Text;
  /** For an example with the number that was given; null: no example. */
  readonly unit: string | null;
};

const ADDRESS: Text = { en: 'an address', zh: '地址' };

export const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
  duration: {
    code: 'badDuration',
    noun: { en: 'a duration', zh: '时长' },
    hint: {
      en: 'use a number and a unit (ms, s, m, h, d) without a space',
      zh: '用数字加单位（ms、s、m、h、d），中间不留空格',
    },
    unit: 's',
  },
  size: {
    code: 'badSize',
    noun: { en: 'a size', zh: '大小' },
    hint: {
      en: 'use a number and a unit (B, KiB, MiB, GiB, TiB) without a space',
      zh: '用数字加单位（B、KiB、MiB、GiB、TiB），中间不留空格',
    },
    unit: 'MiB',
  },
  share: {
    code: 'badShare',
    noun: { en: 'a share', zh: '比例' },
    hint: { en: 'use a percentage', zh: '用百分数' },
    unit: '%',
  },
  address: {
    code: 'badAddress',
    noun: ADDRESS,
    hint: {
      en: 'use host:port with a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080',
      zh: '用 host:port，端口为 1 到 65535，例如 127.0.0.1:8080 或 [::1]:8080',
    },
    unit: null,
  },
  listen: {
    code: 'badAddress',
    noun: ADDRESS,
    hint: {
      en: 'use host:port with a port from 1 to 65535, such as 127.0.0.1:8080 or [::1]:8080, or unix: and an absolute path of at most 107 characters',
      zh: '用 host:port，端口为 1 到 65535，例如 127.0.0.1:8080 或 [::1]:8080；或用 unix: 加至多 107 个字符的绝对路径',
    },
    unit: null,
  },
  command: {
    code: 'wrongType',
    noun: { en: 'a list', zh: '列表' },
    hint: {
      en: 'use a list of program and arguments, because no shell is involved: [node, server.js]',
      zh: '把程序和参数写成列表，因为不经过 shell：[node, server.js]',
    },
    unit: null,
  },
};

export const MISSING_HINTS: Readonly<Record<string, Text>> = {
  services: {
    en: 'add `services:` with one service below it; `hotwarm init` creates an example',
    zh: '添加 `services:`，其下至少一个服务；`hotwarm init` 可生成示例',
  },
  members: {
    en: 'add `members:` with two members, the preferred one first',
    zh: '添加 `members:`，其下两个成员，首选成员在前',
  },
  traffic: {
    en: 'add `traffic: { listen: 127.0.0.1:8080 }`, the address for clients',
    zh: '添加 `traffic: { listen: 127.0.0.1:8080 }`，即客户端使用的地址',
  },
  listen: {
    en: 'add `listen: 127.0.0.1:8080`, the address for clients',
    zh: '添加 `listen: 127.0.0.1:8080`，即客户端使用的地址',
  },
  probe: {
    en: 'add `probe: { http: /healthz }`, or `tcp: true`, or `command: [...]`',
    zh: '添加 `probe: { http: /healthz }`，或 `tcp: true`，或 `command: [...]`',
  },
  command: {
    en: 'add program and arguments as a list: `command: [node, server.js]`',
    zh: '把程序和参数写成列表：`command: [node, server.js]`',
  },
  port: {
    en: 'add the port of this member: `port: 3001`',
    zh: '添加该成员的端口：`port: 3001`',
  },
};

export const TYPE_NAMES: Readonly<Record<string, Text>> = {
  string: { en: 'text', zh: '文本' },
  boolean: { en: 'true or false', zh: ' true 或 false' },
  int: { en: 'an integer', zh: '整数' },
  number: { en: 'a number', zh: '数字' },
  array: { en: 'a list, such as [a, b]', zh: '列表，如 [a, b]' },
  object: { en: 'a section with keys', zh: '含有键的一节' },
  record: { en: 'a section with names', zh: '含有名称的一节' },
};
