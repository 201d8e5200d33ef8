import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import { compareTranscript, parseScenario } from '../../replay/scenario.ts';
import { walk, type Walk } from '../../replay/walk.ts';

// An incident that was exported, here or elsewhere, from its file.

const MAX_BYTES = 256 * 1024 * 1024;

/** Throws AppError usage where there is no such file or it holds no recording. */
export function replayFile(file: string): Walk {
  const parsed = parseScenario(readText(file));
  if (!parsed.ok) {
    throw new AppError('usage', {
      what: `${file}:${parsed.fault.line} is not part of a recorded incident`,
      why: parsed.fault.why,
      todo: 'write such a file with: hotwarm replay ID --export FILE',
    });
  }
  const walked = walk(parsed.recording);
  const difference = compareTranscript(walked, parsed.transcript);
  return {
    ...walked,
    compared: { ...walked.compared, transcript: difference === null },
    divergences: difference === null ? walked.divergences : [...walked.divergences, difference],
  };
}

function readText(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error('it is larger than 256 MiB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError(
      'usage',
      {
        what: `${file} cannot be read`,
        why: error instanceof Error ? error.message : String(error),
        todo: 'name an incident by its number, or the file of one that was exported',
      },
      { cause: error },
    );
  }
}
