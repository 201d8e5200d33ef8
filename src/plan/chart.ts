import { type Locale, speaker } from '../core/describe/language.ts';
import type { Evaluation } from '../model/plan/evaluation.ts';
import { type Plan, notable } from '../model/plan/recommendation.ts';
import {
  type Axes,
  BOTTOM,
  HEIGHT,
  LEFT,
  RIGHT,
  TOP,
  WIDTH,
  axesFor,
  tickText,
} from './chart-axes.ts';
import { placeLabels, widthOf } from './label-placement.ts';
import { escape, line, rotated, round, text } from './svg.ts';
import { availabilityText, moneyText, placeText, standbysText } from './plan-text.ts';
import { MINUTES_PER_YEAR } from '../model/year.ts';

// Cost against downtime as a picture of its own: every scheme a dot, those that nothing beats joined by a line, the
// recommended one marked, the objectives as borders. Downtime is on a logarithmic scale, as nines are.

const MOST_LABELS = 7;
/** Of so many schemes in one place one dot shows all. */
const PIXEL = 1;

export function planChart(
  {
    plan,
    service,
    currency,
  }: { readonly plan: Plan; readonly service: string; readonly currency: string },
  locale: Locale,
): string {
  const axes = axesFor(plan);
  const say = speaker(locale);
  const title = say(
    `${service}: cost vs. downtime of ${plan.evaluations.length} designs`,
    `${service}：${plan.evaluations.length} 个方案的费用与停机时间`,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escape(title)}" font-family="system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 30, title, { size: 18, weight: 600 }),
    legend(locale),
    grid(axes, currency, locale),
    region(plan, axes),
    borders(plan, axes, currency, locale),
    cloud(plan, axes),
    frontLine(plan.front, axes),
    marks(plan, axes, locale),
    '</svg>\n',
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function grid({ x, y, costs, minutes }: Axes, currency: string, locale: Locale): string {
  const say = speaker(locale);
  const [bottom, end] = [HEIGHT - BOTTOM, WIDTH - RIGHT];
  const vertical = costs.map((cost) =>
    [
      line(x(cost), TOP, x(cost), bottom, '#e8e8ec'),
      text(x(cost), bottom + 20, String(Number(cost.toPrecision(6))), {
        anchor: 'middle',
        fill: '#444',
      }),
    ].join(''),
  );
  const horizontal = minutes.map((each) =>
    [
      line(LEFT, y(each), end, y(each), '#e8e8ec'),
      text(LEFT - 10, y(each) + 4, tickText(each), { anchor: 'end', fill: '#444' }),
      text(end + 10, y(each) + 4, availabilityText(each / MINUTES_PER_YEAR), {
        fill: '#888',
        size: 12,
      }),
    ].join(''),
  );
  return [
    '<g>',
    ...vertical,
    ...horizontal,
    `<path d="M${LEFT} ${TOP}V${bottom}H${end}" fill="none" stroke="#444"/>`,
    text(
      (LEFT + end) / 2,
      HEIGHT - 22,
      say(`cost a month, ${currency}`, `每月费用（${currency}）`),
      {
        anchor: 'middle',
        weight: 600,
      },
    ),
    rotated(24, (TOP + bottom) / 2, say('downtime a year (log scale)', '每年停机时间（对数）')),
    rotated(WIDTH - 14, (TOP + bottom) / 2, say('availability', '可用性')),
    '</g>',
  ].join('\n');
}

/** Where both the budget and the availability are kept. */
function region({ question }: Plan, { x, y, costs, minutes }: Axes): string {
  const { perMonth, unavailability } = question.objectives;
  if (perMonth === null || unavailability === null) return '';
  const top = Math.max(TOP, y(unavailability * MINUTES_PER_YEAR));
  const right = Math.min(x(perMonth), x(costs.at(-1) ?? perMonth));
  const bottom = y(minutes[0] ?? 1);
  return `<rect x="${LEFT}" y="${round(top)}" width="${round(Math.max(0, right - LEFT))}" height="${round(Math.max(0, bottom - top))}" fill="#2e7d32" opacity="0.07"/>`;
}

function borders({ question }: Plan, { x, y }: Axes, currency: string, locale: Locale): string {
  const say = speaker(locale);
  const { perMonth, unavailability } = question.objectives;
  const parts: string[] = [];
  if (unavailability !== null) {
    const at = y(unavailability * MINUTES_PER_YEAR);
    const label = say(
      `availability ${availabilityText(unavailability)}`,
      `可用性 ${availabilityText(unavailability)}`,
    );
    parts.push(
      line(LEFT, at, WIDTH - RIGHT, at, '#2e7d32', '6 4'),
      text(WIDTH - RIGHT - 6, at - 6, label, { anchor: 'end', fill: '#2e7d32' }),
    );
  }
  if (perMonth !== null) {
    const at = x(perMonth);
    parts.push(
      line(at, TOP, at, HEIGHT - BOTTOM, '#2e7d32', '6 4'),
      text(
        at + 6,
        TOP + 14,
        say(`budget ${moneyText(perMonth, currency)}`, `预算 ${moneyText(perMonth, currency)}`),
        {
          fill: '#2e7d32',
        },
      ),
    );
  }
  return parts.join('\n');
}

function cloud({ evaluations }: Plan, axes: Axes): string {
  const places = new Map<string, string>();
  for (const evaluation of evaluations) {
    const [cx, cy] = placeOf(evaluation, axes).map((at) => Math.round(at / PIXEL) * PIXEL);
    places.set(`${cx},${cy}`, `<circle cx="${cx}" cy="${cy}" r="2.5"/>`);
  }
  return `<g fill="#9aa0ad" opacity="0.6">${[...places.values()].join('')}</g>`;
}

function frontLine(front: readonly Evaluation[], axes: Axes): string {
  const [first, ...others] = front.map((evaluation) => placeOf(evaluation, axes));
  if (first === undefined) return '';
  // To the right as far as the next cost, then down: between two schemes there is none to be had.
  const path = others.map(([x, y]) => `H${round(x)}V${round(y)}`).join('');
  return `<path d="M${round(first[0])} ${round(first[1])}${path}" fill="none" stroke="#1565c0" stroke-width="1.5"/>`;
}

type Mark = {
  readonly evaluation: Evaluation;
  readonly label: string;
  readonly kind: 'front' | 'chosen' | 'baseline';
};

function marks({ front, chosen, baseline }: Plan, axes: Axes, locale: Locale): string {
  const say = speaker(locale);
  const name = ({ design }: Evaluation): string =>
    `${standbysText(design, locale)}${design.hosts === 1 ? '' : `, ${placeText(design, locale)}`}`;
  const all: readonly Mark[] = [
    {
      evaluation: chosen.evaluation,
      label: say(`recommended: ${name(chosen.evaluation)}`, `推荐：${name(chosen.evaluation)}`),
      kind: 'chosen',
    },
    {
      evaluation: baseline,
      label: say('one member, no standby', '单成员，无备用'),
      kind: 'baseline',
    },
    ...notable(front)
      .filter((evaluation) => evaluation !== chosen.evaluation)
      .map((evaluation): Mark => ({ evaluation, label: name(evaluation), kind: 'front' })),
  ];
  const labels = placeLabels(
    distinct(all, axes)
      .slice(0, MOST_LABELS)
      .map(({ evaluation, label }) => {
        const [x, y] = placeOf(evaluation, axes);
        return { x, y, text: label };
      }),
    { left: LEFT, right: WIDTH - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM },
  );
  const dots = all.toReversed().map(({ evaluation, kind }) => dot(placeOf(evaluation, axes), kind));
  const written = labels.map(
    (label, index) =>
      `${label.leader === null ? '' : line(label.x0, label.y0, label.leader[0], label.leader[1], '#b0b4be')}${text(label.x, label.y, label.text, index === 0 ? { weight: 600, fill: '#b71c1c', halo: true } : { fill: '#333', halo: true })}`,
  );
  return [...dots, ...written].join('\n');
}

/** Schemes in the same place share the label of the first. */
function distinct(all: readonly Mark[], axes: Axes): readonly Mark[] {
  const near = 12;
  const kept: Mark[] = [];
  for (const mark of all) {
    const [x, y] = placeOf(mark.evaluation, axes);
    const isFree = kept.every((other) => {
      const [ox, oy] = placeOf(other.evaluation, axes);
      return Math.hypot(x - ox, y - oy) > near;
    });
    if (isFree || mark.kind === 'baseline') kept.push(mark);
  }
  return kept;
}

function dot([x, y]: readonly [number, number], kind: Mark['kind']): string {
  const at = `cx="${round(x)}" cy="${round(y)}"`;
  switch (kind) {
    case 'front':
      return `<circle ${at} r="4" fill="#1565c0"/>`;
    case 'chosen':
      return `<circle ${at} r="7" fill="#b71c1c" stroke="#fff" stroke-width="2"/>`;
    case 'baseline':
      return `<circle ${at} r="5" fill="#fff" stroke="#444" stroke-width="1.5"/>`;
    default:
      return kind satisfies never;
  }
}

function legend(locale: Locale): string {
  const say = speaker(locale);
  const y = 54;
  const entries: readonly (readonly [string, string])[] = [
    [dot([0, 0], 'chosen'), say('recommended', '推荐')],
    [dot([0, 0], 'front'), say('Pareto front', '帕累托前沿')],
    ['<circle r="2.5" fill="#9aa0ad"/>', say('other designs', '其他方案')],
    [dot([0, 0], 'baseline'), say('without redundancy', '无冗余')],
  ];
  let x = LEFT + 8;
  return entries
    .map(([symbol, label]) => {
      const shown = `<g transform="translate(${x} ${y - 4})">${symbol}</g>${text(x + 12, y, label, { fill: '#444' })}`;
      x += 40 + widthOf(label);
      return shown;
    })
    .join('');
}

function placeOf(
  { bill, downtimeMinutesPerYear }: Evaluation,
  { x, y }: Axes,
): readonly [number, number] {
  return [x(bill.perMonth), y(downtimeMinutesPerYear)];
}
