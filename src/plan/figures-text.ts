import { type Locale, speaker } from '../core/describe/language.ts';
import type { Figure } from './description.ts';
import { sourceText } from './sources-zh.ts';
import { basisText } from './plan-text.ts';

/** What was measured here, and what was assumed, each with its source. */
export function figureLines(figures: readonly Figure[], locale: Locale): readonly string[] {
  const say = speaker(locale);
  const measured = figures.filter(({ from }) => from === 'history');
  const assumed = figures.filter(({ from }) => from === 'default');
  return [
    ...measured.map(({ key, value }) =>
      say(
        `${key} ${value}: from the history of this installation`,
        `${key} ${value}：来自本机历史`,
      ),
    ),
    ...bySource(assumed, locale),
  ];
}

/** Figures that come from the same place share its line. */
function bySource(figures: readonly Figure[], locale: Locale): readonly string[] {
  const say = speaker(locale);
  const sources = new Map<string, string[]>();
  for (const { key, value, basis, source } of figures) {
    const how = basis === null ? '' : basisText(basis, locale);
    const from = `${how}${say(': ', '：')}${sourceText(source ?? '', locale)}`;
    sources.set(from, [...(sources.get(from) ?? []), `${key} ${value}`]);
  }
  return [...sources].map(([from, said]) =>
    say(`${said.join(', ')} (${from})`, `${said.join('，')}（${from}）`),
  );
}
