import type { Locale, Text } from './core/describe/language.ts';

// Every error that an operator can act on: code → exit code and HTTP status. docs/reference/errors.md lists
// exactly these (tested). An error has three texts, in English and Chinese: message, reason and hint.

export const ERRORS = {
  usage: {
    exit: 2,
    status: 400,
    about: { en: 'Invalid command line or request.', zh: '命令行或请求无效。' },
  },
  configMissing: {
    exit: 3,
    status: 500,
    about: {
      en: 'Configuration file not found or not readable.',
      zh: '配置文件不存在或无法读取。',
    },
  },
  configInvalid: {
    exit: 3,
    status: 500,
    about: {
      en: 'Invalid configuration; all errors are listed with line numbers.',
      zh: '配置无效；所有错误连同行号一并列出。',
    },
  },
  preflightFailed: {
    exit: 3,
    status: 500,
    about: {
      en: 'The configuration is valid, but this host cannot run it.',
      zh: '配置有效，但本机无法运行。',
    },
  },
  unreachable: {
    exit: 4,
    status: 503,
    about: { en: 'No agent responds at the API address.', zh: 'API 地址上没有 agent 响应。' },
  },
  refused: {
    exit: 5,
    status: 409,
    about: {
      en: 'The agent refused the command in its current state.',
      zh: 'agent 在当前状态下拒绝执行该命令。',
    },
  },
  unauthorized: {
    exit: 5,
    status: 401,
    about: {
      en: 'The API requires a token, or does not accept this host name or this user.',
      zh: 'API 要求令牌，或不接受该主机名或该用户。',
    },
  },
  notFound: {
    exit: 5,
    status: 404,
    about: { en: 'No such service, member or incident.', zh: '没有该服务、成员或切换记录。' },
  },
  failed: {
    exit: 6,
    status: 500,
    about: { en: 'The command failed.', zh: '命令执行失败。' },
  },
  stateUnusable: {
    exit: 6,
    status: 500,
    about: { en: 'The state directory is not usable.', zh: '状态目录无法使用。' },
  },
  stateLocked: {
    exit: 5,
    status: 409,
    about: {
      en: 'Another agent uses this state directory.',
      zh: '另一个 agent 正在使用该状态目录。',
    },
  },
  portTaken: {
    exit: 6,
    status: 500,
    about: {
      en: 'An address that hotwarm must listen on is in use.',
      zh: 'hotwarm 要监听的地址已被占用。',
    },
  },
  diskFull: {
    exit: 6,
    status: 507,
    about: { en: 'The disk with the state directory is full.', zh: '状态目录所在磁盘已满。' },
  },
  binaryMissing: {
    exit: 3,
    status: 500,
    about: {
      en: 'A program that hotwarm must run does not exist or is not executable.',
      zh: 'hotwarm 要运行的程序不存在或不可执行。',
    },
  },
  internal: {
    exit: 70,
    status: 500,
    about: { en: 'Internal error. Please report it.', zh: '内部错误，请报告。' },
  },
} as const satisfies Record<string, { exit: number; status: number; about: Text }>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorText = { readonly message: Text; readonly reason: Text; readonly hint: Text };

/** An error that an operator can act on. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly text: ErrorText;

  constructor(code: ErrorCode, text: ErrorText, options?: ErrorOptions) {
    super(text.message.en, options);
    this.code = code;
    this.text = text;
  }

  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  get httpStatus(): (typeof ERRORS)[ErrorCode]['status'] {
    return ERRORS[this.code].status;
  }
}

/** The three texts of an error, as every command prints them. */
export function formatError({ text }: AppError, locale: Locale): string {
  const [reason, hint] = ERROR_LABELS[locale];
  return `hotwarm: ${text.message[locale]}\n${reason}${text.reason[locale]}\n${hint}${text.hint[locale]}\n`;
}

/** What stands before reason and hint. */
const ERROR_LABELS: Readonly<Record<Locale, readonly [reason: string, hint: string]>> = {
  en: ['why:  ', 'fix:  '],
  zh: ['原因：', '处理：'],
};

/** English where a JSON reader expects a string, and the Chinese texts beside it. */
export type ErrorDocument = {
  readonly message: string;
  readonly reason: string;
  readonly hint: string;
  readonly zh: { readonly message: string; readonly reason: string; readonly hint: string };
};

export function errorDocument({ message, reason, hint }: ErrorText): ErrorDocument {
  const zh = { message: message.zh, reason: reason.zh, hint: hint.zh };
  return { message: message.en, reason: reason.en, hint: hint.en, zh };
}

/** The same words in both languages: names, paths and what other programs print. */
export function untranslated(text: string): Text {
  return { en: text, zh: text };
}

/** What the system, a library or another program reported, as a reason. */
export function systemReason(error: unknown): Text {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(SYSTEM_ERRORS, code) ? SYSTEM_ERRORS[code] : undefined;
  return { en: detail, zh: known === undefined ? `系统信息：${detail}` : `${known}（${detail}）` };
}

const SYSTEM_ERRORS: Readonly<Partial<Record<string, string>>> = {
  EACCES: '权限不足',
  EADDRINUSE: '地址已被占用',
  EADDRNOTAVAIL: '本机没有该地址',
  ECONNREFUSED: '连接被拒绝',
  ECONNRESET: '连接被重置',
  EDQUOT: '超出磁盘配额',
  EEXIST: '文件已存在',
  EISDIR: '是目录而不是文件',
  ENOENT: '文件或目录不存在',
  ENOSPC: '磁盘空间不足',
  ENOTDIR: '路径的一部分不是目录',
  EPERM: '操作不被允许',
  EROFS: '文件系统只读',
  ETIMEDOUT: '连接超时',
  ENOTFOUND: '主机名无法解析',
};
