import { describeRefusal, describeRemedy } from '../core/describe/refusal.ts';
import type { Text } from '../core/describe/language.ts';
import type { Refusal } from '../core/reasons.ts';
import { AppError, type ErrorCode, type ErrorDocument, errorDocument } from '../errors.ts';

// Every failure of the API has one shape: a code for programs, and the three texts of an error in both languages.

export type Failure = {
  readonly error: ErrorDocument & {
    readonly code: ErrorCode;
    /** Of a refused command: its reason and figures, for programs. */
    readonly refusal?: Refusal;
  };
};

type FailureAnswer = { readonly status: AppError['httpStatus']; readonly body: Failure };

export function answerError(error: unknown): FailureAnswer {
  const known = error instanceof AppError ? error : defect();
  return {
    status: known.httpStatus,
    body: { error: { code: known.code, ...errorDocument(known.text) } },
  };
}

export function refusalResponse(refusal: Refusal): FailureAnswer {
  const isUnknown = refusal.code === 'unknownService' || refusal.code === 'unknownMember';
  const refused = { en: describeRefusal(refusal, 'en'), zh: describeRefusal(refusal, 'zh') };
  const error = new AppError(isUnknown ? 'notFound' : 'refused', {
    message: isUnknown ? refused : { en: 'command refused', zh: '命令被拒绝' },
    reason: isUnknown
      ? { en: 'the configuration does not contain it', zh: '配置中没有它' }
      : refused,
    hint: { en: describeRemedy(refusal, 'en'), zh: describeRemedy(refusal, 'zh') },
  });
  return {
    status: error.httpStatus,
    body: { error: { code: error.code, ...errorDocument(error.text), refusal } },
  };
}

export function notFound(message: Text): AppError {
  return new AppError('notFound', {
    message,
    reason: {
      en: 'no such service, member or incident',
      zh: '没有该服务、成员或切换记录',
    },
    hint: {
      en: 'list them with: hotwarm status, hotwarm history',
      zh: '查看现有内容：hotwarm status、hotwarm history',
    },
  });
}

export function usage(message: Text, reason: Text): AppError {
  const hint = {
    en: 'see docs/guide/metrics-and-api.md',
    zh: '参见 docs/zh-CN/guide/metrics-and-api.md',
  };
  return new AppError('usage', { message, reason, hint });
}

/** The detail stays in the log: it could contain anything. */
function defect(): AppError {
  return new AppError('internal', {
    message: { en: 'the request failed', zh: '请求处理失败' },
    reason: { en: 'unexpected error', zh: '意外错误' },
    hint: { en: "check the agent's log, and report it", zh: '查看 agent 的日志，并报告此问题' },
  });
}
