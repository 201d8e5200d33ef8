import { writeFileSync } from 'node:fs';
import { loadConfig } from '../../config/load.ts';
import { AppError, ERRORS, systemReason } from '../../errors.ts';
import { exportScenario } from '../../replay/scenario.ts';
import { incidentIn, stepsOf, timelineOf } from '../../replay/timeline.ts';
import { compare } from '../../replay/comparison.ts';
import { walk, type Walk } from '../../replay/verify.ts';
import { type WhatIf, whatIf } from '../../replay/what-if.ts';
import { formatAsIf, formatComparison } from '../replay/comparison-text.ts';
import { applySettings } from '../replay/settings.ts';
import { formatHead, summarise } from '../incident-text.ts';
import { cell, paint, type Terminal, writeJson } from '../../terminal.ts';
import { replayFile } from '../replay/load-scenario.ts';
import { replayDocument, whatIfSteps } from '../replay/document.ts';
import { readRecording } from '../replay/read-recording.ts';
import { formatTimeline } from '../replay/text.ts';
import { formatVerdict } from '../replay/verdict-text.ts';

type ReplayOptions = {
  /** A number: an incident of this installation; null: the newest one. */
  readonly what: number | string | null;
  readonly config: string;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly all: boolean;
  readonly settings: readonly string[];
  readonly exportTo: string | null;
};

type Source = {
  readonly walked: Walk;
  /** null: from a file, which has no wall clock. */
  readonly startedWallMs: number | null;
};

/** Replays a recorded incident with the core and compares the result. Returns the exit code. */
export async function runReplay(options: ReplayOptions): Promise<number> {
  const { terminal, json, all } = options;
  const source = load(options);
  const { walked } = source;
  const other = options.settings.length === 0 ? null : ask(options, walked);
  if (options.exportTo !== null) exportTo(options.exportTo, source, terminal);
  else if (json) writeJson(terminal, replayDocument(walked, { all, whatIf: other }));
  else if (other === null) terminal.out.write(formatReplay(options, source));
  else terminal.out.write(formatWhatIf(options, source, other));
  return walked.divergences.length === 0 ? 0 : ERRORS.failed.exit;
}

function load({ what, config }: ReplayOptions): Source {
  if (typeof what === 'string') return { walked: replayFile(what), startedWallMs: null };
  const { recording, startedWallMs } = readRecording(loadConfig(config).agent.stateDir, what);
  return { walked: walk(recording), startedWallMs };
}

/** The outcome with other settings. Throws AppError if a replay cannot evaluate them. */
function ask({ settings, config: file }: ReplayOptions, walked: Walk): WhatIf {
  if (walked.divergences.length > 0) {
    throw new AppError('failed', {
      message: {
        en: 'cannot evaluate other settings for this incident',
        zh: '无法对这次切换评估其他设置',
      },
      reason: {
        en: 'the replay differs from the recording even with the original settings',
        zh: '即使采用原设置，重放也与记录不一致',
      },
      hint: {
        en: 'show the difference with the same command without --set',
        zh: '去掉 --set 运行同一命令，查看差异',
      },
    });
  }
  const { service, config: recorded } = walked.recording;
  return whatIf(walked, applySettings({ texts: settings, file, service, recorded }));
}

function formatWhatIf(
  { terminal, all, settings }: ReplayOptions,
  { walked }: Source,
  other: WhatIf,
): string {
  const { service, incident: id } = walked.recording;
  const start = incidentIn(walked.steps, service, id)?.startedAt ?? walked.recording.state.at;
  const comparison = compare(walked, other);
  const entries = timelineOf(whatIfSteps(walked, other), { service, all });
  const text = { comparison, whatIf: other, settings: settings.join(', '), start };
  const head = formatAsIf(terminal, { ...text, from: other.from, id });
  return `${head}\n${formatTimeline(terminal, entries, start)}\n${formatComparison(terminal, text)}`;
}

function formatReplay({ terminal, all }: ReplayOptions, source: Source): string {
  const { walked, startedWallMs } = source;
  const { service, incident: id } = walked.recording;
  const incident = incidentIn(walked.steps, service, id);
  const entries = timelineOf(stepsOf(walked.steps, service, id), { service, all });
  const start = incident?.startedAt ?? walked.recording.state.at;
  const head = incident === null ? '' : `${formatHead(terminal, { incident, startedWallMs })}\n`;
  return `${head}${formatTimeline(terminal, entries, start)}\n${formatVerdict(terminal, walked)}`;
}

function exportTo(file: string, { walked }: Source, terminal: Terminal): void {
  const { service, incident: id } = walked.recording;
  const incident = incidentIn(walked.steps, service, id);
  const text =
    incident === null ? null : exportScenario(walked, `${summarise(incident, 'en')} (${service}).`);
  if (text === null) {
    throw new AppError('failed', {
      message: { en: `cannot export incident ${id}`, zh: `无法导出第 ${id} 次切换` },
      reason: { en: 'the replay does not reach the incident', zh: '重放没有到达这次切换' },
      hint: {
        en: `show the difference with: hotwarm replay ${id}`,
        zh: `查看差异：hotwarm replay ${id}`,
      },
    });
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new AppError(
      'failed',
      {
        message: { en: `cannot write ${file}`, zh: `无法写入 ${file}` },
        reason: systemReason(error),
        hint: { en: 'use a new file in a writable directory', zh: '改用可写目录中的新文件' },
      },
      { cause: error },
    );
  }
  if (terminal.isInteractive) {
    terminal.out.write(`${paint(terminal, cell(file, 'good'))}: hotwarm replay ${file}\n`);
  }
}
