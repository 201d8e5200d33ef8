import { unreachable } from '../../core/assert.ts';
import { describeOutcome } from '../../core/describe/fact.ts';
import { describeOrderType } from '../../core/describe/order.ts';
import { duration, type Locale, speaker } from '../../core/describe/language.ts';
import { describeOperation } from '../../core/describe/refusal.ts';
import type { Instant } from '../../core/time.ts';
import type { Comparison, Finding, Outline } from '../../replay/comparison.ts';
import type { Assumption } from '../../replay/assumed-results.ts';
import type { WhatIf } from '../../replay/what-if.ts';
import { cell, type Cell, formatTable, paint, type Terminal, wrapText } from '../../terminal.ts';

// The effect of other settings on an incident: side by side, in sentences, and with the assumptions.

/** The incident, and from when the settings apply. */
export function formatAsIf(
  terminal: Terminal,
  options: {
    comparison: Comparison;
    settings: string;
    start: Instant;
    from: Instant;
    id: number;
  },
): string {
  const { comparison, settings, start, from, id } = options;
  const kind = describeOperation(comparison.recorded?.kind ?? '', terminal.locale);
  const lead = duration(Math.max(0, start - from));
  const text = speaker(terminal.locale)(
    `${kind} ${id} with ${settings} applied from ${lead} before the incident`,
    `${kind} ${id}：假定从切换开始前 ${lead} 起采用 ${settings}`,
  );
  return `${wrap(terminal, text, 'strong')}\n`;
}

export function formatComparison(
  terminal: Terminal,
  options: { comparison: Comparison; whatIf: WhatIf; settings: string; start: Instant },
): string {
  const { comparison, whatIf, settings, start } = options;
  const { locale } = terminal;
  const say = speaker(locale);
  const kind = describeOperation((comparison.recorded ?? comparison.other)?.kind ?? '', locale);
  const sentences = comparison.findings.map((finding) => describeFinding(finding, kind, locale));
  const text = say(
    `With ${settings} ${sentences.join('; ')}.`,
    `若 ${settings}：${sentences.join('；')}。`,
  );
  return [
    sideBySide(terminal, comparison, { settings, start, divergedAt: whatIf.divergedAt }),
    `${wrap(terminal, text, 'strong')}\n`,
    ...assumptionLines(terminal, whatIf),
  ].join('');
}

function sideBySide(
  terminal: Terminal,
  { recorded, other }: Comparison,
  options: { settings: string; start: Instant; divergedAt: Instant | null },
): string {
  const { settings, start, divergedAt } = options;
  const { locale } = terminal;
  const say = speaker(locale);
  const row = (title: string, read: (one: Outline) => string): Cell[] => [
    cell(title, 'quiet'),
    cell(recorded === null ? '-' : read(recorded)),
    cell(other === null ? '-' : read(other)),
  ];
  const at = (instant: Instant | null): string =>
    instant === null
      ? '-'
      : `${instant < start ? '-' : '+'}${Math.abs(instant - start).toFixed(1)} ms`;
  const rows = [
    [cell(''), cell(say('recorded', '实际'), 'strong'), cell(settings, 'strong')],
    [cell(say('differs since', '分歧始于'), 'quiet'), cell(''), cell(at(divergedAt))],
    row(say('verdict', '判定'), ({ verdictAt }) => at(verdictAt)),
    row(say('served', '恢复服务'), ({ servedAt }) => at(servedAt)),
    row(say('outage', '中断'), ({ outageMs }) => (outageMs === null ? '-' : duration(outageMs))),
    row(say('switch', '切换'), ({ from, to }) => `${from ?? '-'} → ${to ?? '-'}`),
    row(say('outcome', '结果'), ({ outcome }) => describeOutcome(outcome, locale)),
  ];
  return `${formatTable(terminal, rows)}\n`;
}

type Shift = Extract<Finding, { byMs: number }>;

function describeFinding(finding: Finding, kind: string, locale: Locale): string {
  return 'byMs' in finding
    ? describeShift(finding, kind, locale)
    : describeCourse(finding, kind, locale);
}

function describeCourse(finding: Exclude<Finding, Shift>, kind: string, locale: Locale): string {
  const say = speaker(locale);
  switch (finding.code) {
    case 'same':
      return say(
        'the same actions would have been taken at the same times',
        '所做的一切及其时刻都不会改变',
      );
    case 'notAtAll':
      return say(`there would have been no ${kind}`, `${kind}不会发生`);
    case 'mistaken':
      return say(
        `it would have been a false failover: ${finding.member} responded ${duration(finding.afterMs)} later`,
        `这将是误切换：${finding.member} 在 ${duration(finding.afterMs)} 后有响应`,
      );
    case 'otherTarget':
      return say(
        `${finding.other ?? 'no member'} would have taken over instead of ${finding.recorded ?? 'no member'}`,
        `接管者将是 ${finding.other ?? '（无）'}，而不是 ${finding.recorded ?? '（无）'}`,
      );
    case 'otherOutcome':
      return say(
        `it would have ${describeOutcome(finding.other, locale)}`,
        `结果将是：${describeOutcome(finding.other, locale)}`,
      );
    case 'notServed':
      return say(
        'no member would have served again within the recording',
        '在记录范围内没有成员恢复服务',
      );
    case 'agentEnded':
      return say(
        'the agent exited meanwhile; what would have followed is unknown',
        'agent 中途终止，此后的情形未知',
      );
    case 'otherOrders':
      return say(
        `other actions would have been taken, but the ${kind} would have been the same`,
        `发出的指令会不同，${kind}本身不变`,
      );
    default:
      return unreachable(finding);
  }
}

function describeShift({ code, byMs }: Shift, kind: string, locale: Locale): string {
  const say = speaker(locale);
  const size = duration(Math.abs(byMs));
  const isLess = byMs < 0;
  switch (code) {
    case 'begun':
      return isLess
        ? say(`the ${kind} would have begun ${size} earlier`, `${kind}会提前 ${size} 开始`)
        : say(`the ${kind} would have begun ${size} later`, `${kind}会推迟 ${size} 开始`);
    case 'outage':
      return isLess
        ? say(`the outage would have been ${size} shorter`, `中断会缩短 ${size}`)
        : say(`the outage would have been ${size} longer`, `中断会延长 ${size}`);
    case 'ended':
      return isLess
        ? say(`the incident would have ended ${size} earlier`, `切换会提前 ${size} 结束`)
        : say(`the incident would have ended ${size} later`, `切换会推迟 ${size} 结束`);
    default:
      return unreachable(code);
  }
}

/** Each kind of effect once, with its longest assumed time. */
function assumptionLines(
  terminal: Terminal,
  { assumptions, divergedAt }: WhatIf,
): readonly string[] {
  if (divergedAt === null || assumptions.length === 0) return [];
  const { locale } = terminal;
  const say = speaker(locale);
  const longest = new Map<string, Assumption>();
  for (const one of assumptions) {
    const key = `${one.effect} ${one.member ?? ''} ${one.basis} ${one.failed}`;
    const known = longest.get(key);
    if (known === undefined || known.tookMs < one.tookMs) longest.set(key, one);
  }
  const parts = [...longest.values()].map((one) => describeAssumption(one, locale));
  return [
    `${wrap(terminal, `${say('assumed: ', '假定：')}${parts.join(say('; ', '；'))}`, 'quiet')}\n`,
  ];
}

function describeAssumption(assumption: Assumption, locale: Locale): string {
  const { effect, member, tookMs, failed, basis } = assumption;
  const say = speaker(locale);
  const name = `${describeOrderType(effect, locale)}${member === null ? '' : ` ${member}`}`;
  const end = failed ? say('fails after', '失败，用时') : say('takes', '用时');
  const why = describeBasis(basis, locale);
  return `${name} ${end} ${duration(tookMs)}${say(` (${why})`, `（${why}）`)}`;
}

function describeBasis(basis: Assumption['basis'], locale: Locale): string {
  const say = speaker(locale);
  switch (basis) {
    case 'sameMember':
      return say('as recorded', '与记录相同');
    case 'otherMember':
      return say('as recorded of another member', '与记录中另一成员相同');
    case 'typical':
      return say('a usual time, none was recorded', '通常用时，无记录');
    case 'observations':
      return say('from its observations', '依据对它的观测');
    default:
      return unreachable(basis);
  }
}

function wrap(terminal: Terminal, text: string, tone: Cell['tone']): string {
  return wrapText(text, terminal.columns ?? Number.POSITIVE_INFINITY)
    .map((line) => paint(terminal, cell(line, tone)))
    .join('\n');
}
