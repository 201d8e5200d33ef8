import { CommanderError } from 'commander';
import { AppError, ERRORS, formatError } from '../errors.ts';

// Whatever ends a command early, in the shape of all errors: what, why, and what to do.

/** Writes the three lines of the error and answers its exit code. */
export function explainError(error: unknown, err: NodeJS.WritableStream): number {
  if (error instanceof CommanderError) return explainUsage(error, err);
  const known = error instanceof AppError ? error : defect(error);
  err.write(formatError(known));
  return known.exitCode;
}

/** Help and version end here too, as commander throws to leave. */
function explainUsage(error: CommanderError, err: NodeJS.WritableStream): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return ERRORS.usage.exit;
  const [first = '', hint = ''] = error.message.replace(/^error: /, '').split('\n');
  const guess = /Did you mean (?:one of )?(.+)\?/.exec(hint)?.[1];
  err.write(
    formatError(
      new AppError('usage', {
        what: first,
        why: 'the command line is not understood',
        todo:
          guess === undefined
            ? 'see: hotwarm --help'
            : `perhaps you mean ${guess}; see: hotwarm --help`,
      }),
    ),
  );
  return ERRORS.usage.exit;
}

function defect(error: unknown): AppError {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AppError('internal', {
    what: 'hotwarm met an error that it does not know',
    why: detail,
    todo: 'please report it with these lines',
  });
}
