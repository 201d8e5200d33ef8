import type { ResolvedService } from '../../config/resolved.ts';
import { duration, percent, speaker } from '../../core/describe/language.ts';
import type { CrossCheck } from '../../model/plan/cross-check.ts';
import type { AvailabilityEstimate, RateEstimate } from '../../sim/availability-run-estimate.ts';
import { type Cell, cell, formatTable, paint, type Terminal, wrapText } from '../../terminal.ts';
import { crossCheckText } from '../../plan/cross-check-text.ts';
import type { Figure } from '../../plan/description.ts';
import type { Verdict } from './verdict.ts';
import { describeCauseOf, frequency, shareText } from './cause-text.ts';
import { MS_PER_YEAR } from '../../model/year.ts';

// The text of `hotwarm simulate` for one service.

type SimulationText = {
  readonly service: ResolvedService;
  readonly estimate: AvailabilityEstimate;
  readonly verdicts: readonly Verdict[];
  readonly formulas: { readonly unavailability: number; readonly check: CrossCheck };
  /** Figures of the fault model, with their sources. */
  readonly figures: readonly Figure[];
};

const INDENT = '  ';

export function formatSimulation(terminal: Terminal, text: SimulationText): string {
  const { service, estimate, verdicts, formulas, figures } = text;
  const say = speaker(terminal.locale);
  const years = String(Math.round(estimate.years));
  const head = say(
    `${service.name}: ${years} years, ${estimate.runs} independent runs`,
    `${service.name}：共 ${years} 年，${estimate.runs} 次独立仿真`,
  );
  return [
    `${paint(terminal, cell(head, 'strong'))}\n`,
    indented(formatTable(terminal, figureRows(terminal, estimate))),
    `\n${INDENT}${say('downtime by cause', '停机时间的构成')}\n`,
    indented(formatTable(terminal, causeRows(terminal, estimate))),
    '\n',
    ...verdicts.map((verdict) => formatVerdict(terminal, verdict)),
    paragraph(terminal, `${INDENT}${describeFormulas(terminal, formulas)}`),
    paragraph(terminal, `${INDENT}${describeBasis(terminal, figures)}`),
  ].join('');
}

function describeFormulas(
  { locale }: Terminal,
  { unavailability, check }: SimulationText['formulas'],
): string {
  const share = shareText(unavailability);
  const text = crossCheckText(check, locale);
  return speaker(locale)(`by formula ${share}: ${text}`, `按公式为 ${share}：${text}`);
}

function describeBasis({ locale }: Terminal, figures: readonly Figure[]): string {
  const count = (from: Figure['from']): number =>
    figures.filter((figure) => figure.from === from).length;
  const [stated, measured, assumed] = [count('stated'), count('history'), count('default')];
  return speaker(locale)(
    `fault model: ${stated} figures from the file, ${measured} from the journal, ${assumed} defaults; timeline of one run: --seed 1`,
    `故障模型中 ${stated} 项来自文件，${measured} 项来自事件日志，${assumed} 项为默认值；查看其中一次的经过：--seed 1`,
  );
}

function figureRows(
  terminal: Terminal,
  estimate: AvailabilityEstimate,
): readonly (readonly Cell[])[] {
  const say = speaker(terminal.locale);
  const { unavailability, unavailability95, outages } = estimate;
  const range = `${shareText(unavailability95.upper)} – ${shareText(unavailability95.lower)}`;
  const perYear = duration(unavailability * MS_PER_YEAR);
  const rows = [
    [
      say('availability', '可用度'),
      shareText(unavailability),
      say(`95%: ${range}`, `95% 置信区间 ${range}`),
    ],
    [say('downtime a year', '每年停机'), perYear, ''],
    rateRow(terminal, say('failovers', '故障切换'), estimate.failovers),
    rateRow(terminal, say('false failovers', '其中误切换'), estimate.falseFailovers),
    rateRow(terminal, say('planned switchovers', '计划切换'), estimate.plannedMoves),
  ];
  if (outages !== null) {
    const { p50Ms, p99Ms, maxMs } = outages;
    rows.push([
      say('outage duration', '中断时长'),
      `p50 ${duration(p50Ms)}`,
      say(
        `p99 ${duration(p99Ms)}, longest ${duration(maxMs)}`,
        `p99 ${duration(p99Ms)}，最长 ${duration(maxMs)}`,
      ),
    ]);
  }
  rows.push([
    say('data loss', '数据损失'),
    say('none', '无'),
    say(
      'members have no replicated state; process memory is lost with the process',
      '成员没有复制的状态；进程内存随进程消失',
    ),
  ]);
  return rows.map((row) => row.map((one) => cell(one)));
}

function rateRow(terminal: Terminal, name: string, { perYear, interval }: RateEstimate): string[] {
  const [low, high] = [interval.lower, interval.upper].map((end) => Number(end.toPrecision(2)));
  const range = speaker(terminal.locale)(
    `95%: ${low} – ${high} a year`,
    `95% 置信区间：每年 ${low} – ${high} 次`,
  );
  return [name, frequency(perYear, terminal.locale), range];
}

function causeRows(
  terminal: Terminal,
  { causes }: AvailabilityEstimate,
): readonly (readonly Cell[])[] {
  const { locale } = terminal;
  const total = causes.reduce((sum, { downtimeMsPerYear }) => sum + downtimeMsPerYear, 0);
  return causes.map(({ cause, outagesPerYear, downtimeMsPerYear }) => [
    cell(describeCauseOf(cause, locale).text),
    cell(
      speaker(locale)(
        `${duration(downtimeMsPerYear)} a year`,
        `每年 ${duration(downtimeMsPerYear)}`,
      ),
    ),
    cell(total === 0 ? '' : percent(downtimeMsPerYear / total)),
    cell(frequency(outagesPerYear, locale), 'quiet'),
  ]);
}

function formatVerdict(terminal: Terminal, { isGood, text }: Verdict): string {
  const mark = paint(terminal, cell(isGood ? '✓' : '!', isGood ? 'good' : 'doubtful'));
  return paragraph(terminal, `${INDENT}${mark} ${text}`);
}

function paragraph({ columns }: Terminal, text: string): string {
  const lines = columns === null ? [text] : wrapText(text, columns - INDENT.length);
  return `${lines.map((line, index) => (index === 0 ? line : `${INDENT}${INDENT}${line}`)).join('\n')}\n`;
}

function indented(table: string): string {
  return table
    .split('\n')
    .map((line) => (line === '' ? line : `${INDENT}${line}`))
    .join('\n');
}
