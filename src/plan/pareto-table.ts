import { type Locale, speaker } from '../core/describe/language.ts';
import type { Evaluation } from '../model/plan/evaluation.ts';
import { type Objective, missesOf } from '../model/plan/objectives.ts';
import { type Plan, notable } from '../model/plan/recommendation.ts';
import { type Cell, cell } from '../terminal.ts';
import { availabilityText, moneyText, placeText, spanText, standbysText } from './plan-text.ts';

const MOST_ROWS = 8;

/** Cost against downtime: the front, the recommended scheme and what it is compared with, cheapest first. */
export function frontRows(
  { plan, currency }: { readonly plan: Plan; readonly currency: string },
  locale: Locale,
): readonly (readonly Cell[])[] {
  const say = speaker(locale);
  const chosen = plan.chosen.evaluation;
  const head = [
    '',
    say('a month', '每月'),
    say('down a year', '每年停机'),
    say('availability', '可用度'),
    say('crash p99', '崩溃恢复 p99'),
    say('design', '方案'),
  ].map((text) => cell(text, text === '' ? 'plain' : 'quiet'));
  const rows = [chosen, ...notable(plan.front).slice(0, MOST_ROWS)]
    .filter((one, index, all) => all.indexOf(one) === index)
    .toSorted((a, b) => a.bill.perMonth - b.bill.perMonth || b.unavailability - a.unavailability);
  const compared = [
    { mark: '', evaluation: plan.baseline },
    ...(plan.present === null ? [] : [{ mark: say('now', '现状'), evaluation: plan.present }]),
  ];
  return [
    head,
    ...[
      ...compared,
      ...rows.map((evaluation) => ({ mark: evaluation === chosen ? '→' : '', evaluation })),
    ].map(({ mark, evaluation }) => {
      const { bill, downtimeMinutesPerYear, unavailability, recovery, design } = evaluation;
      const place = design.hosts === 1 ? '' : `, ${placeText(design, locale)}`;
      return [
        cell(mark, evaluation === chosen ? 'good' : 'quiet'),
        cell(moneyText(bill.perMonth, currency)),
        cell(spanText(downtimeMinutesPerYear * 60_000)),
        cell(availabilityText(unavailability)),
        cell(spanText(recovery.crashMs)),
        cell(`${standbysText(design, locale)}${place}${missesText(plan, evaluation, locale)}`),
      ];
    }),
  ];
}

/** The front knows cost and downtime only. */
function missesText({ question }: Plan, evaluation: Evaluation, locale: Locale): string {
  const missed = missesOf(question, evaluation).map(
    ({ objective }) => MISS_NAMES[objective][locale],
  );
  if (missed.length === 0 || evaluation.design.standbys.length === 0) return '';
  return speaker(locale)(` (misses ${missed.join(', ')})`, `（${missed.join('、')} 未满足）`);
}

const MISS_NAMES: Readonly<Record<Objective, Readonly<Record<Locale, string>>>> = {
  availability: { en: 'availability', zh: '可用度' },
  rto: { en: 'RTO', zh: 'RTO' },
  rpo: { en: 'RPO', zh: 'RPO' },
  budget: { en: 'budget', zh: '预算' },
  power: { en: 'power', zh: '功率' },
};
