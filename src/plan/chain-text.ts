import { type Locale, speaker } from '../core/describe/language.ts';
import type { Evaluation } from '../model/plan/evaluation.ts';
import type { Layer } from '../model/plan/layer.ts';
import { elasticitiesOf } from '../model/plan/sensitivity.ts';
import type { Situation } from '../model/design-branch.ts';
import { type DesignChain, isServing, designChain } from '../model/design-chain.ts';
import type { RedundancyDesign } from '../model/design.ts';
import { type Cell, type Terminal, cell } from '../terminal.ts';
import { paragraph, table } from './layout.ts';
import { layerText, SYMBOLS, parameterText, phaseText, spanText } from './plan-text.ts';
import { MS_PER_YEAR } from '../model/year.ts';

// `hotwarm plan --explain`: the layers of the scheme, the states and transitions of their chains, and what the
// downtime depends on.

/** Larger chains are for `--json --explain`. */
const MOST_TRANSITIONS = 60;
const MOST_ELASTICITIES = 10;

export function formatChains(terminal: Terminal, evaluation: Evaluation): string {
  const { locale } = terminal;
  const say = speaker(locale);
  const layers = evaluation.layers.flatMap((layer) => [
    paragraph(terminal, layerHeading(layer, locale), 'strong'),
    ...layer.chains
      .slice(0, 1)
      .map(({ scheme, weight }) =>
        formatChain(terminal, scheme, { weight, of: layer.chains.length }),
      ),
    ...(layer.chains.length === 0 ? [closedForm(layer, locale)] : []),
  ]);
  const elasticities = elasticitiesOf(evaluation)
    .slice(0, MOST_ELASTICITIES)
    .map(({ layer, parameter, elasticity }) => [
      cell(`${elasticity >= 0 ? '+' : ''}${Number(elasticity.toPrecision(2))} %`),
      cell(layerText(layer, locale)),
      cell(parameterText(parameter, locale)),
    ]);
  return [
    paragraph(
      terminal,
      say(
        'the model: layers in series, each a Markov chain or a closed form (docs/model.md)',
        '模型：各层串联，每层为马尔可夫链或闭式（docs/model.md）',
      ),
      'strong',
    ),
    ...layers,
    paragraph(
      terminal,
      say(
        'effect on the downtime of one percent more of each parameter',
        '各参数增加百分之一时停机时间的变化',
      ),
      'strong',
    ),
    table(terminal, elasticities),
  ].join('');
}

function layerHeading({ kind, unavailability, outagesPerYear }: Layer, locale: Locale): string {
  const u = unavailability.toPrecision(4);
  const outages = Number(outagesPerYear.toPrecision(3));
  return speaker(locale)(
    `${layerText(kind, locale)}: unavailability ${u}, ${outages} outages a year`,
    `${layerText(kind, locale)}：不可用度 ${u}，每年中断 ${outages} 次`,
  );
}

function formatChain(
  terminal: Terminal,
  scheme: RedundancyDesign,
  part: { readonly weight: number; readonly of: number },
): string {
  const { locale } = terminal;
  const say = speaker(locale);
  const model = designChain(scheme);
  const { situations, links } = model;
  const note =
    part.of > 1
      ? say(
          `, with all hosts up (weight ${part.weight.toPrecision(4)}; ${part.of} cases)`,
          `，所有主机正常时（权重 ${part.weight.toPrecision(4)}，共 ${part.of} 种情形）`,
        )
      : '';
  const size = say(
    `${situations.length} states, ${links.length} transitions${note}; ready + hidden standbys by class`,
    `${situations.length} 个状态，${links.length} 个转移${note}；各类备用成员的“就绪 + 隐性失效”数`,
  );
  const rows = links.slice(0, MOST_TRANSITIONS).map((link) => transitionRow(model, link, locale));
  const used = [...new Set(links.flatMap(({ factor }) => factor.slopes.map(([name]) => name)))];
  const legend = used
    .map((name) => `${SYMBOLS[name]} ${parameterText(name, locale)}`)
    .join(say(', ', '，'));
  const rest =
    links.length > MOST_TRANSITIONS
      ? say(
          `  and ${links.length - MOST_TRANSITIONS} more: hotwarm plan --explain --json\n`,
          `  另有 ${links.length - MOST_TRANSITIONS} 个：hotwarm plan --explain --json\n`,
        )
      : '';
  return `${paragraph(terminal, size, 'quiet')}${paragraph(terminal, legend, 'quiet')}${table(terminal, rows)}${rest}`;
}

function transitionRow(
  { situations }: DesignChain,
  { from, to, factor }: DesignChain['links'][number],
  locale: Locale,
): readonly Cell[] {
  const names = [...new Set(factor.slopes.map(([parameter]) => SYMBOLS[parameter]))];
  return [
    stateCell(situations[from], locale),
    cell('→', 'quiet'),
    stateCell(situations[to], locale),
    cell(
      speaker(locale)(
        `after ${spanText(3_600_000 / factor.value)}`,
        `平均 ${spanText(3_600_000 / factor.value)}`,
      ),
    ),
    cell(names.join(' '), 'quiet'),
  ];
}

function stateCell(situation: Situation | undefined, locale: Locale): Cell {
  if (situation === undefined) return cell('?');
  const counts = situation.ready.map((ready, place) => `${ready}+${situation.latent[place] ?? 0}`);
  const text = `${phaseText(situation.phase, locale)} ${counts.join(' ')}${situation.displaced ? '*' : ''}`;
  return cell(text, isServing(situation) ? 'plain' : 'bad');
}

function closedForm({ outagesPerYear, unavailability }: Layer, locale: Locale): string {
  const lasts = (unavailability * MS_PER_YEAR) / outagesPerYear;
  return speaker(locale)(
    `  in closed form, U = λd / (1 + λd), each outage ${spanText(lasts)} in the mean\n`,
    `  闭式 U = λd / (1 + λd)，每次中断平均 ${spanText(lasts)}\n`,
  );
}
