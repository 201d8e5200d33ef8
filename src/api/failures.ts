import { describeRefusal, describeRemedy } from '../core/describe/refusal.ts';
import type { Refusal } from '../core/reasons.ts';
import { AppError, type ErrorCode, type ErrorText } from '../errors.ts';

// Every failure of the API has one shape, the operator's three lines and a code to act on.

export type Failure = {
  readonly error: ErrorText & {
    readonly code: ErrorCode;
    /** Of a refused command: why, for programs. */
    readonly refusal?: Refusal;
  };
};

export type FailureAnswer = { readonly status: AppError['httpStatus']; readonly body: Failure };

export function answerError(error: unknown): FailureAnswer {
  const known = error instanceof AppError ? error : defect();
  return { status: known.httpStatus, body: { error: { code: known.code, ...known.text } } };
}

export function answerRefusal(refusal: Refusal): FailureAnswer {
  const isUnknown = refusal.code === 'unknownService' || refusal.code === 'unknownMember';
  const error = new AppError(isUnknown ? 'notFound' : 'refused', {
    what: isUnknown ? describeRefusal(refusal, 'en') : 'the agent refuses this now',
    why: isUnknown ? 'the configuration does not name it' : describeRefusal(refusal, 'en'),
    todo: describeRemedy(refusal, 'en'),
  });
  return {
    status: error.httpStatus,
    body: { error: { code: error.code, ...error.text, refusal } },
  };
}

export function notFound(what: string): AppError {
  return new AppError('notFound', {
    what,
    why: 'the agent has nothing of that name or number',
    todo: 'list what there is with: hotwarm status, hotwarm history',
  });
}

/** What exactly broke stays out of the answer: it may come from anywhere. */
function defect(): AppError {
  return new AppError('internal', {
    what: 'the request could not be answered',
    why: 'hotwarm met an error that it does not know',
    todo: "look into the agent's log, and report it",
  });
}
