// The catalogue of everything hotwarm tells an operator to mend: code → exit code and HTTP status.
// docs/reference/errors.md lists exactly these (tested). The three lines of a message are what, why, and
// what to do.

export const ERRORS = {
  usage: { exit: 2, status: 400, about: 'The command line or the request is not understood.' },
  configMissing: {
    exit: 3,
    status: 500,
    about: 'The configuration file does not exist or cannot be read.',
  },
  configInvalid: {
    exit: 3,
    status: 500,
    about: 'The configuration has faults; all are listed with their lines.',
  },
  preflightFailed: {
    exit: 3,
    status: 500,
    about: 'The configuration is sound but this machine cannot run it.',
  },
  unreachable: { exit: 4, status: 503, about: 'No agent answers at the API address.' },
  refused: { exit: 5, status: 409, about: 'The agent will not do this now; it says why.' },
  unauthorised: {
    exit: 5,
    status: 401,
    about: 'The API wants a token, or does not answer to this host name.',
  },
  notFound: { exit: 5, status: 404, about: 'There is no such service, member or incident.' },
  failed: { exit: 6, status: 500, about: 'It was tried and did not succeed.' },
  stateUnusable: { exit: 6, status: 500, about: 'The state directory cannot be written.' },
  stateHeld: { exit: 5, status: 409, about: 'Another agent uses this state directory.' },
  portTaken: { exit: 6, status: 500, about: 'An address that hotwarm must listen on is in use.' },
  diskFull: { exit: 6, status: 507, about: 'The disk that holds the state directory is full.' },
  binaryMissing: {
    exit: 3,
    status: 500,
    about: 'A command of the configuration does not exist or may not be run.',
  },
  internal: { exit: 70, status: 500, about: 'A defect of hotwarm; please report it.' },
} as const satisfies Record<string, { exit: number; status: number; about: string }>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorText = { readonly what: string; readonly why: string; readonly todo: string };

/** An error the operator can do something about. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly text: ErrorText;

  constructor(code: ErrorCode, text: ErrorText, options?: ErrorOptions) {
    super(text.what, options);
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

/** What, why, do: one line each, as every command prints it. */
export function formatError(error: AppError): string {
  return `hotwarm: ${error.text.what}\nwhy:  ${error.text.why}\ndo:   ${error.text.todo}\n`;
}
