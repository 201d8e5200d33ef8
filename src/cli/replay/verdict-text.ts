import { formatDuration } from '../../config/units.ts';
import { unreachable } from '../../core/assert.ts';
import { speaker } from '../../core/describe/language.ts';
import type { Divergence, Walk } from '../../replay/verify.ts';
import { cell, paint, type Terminal, wrapText } from '../../terminal.ts';

// Whether the replay matches the recording, and if not, where and why.

export function formatVerdict(terminal: Terminal, walk: Walk): string {
  const { divergences } = walk;
  const say = speaker(terminal.locale);
  if (divergences.length === 0)
    return [
      ...gapLines(walk, terminal),
      paint(terminal, cell(proofOf(walk, terminal), 'good')),
      '',
    ].join('\n');
  const lead = say('the replay differs from what was recorded', '重放与记录不一致');
  const lines = divergences.map((one) => `  ${describeDivergence(one, walk, terminal)}`);
  const why = say(
    'events are missing (a full disk), or another version of hotwarm made the decisions',
    '可能缺少部分事件（磁盘曾满），或当时由另一版本的 hotwarm 作出决策',
  );
  const todo = say(
    'run hotwarm explain to see the decisions; replay it with the version that recorded it',
    '用 hotwarm explain 查看当时的决策；用记录时的版本重放',
  );
  return [
    paint(terminal, cell(lead, 'bad')),
    ...lines,
    `${say('why:  ', '原因：')}${why}`,
    `${say('fix:  ', '处理：')}${todo}`,
    '',
  ].join('\n');
}

/** Gaps that the comparison does not cover. */
function gapLines({ gaps }: Walk, terminal: Terminal): readonly string[] {
  const say = speaker(terminal.locale);
  return gaps.map(({ afterEvents, fromAt, toAt }) => {
    const lost = formatDuration(toAt - fromAt);
    return paint(
      terminal,
      cell(
        say(
          `the journal lost the events of ${lost} after event ${afterEvents}, probably because the disk was full; the replay continues after them`,
          `事件日志丢失了第 ${afterEvents} 个事件之后 ${lost} 内的事件，可能因为磁盘已满；重放从其后继续`,
        ),
        'doubtful',
      ),
    );
  });
}

function proofOf(walk: Walk, { locale, columns }: Terminal): string {
  const say = speaker(locale);
  const { outcomes, states, incidents, transcript } = walk.compared;
  const proofs = [
    say(`${outcomes} results match their actions`, `${outcomes} 个结果与指令相符`),
    states === 0 ? '' : say(`${states} saved states`, `${states} 个分段状态相同`),
    incidents === 0 ? '' : say('the stored incident', '存储的切换记录相同'),
    transcript ? say('the transcript of the file', '文件中的记录逐行相同') : '',
  ].filter((part) => part !== '');
  const events = walk.steps.length;
  const text = say(
    `replay matches the recording: ${events} events; identical byte for byte: ${proofs.join(', ')}`,
    `重放与记录一致：${events} 个事件；逐字节相同：${proofs.join('，')}`,
  );
  return wrapText(text, columns ?? Number.POSITIVE_INFINITY).join('\n');
}

function describeDivergence(divergence: Divergence, walk: Walk, { locale }: Terminal): string {
  const say = speaker(locale);
  switch (divergence.code) {
    case 'unknownOutcome': {
      const { id, index } = divergence;
      return say(
        `event ${index + 1} is the result of action #${id}, which the replay did not take`,
        `第 ${index + 1} 个事件是指令 #${id} 的结果，而重放没有发出该指令`,
      );
    }
    case 'otherState': {
      const { index, path, recorded, replayed } = divergence;
      return say(
        `after ${index} of ${walk.recording.events.length} events, state ${path}: recorded ${recorded}, replayed ${replayed}`,
        `第 ${index} 个事件之后，状态 ${path}：记录为 ${recorded}，重放为 ${replayed}`,
      );
    }
    case 'otherIncident': {
      const { path, recorded, replayed } = divergence;
      return say(
        `the incident, ${path}: recorded ${recorded}, replayed ${replayed}`,
        `切换记录 ${path}：记录为 ${recorded}，重放为 ${replayed}`,
      );
    }
    case 'otherTranscript': {
      const { line, recorded, replayed } = divergence;
      return say(
        `line ${line} of the transcript: recorded ${recorded}, replayed ${replayed}`,
        `记录第 ${line} 行：记录为 ${recorded}，重放为 ${replayed}`,
      );
    }
    case 'stepFailed':
      return say(
        `event ${divergence.index + 1} ended the replay: ${divergence.message}`,
        `第 ${divergence.index + 1} 个事件使重放终止：${divergence.message}`,
      );
    default:
      return unreachable(divergence);
  }
}
