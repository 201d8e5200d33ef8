import { speaker } from '../core/describe/language.ts';
import { type Cell, type Terminal, cell } from '../terminal.ts';
import { type History, LEVEL, type MeasuredTime } from './history.ts';
import { tableBlock } from './layout.ts';
import { spanText } from './plan-text.ts';

/** What this installation has measured, with its intervals, and where that is too little. */
export function formatHistory(terminal: Terminal, history: History): string {
  const say = speaker(terminal.locale);
  const level = `${100 * LEVEL}%`;
  const title = say(
    `history: ${spanText(history.observedMs)} observed, ${history.incidents} failovers; exact ${level} intervals`,
    `历史：观察 ${spanText(history.observedMs)}，故障切换 ${history.incidents} 次；精确 ${level} 置信区间`,
  );
  const verdict = (isEnough: boolean): Cell =>
    isEnough
      ? cell(say('used', '已采用'), 'good')
      : cell(
          say(
            'too few: the default is kept, within the interval',
            '数据太少：保留默认值，但限于区间内',
          ),
          'doubtful',
        );
  const rates = history.rates.map(({ component, events, everyMs, lowerMs, upperMs, isEnough }) => [
    cell(`faults.${component}.every`),
    cell(everyMs === null ? '-' : spanText(everyMs)),
    cell(`${spanText(lowerMs)} – ${upperMs === null ? '∞' : spanText(upperMs)}`),
    cell(say(`${events} seen`, `${events} 次`)),
    verdict(isEnough),
  ]);
  const coverage =
    history.coverage === null
      ? []
      : [
          [
            cell('faults.failoverSuccess'),
            cell(percent(history.coverage.succeeded / history.coverage.tried)),
            cell(`${percent(history.coverage.lower)} – ${percent(history.coverage.upper)}`),
            cell(
              say(
                `${history.coverage.succeeded} of ${history.coverage.tried}`,
                `${history.coverage.succeeded}/${history.coverage.tried}`,
              ),
            ),
            verdict(history.coverage.isEnough),
          ],
        ];
  const names: Readonly<Record<MeasuredTime['name'], string>> = {
    crashDetection: say('detection of a crash', '崩溃检测时间'),
    hangDetection: say('detection of a hang', '假死检测时间'),
    outage: say('outage of a failover', '故障切换中断时间'),
  };
  const times = history.times
    .filter(({ count }) => count > 0)
    .map(({ name, count, medianMs, lowerMs, upperMs, isEnough }) => [
      cell(names[name]),
      cell(medianMs === null ? '-' : spanText(medianMs)),
      cell(
        lowerMs === null || upperMs === null ? '-' : `${spanText(lowerMs)} – ${spanText(upperMs)}`,
      ),
      cell(say(`${count} seen`, `${count} 次`)),
      name === 'outage' ? cell(say('for comparison', '供比较'), 'quiet') : verdict(isEnough),
    ]);
  return tableBlock(terminal, title, [...rates, ...coverage, ...times]);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))}%`;
}
