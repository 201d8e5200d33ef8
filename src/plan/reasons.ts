import { type Locale, speaker } from '../core/describe/language.ts';
import type { Evaluation } from '../model/plan/evaluation.ts';
import type { Report } from './report.ts';
import {
  availabilityText,
  designText,
  moneyText,
  objectiveText,
  objectiveValue,
  downText,
  spanText,
} from './plan-text.ts';

/** Why this scheme and no other, and what would have to give where none achieves everything. */
export function reasonLines(report: Report, locale: Locale): readonly string[] {
  const { plan } = report;
  const { chosen } = plan;
  return [
    ...(chosen.misses.length === 0 ? [bestLine(report, locale)] : concessionLines(report, locale)),
    baselineLine(report, locale),
    ...presentLines(report, locale),
    ...oneHostLines(report, locale),
    ...cheaperLines(report, locale),
    ...dearerLines(report, locale),
  ];
}

function bestLine({ plan }: Report, locale: Locale): string {
  const { achieving } = plan.chosen;
  const all = plan.evaluations.length;
  return speaker(locale)(
    `${achieving} of ${all} designs meet every objective; this one is the best of those that cost at most 5% more than the cheapest of them`,
    `${all} 个方案中有 ${achieving} 个满足全部目标；在费用至多比其中最便宜者高 5% 的方案里，此为最佳`,
  );
}

/** Each objective that could be dropped alone, and what would then be had. */
function concessionLines({ plan, currency }: Report, locale: Locale): readonly string[] {
  const say = speaker(locale);
  const { misses, concessions } = plan.chosen;
  const missed = misses.map(({ objective, wanted, got }) =>
    say(
      `${objectiveText(objective, locale)}: ${objectiveValue(objective, got, currency, locale)} instead of ${objectiveValue(objective, wanted, currency, locale)}`,
      `${objectiveText(objective, locale)}：要求 ${objectiveValue(objective, wanted, currency, locale)}，实为 ${objectiveValue(objective, got, currency, locale)}`,
    ),
  );
  const offers = concessions.map(({ objective, evaluation, miss }) =>
    say(
      `if ${objectiveText(objective, locale)} may be ${objectiveValue(objective, miss.got, currency, locale)}, the other objectives are met by ${what(evaluation, currency, locale)}`,
      `若 ${objectiveText(objective, locale)} 可放宽到 ${objectiveValue(objective, miss.got, currency, locale)}，则其余目标可由此方案满足：${what(evaluation, currency, locale)}`,
    ),
  );
  const none = say(
    'giving up one objective is not enough: each design misses two or more',
    '只放弃一个目标还不够：每个方案都至少有两项未满足',
  );
  const { elsewhere } = plan.chosen;
  const places =
    elsewhere === null
      ? []
      : [
          say(
            `with more hosts or zones than allowed: ${what(elsewhere.evaluation, currency, locale)}${elsewhere.misses.length === 0 ? ' meets everything' : ' meets all except the cost'} (--hosts ${elsewhere.evaluation.design.hosts} --zones ${elsewhere.evaluation.design.zones})`,
            `若允许更多主机或可用区：${what(elsewhere.evaluation, currency, locale)}${elsewhere.misses.length === 0 ? '，可满足全部目标' : '，除费用外均可满足'}（--hosts ${elsewhere.evaluation.design.hosts} --zones ${elsewhere.evaluation.design.zones}）`,
          ),
        ];
  return [...missed, ...(offers.length === 0 ? [none] : offers), ...places];
}

function baselineLine({ plan }: Report, locale: Locale): string {
  const { baseline, chosen } = plan;
  const say = speaker(locale);
  const down = downText(baseline.downtimeMinutesPerYear, locale);
  const availability = availabilityText(baseline.unavailability);
  const times = baseline.unavailability / chosen.evaluation.unavailability;
  if (!(times > 1)) {
    return say(
      `one member that is only restarted would be ${down} (${availability}): with these figures redundancy does not help`,
      `只有一个成员且仅靠重启时，${down}（${availability}）：按这些数据，冗余没有帮助`,
    );
  }
  const better = Number(times.toPrecision(2));
  return say(
    `one member that is only restarted would be ${down} (${availability}), ${better} times as long`,
    `只有一个成员且仅靠重启时，${down}（${availability}），为本方案的 ${better} 倍`,
  );
}

/** More hosts were allowed than a shared disk can use. */
function oneHostLines({ plan }: Report, locale: Locale): readonly string[] {
  const { limits, service } = plan.question;
  if (service.state !== 'shared' || limits.hosts === 1) return [];
  return [
    speaker(locale)(
      'members that read one disk stay on its host, so more hosts change nothing (--stateless, or --state replicated)',
      '共用一个磁盘的成员都在其主机上，因此更多主机没有作用（--stateless 或 --state replicated）',
    ),
  ];
}

/** What is configured now, beside what is recommended. */
function presentLines({ plan, currency }: Report, locale: Locale): readonly string[] {
  const { present } = plan;
  if (present === null) return [];
  const down = downText(present.downtimeMinutesPerYear, locale);
  const availability = availabilityText(present.unavailability);
  return [
    speaker(locale)(
      `what is configured now, ${what(present, currency, locale)}, would be ${down} (${availability})`,
      `现有配置：${what(present, currency, locale)}，${down}（${availability}）`,
    ),
  ];
}

function cheaperLines({ plan, currency }: Report, locale: Locale): readonly string[] {
  const { cheaper, misses, evaluation } = plan.chosen;
  if (cheaper === null || misses.length > 0) return [];
  const say = speaker(locale);
  if (cheaper.misses.length === 0) {
    return [
      say(
        `${moneyText(evaluation.bill.perMonth - cheaper.evaluation.bill.perMonth, currency)} less a month would buy ${designText(cheaper.evaluation.design, locale)}: ${difference(evaluation, cheaper.evaluation)} more downtime a year, and a crash is over after ${spanText(cheaper.evaluation.recovery.crashMs)} instead of ${spanText(evaluation.recovery.crashMs)}`,
        `每月少 ${moneyText(evaluation.bill.perMonth - cheaper.evaluation.bill.perMonth, currency)} 可得：${designText(cheaper.evaluation.design, locale)}，每年多停机 ${difference(evaluation, cheaper.evaluation)}，崩溃后 ${spanText(cheaper.evaluation.recovery.crashMs)} 恢复（本方案 ${spanText(evaluation.recovery.crashMs)}）`,
      ),
    ];
  }
  const missed = cheaper.misses.map(
    ({ objective, got }) =>
      `${objectiveText(objective, locale)}${say(' ', '为 ')}${objectiveValue(objective, got, currency, locale)}`,
  );
  return [
    say(
      `cheaper designs miss an objective: ${what(cheaper.evaluation, currency, locale)} has ${missed.join(', ')}`,
      `更便宜的方案有目标未满足：${what(cheaper.evaluation, currency, locale)}，其${missed.join('，')}`,
    ),
  ];
}

function difference(one: Evaluation, other: Evaluation): string {
  return spanText(Math.abs(one.downtimeMinutesPerYear - other.downtimeMinutesPerYear) * 60_000);
}

function dearerLines({ plan, currency }: Report, locale: Locale): readonly string[] {
  const { evaluation, dearer, misses } = plan.chosen;
  if (dearer === null || misses.length > 0) return [];
  const extra = moneyText(dearer.bill.perMonth - evaluation.bill.perMonth, currency);
  const saved = difference(evaluation, dearer);
  const [now, then] = [evaluation, dearer].map(({ recovery }) => spanText(recovery.crashMs));
  const design = designText(dearer.design, locale);
  return [
    speaker(locale)(
      `${extra} more a month would buy ${design}: ${saved} less downtime a year, and a crash is over after ${then} instead of ${now}`,
      `每月多 ${extra} 可得：${design}，每年少停机 ${saved}，崩溃后 ${then} 恢复（现为 ${now}）`,
    ),
  ];
}

function what(evaluation: Evaluation, currency: string, locale: Locale): string {
  return speaker(locale)(
    `${designText(evaluation.design, locale)} at ${moneyText(evaluation.bill.perMonth, currency)} a month`,
    `${designText(evaluation.design, locale)}，每月 ${moneyText(evaluation.bill.perMonth, currency)}`,
  );
}
