import { duration, speaker } from '../core/describe/language.ts';
import type { Evaluation } from '../model/plan/evaluation.ts';
import { type Objective, OBJECTIVES, longestRecoveryMs } from '../model/plan/objectives.ts';
import type { Plan } from '../model/plan/recommendation.ts';
import { type Cell, type Terminal, cell } from '../terminal.ts';
import type { Figure } from './description.ts';
import { listBlock, paragraph, tableBlock } from './layout.ts';
import { figureLines } from './figures-text.ts';
import { frontRows } from './pareto-table.ts';
import { reasonLines } from './reasons.ts';
import {
  availabilityText,
  contributionText,
  countText,
  designText,
  moneyText,
  objectiveText,
  objectiveValue,
  downText,
  settingsText,
  spanText,
  unbridgedText,
} from './plan-text.ts';
import { MS_PER_YEAR } from '../model/year.ts';

// The text of a plan: the answer first, then the reasons, then what it rests on.

export type Report = {
  readonly plan: Plan;
  readonly service: string;
  readonly currency: string;
  readonly figures: readonly Figure[];
};

const MOST_CONTRIBUTIONS = 6;

export function formatPlan(terminal: Terminal, report: Report): string {
  const { plan } = report;
  const say = speaker(terminal.locale);
  const blocks = [
    headline(terminal, report),
    tableBlock(terminal, say('objectives', '目标'), objectiveRows(terminal, report)),
    listBlock(terminal, say('why this design', '理由'), reasonLines(report, terminal.locale)),
    tableBlock(
      terminal,
      say('downtime by cause', '停机时间的来源'),
      contributionRows(terminal, plan.chosen.evaluation),
    ),
    listBlock(
      terminal,
      say('outages this design does not cover', '本方案不覆盖的中断'),
      unbridgedLines(terminal, plan),
    ),
    tableBlock(
      terminal,
      say(
        'cost vs. downtime (Pareto front)',
        '费用与停机时间（帕累托前沿：不存在既更便宜又更可用的方案）',
      ),
      frontRows(report, terminal.locale),
    ),
    listBlock(
      terminal,
      say(
        `the next nine, ${availabilityText(plan.nextNine.unavailability)}`,
        `再多一个九（${availabilityText(plan.nextNine.unavailability)}）`,
      ),
      nextNineLines(terminal, report),
    ),
    listBlock(
      terminal,
      say(
        'assumed defaults (override with --set KEY=VALUE, or in hotwarm.yaml)',
        '以下为默认值（可用 --set KEY=VALUE 或在 hotwarm.yaml 中更改）',
      ),
      figureLines(report.figures, terminal.locale),
    ),
  ];
  return blocks.filter((block) => block !== '').join('\n');
}

/** One clause: what is recommended, what it costs, how long it is down. */
export function summaryText({ plan, currency }: Report, terminal: Terminal): string {
  const { evaluation } = plan.chosen;
  const { locale } = terminal;
  return speaker(locale)(
    `${designText(evaluation.design, locale)}, ${moneyText(evaluation.bill.perMonth, currency)} a month, ${downText(evaluation.downtimeMinutesPerYear, locale)} (${availabilityText(evaluation.unavailability)})`,
    `${designText(evaluation.design, locale)}，每月 ${moneyText(evaluation.bill.perMonth, currency)}，${downText(evaluation.downtimeMinutesPerYear, locale)}（${availabilityText(evaluation.unavailability)}）`,
  );
}

function headline(terminal: Terminal, report: Report): string {
  const say = speaker(terminal.locale);
  const { misses } = report.plan.chosen;
  const summary = summaryText(report, terminal);
  const { service } = report;
  const settings = settingsText(report.plan.chosen.evaluation.design, terminal.locale);
  if (misses.length === 0) {
    const text = say(`plan for ${service}: ${summary}`, `${service} 的方案：${summary}`);
    return `${paragraph(terminal, text, 'good')}${paragraph(terminal, settings, 'quiet')}`;
  }
  const missed = misses.map(({ objective }) => objectiveText(objective, terminal.locale));
  const refusal = say(
    `plan for ${service}: no design meets all objectives; the closest misses ${missed.join(' and ')}`,
    `${service}：没有方案能满足全部目标；最接近的方案未满足：${missed.join('、')}`,
  );
  return `${paragraph(terminal, refusal, 'bad')}${paragraph(terminal, summary, 'doubtful')}${paragraph(terminal, settings, 'quiet')}`;
}

function objectiveRows(
  terminal: Terminal,
  { plan, currency }: Report,
): readonly (readonly Cell[])[] {
  const { question, chosen } = plan;
  const { locale } = terminal;
  const say = speaker(locale);
  const { evaluation, misses } = chosen;
  const { objectives } = question;
  const wanted: Readonly<Record<Objective, number | null>> = {
    availability: objectives.unavailability,
    rto: objectives.rtoMs,
    rpo: objectives.rpoBytes,
    budget: objectives.perMonth,
    power: objectives.power,
  };
  const got: Readonly<Record<Objective, number | null>> = {
    availability: evaluation.unavailability,
    rto: longestRecoveryMs(question, evaluation),
    rpo: evaluation.lossBytes ?? 0,
    budget: evaluation.bill.perMonth,
    power: evaluation.bill.watts,
  };
  const head = ['', say('wanted', '要求'), say('this design', '本方案'), ''].map((text) =>
    cell(text, text === '' ? 'plain' : 'quiet'),
  );
  const rows = OBJECTIVES.filter(
    (objective) => objective !== 'rpo' || wanted.rpo !== null || evaluation.lossBytes !== null,
  ).map((objective) => {
    const limit = wanted[objective];
    const isMissed = misses.some((miss) => miss.objective === objective);
    const verdict = isMissed
      ? cell(say('MISSED', '未满足'), 'bad')
      : cell(say('met', '满足'), 'good');
    return [
      cell(objectiveText(objective, locale)),
      cell(limit === null ? '-' : objectiveValue(objective, limit, currency, locale)),
      cell(objectiveValue(objective, got[objective], currency, locale)),
      limit === null ? cell('') : verdict,
    ];
  });
  return [head, ...rows];
}

function contributionRows(
  terminal: Terminal,
  evaluation: Evaluation,
): readonly (readonly Cell[])[] {
  const { contributions, downtimeMinutesPerYear } = evaluation;
  return contributions
    .slice(0, MOST_CONTRIBUTIONS)
    .map(({ layer, phase, minutesPerYear }) => [
      cell(spanText(minutesPerYear * 60_000)),
      cell(shareText(minutesPerYear / downtimeMinutesPerYear)),
      cell(contributionText(layer, phase, evaluation.design, terminal.locale)),
    ]);
}

function shareText(share: number): string {
  return share < 0.001 ? '< 0.1%' : `${Number((100 * share).toPrecision(2))}%`;
}

function unbridgedLines(terminal: Terminal, { chosen, question }: Plan): readonly string[] {
  const { locale } = terminal;
  const say = speaker(locale);
  return chosen.neverBridged.map((fault) => {
    const { everyMs, repairMs } = question.rates[fault];
    const lastsMs = fault === 'hang' ? question.rates.recoveryMs : repairMs;
    const perYear = everyMs === null ? 0 : MS_PER_YEAR / everyMs;
    const hint =
      fault === 'degraded' && question.service.p95Ms === null
        ? say(' (with --p95 hotwarm switches to a standby)', '（给出 --p95 后会切换到备用）')
        : '';
    const beyond =
      question.objectives.rtoMs !== null && lastsMs > question.objectives.rtoMs
        ? say(', longer than the RTO', '，超过 RTO')
        : '';
    return say(
      `${unbridgedText(fault, locale)}: ${countText(perYear)} times a year, mean duration ${duration(lastsMs)}${beyond}${hint}`,
      `${unbridgedText(fault, locale)}：每年 ${countText(perYear)} 次，平均 ${duration(lastsMs)}${beyond}${hint}`,
    );
  });
}

function nextNineLines(terminal: Terminal, { plan, currency }: Report): readonly string[] {
  const { locale } = terminal;
  const say = speaker(locale);
  const { design, isBeyondLimits, levers } = plan.nextNine;
  const scheme =
    design === null
      ? say('no design compared reaches it', '所比较的方案均达不到')
      : say(
          `${isBeyondLimits ? 'with more hosts or zones than allowed: ' : ''}${designText(design.design, locale)}, ${moneyText(design.bill.perMonth, currency)} a month (${availabilityText(design.unavailability)})`,
          `${isBeyondLimits ? '需要超出限制的主机或可用区：' : ''}${designText(design.design, locale)}，每月 ${moneyText(design.bill.perMonth, currency)}（${availabilityText(design.unavailability)}）`,
        );
  const single = levers
    .slice(0, 3)
    .map(({ figure, factor, value }) =>
      say(
        `or faults.${figure} ${leverValue(figure, value)}, ${Number(factor.toPrecision(2))} times as good, everything else unchanged`,
        `或 faults.${figure} 改为 ${leverValue(figure, value)}（改善 ${Number(factor.toPrecision(2))} 倍），其余不变`,
      ),
    );
  const none = say(
    'no single figure of the fault model is sufficient, even a thousand times as good',
    '任何单项数据即使改善一千倍也不够',
  );
  return [scheme, ...(single.length === 0 ? [none] : single)];
}

function leverValue(figure: string, value: number): string {
  return /every|repair|recovery/.test(figure)
    ? spanText(value)
    : `${Number((100 * value).toPrecision(6))}%`;
}
