import { readFileSync, statSync } from 'node:fs';
import { AppError, systemReason } from '../../errors.ts';
import { compareTranscript, parseScenario } from '../../replay/scenario.ts';
import { walk, type Walk } from '../../replay/verify.ts';

// Loads an exported incident from its file.

const MAX_BYTES = 256 * 1024 * 1024;

/** Throws AppError usage if the file does not exist or contains no recording. */
export function replayFile(file: string): Walk {
  const parsed = parseScenario(readText(file));
  if (!parsed.ok) {
    throw new AppError('usage', {
      message: {
        en: `${file}:${parsed.fault.line} is not part of an exported incident`,
        zh: `${file}:${parsed.fault.line} 不是导出的切换记录的内容`,
      },
      reason: parsed.fault.reason,
      hint: {
        en: 'export an incident with: hotwarm replay ID --export FILE',
        zh: '导出切换记录：hotwarm replay ID --export FILE',
      },
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
    if (statSync(file).size <= MAX_BYTES) return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError(
      'usage',
      {
        message: { en: `cannot read ${file}`, zh: `无法读取 ${file}` },
        reason: systemReason(error),
        hint: {
          en: 'give an incident ID, or the file of an exported incident',
          zh: '指定切换编号，或已导出的切换记录文件',
        },
      },
      { cause: error },
    );
  }
  throw new AppError('usage', {
    message: { en: `${file} is too large`, zh: `${file} 过大` },
    reason: { en: 'an exported incident has at most 256 MiB', zh: '导出的切换记录至多 256 MiB' },
    hint: { en: 'check that this is the right file', zh: '确认文件无误' },
  });
}
