import type { Change } from '../../core/change.ts';
import { describeChange } from '../../core/describe/change.ts';
import { describeEvent, describeRoutine } from '../../core/describe/event.ts';
import { type Locale, speaker } from '../../core/describe/language.ts';
import { describeOrder } from '../../core/describe/order.ts';
import type { Effect } from '../../core/effect.ts';
import type { Instant } from '../../core/time.ts';
import type { TimelineEntry } from '../../replay/timeline.ts';
import { cell, displayWidth, paint, type Terminal, type Tone, wrapText } from '../../terminal.ts';

// The timeline of a replay on a terminal: each event at its time, below it its changes and effects.

const TIME_WIDTH = 11;
const NO_WRAP = Number.POSITIVE_INFINITY;

export function formatTimeline(
  terminal: Terminal,
  entries: readonly TimelineEntry[],
  start: Instant,
): string {
  const parting = entries.findIndex(({ assumed }) => assumed);
  return entries
    .map((entry, index) => {
      const text = formatEntry(terminal, entry, start);
      return index === parting ? `${formatParting(terminal)}${text}` : text;
    })
    .join('');
}

function formatParting(terminal: Terminal): string {
  const text = speaker(terminal.locale)(
    'diverges here; the rest is assumed',
    '从此处开始不同，以下均为假定',
  );
  return line(terminal, '', `── ${text} ──`, 'doubtful');
}

function formatEntry(terminal: Terminal, entry: TimelineEntry, start: Instant): string {
  const { locale } = terminal;
  if (entry.type === 'unchanged') {
    const isOwn = Object.keys(entry.counts).every((name) => name === 'housekeeping');
    return isOwn ? '' : line(terminal, '', `… ${describeFolded(entry, locale)}`, 'quiet');
  }
  const what = describeEvent(entry.event, entry.effect, locale);
  return [
    line(terminal, formatOffset(entry.at - start), what, toneOf(entry)),
    ...entry.changes
      .filter((change) => !followsFrom(change, entry.changes))
      .map((change) =>
        detail(terminal, {
          mark: '',
          text: describeChange(change, locale),
          tone: changeTone(change),
        }),
      ),
    ...entry.ordered.map((effect) =>
      detail(terminal, { mark: '→ ', text: formatOrder(effect, locale), tone: 'plain' }),
    ),
  ].join('');
}

/** "+0.3 ms", from a minute on "+1:02.345"; right-aligned in its column. */
function formatOffset(ms: number): string {
  const sign = ms < 0 ? '-' : '+';
  const size = Math.abs(ms);
  if (size < 60_000) return `${sign}${size.toFixed(1)} ms`.padStart(TIME_WIDTH);
  const minutes = Math.floor(size / 60_000);
  const seconds = ((size % 60_000) / 1000).toFixed(3).padStart(6, '0');
  return `${sign}${minutes}:${seconds}`.padStart(TIME_WIDTH);
}

function line(terminal: Terminal, time: string, text: string, tone: Tone): string {
  return block(terminal, { lead: `${time.padStart(TIME_WIDTH)}  `, text, tone });
}

/** A line below an event; an arrow marks an effect, and further lines are aligned with its text. */
function detail(terminal: Terminal, options: { mark: string; text: string; tone: Tone }): string {
  const { mark, text, tone } = options;
  const lead = `${' '.repeat(TIME_WIDTH + 4)}${mark}`;
  return block(terminal, { lead, text, tone });
}

/** Text after its lead, wrapped to the terminal's width. */
function block(terminal: Terminal, options: { lead: string; text: string; tone: Tone }): string {
  const { lead, text, tone } = options;
  const width = displayWidth(lead);
  const lines = wrapText(text, (terminal.columns ?? NO_WRAP) - width);
  return lines
    .map((one, index) => {
      const start = index === 0 ? paint(terminal, cell(lead, 'quiet')) : ' '.repeat(width);
      return `${start}${paint(terminal, cell(one, tone))}\n`;
    })
    .join('');
}

/** The effect with its number and its dependencies. */
function formatOrder(effect: Effect, locale: Locale): string {
  const order = `#${effect.id} ${describeOrder(effect, locale)}`;
  if (effect.after.length === 0) return order;
  const ids = effect.after.map((id) => `#${id}`).join(' ');
  return `${order}${speaker(locale)(`, once done: ${ids}`, `，须先完成：${ids}`)}`;
}

/** Whether another change of the same step already implies it. */
function followsFrom(change: Change, all: readonly Change[]): boolean {
  if (change.code === 'role') return all.some(({ code }) => code === 'active');
  if (change.code === 'ready')
    return all.some(
      (other) =>
        (other.code === 'lifecycle' || other.code === 'health') && other.member === change.member,
    );
  if (change.code === 'health' && change.reason === 'starting') return true;
  return change.code === 'operation' && (change.to === null || change.kind === 'start');
}

function toneOf(entry: TimelineEntry & { readonly type: 'step' }): Tone {
  const { event } = entry;
  if (
    event.type === 'memberExiting' ||
    event.type === 'memberExited' ||
    event.type === 'effectFailed'
  )
    return 'bad';
  if (event.type === 'effectTimedOut' || event.type === 'trafficLost') return 'bad';
  if (event.type === 'probeFailed' || event.type === 'trafficFailed') return 'doubtful';
  return entry.changes.length > 0 || entry.ordered.length > 0 ? 'strong' : 'plain';
}

function changeTone(change: Change): Tone {
  if (change.code === 'health') {
    if (change.to === 'failed') return 'bad';
    return change.to === 'healthy' ? 'good' : 'doubtful';
  }
  if (change.code === 'active') return 'good';
  return change.code === 'refused' || change.code === 'commandRefused' ? 'doubtful' : 'plain';
}

function describeFolded(
  entry: TimelineEntry & { readonly type: 'unchanged' },
  locale: Locale,
): string {
  const say = speaker(locale);
  const parts = Object.entries(entry.counts).map(([name, count]) =>
    describeRoutine(name, count, locale),
  );
  return `${parts.join(say(', ', '，'))}${say(': nothing changed', '：无变化')}`;
}
