// Texts for reasons and incidents, in English and Chinese. Decisions, records and tests use codes; only the files of
// this folder turn them into prose. Each text is a clause without a capital or a full stop: it fits a table cell, a
// "why:" line and another sentence.

export type Locale = 'en' | 'zh';

export type Text = { readonly en: string; readonly zh: string };

/** Picks the text of one language. */
export function speaker(locale: Locale): (en: string, zh: string) => string {
  return (en, zh) => (locale === 'zh' ? zh : en);
}

/** An unknown code is shown as it is. */
export function word(table: Readonly<Record<string, Text>>, code: string, locale: Locale): string {
  return Object.hasOwn(table, code) ? (table[code]?.[locale] ?? code) : code;
}

export function duration(ms: number): string {
  if (ms < 10) return `${round(ms, 1)} ms`;
  if (ms < 1000) return `${round(ms, 0)} ms`;
  if (ms < 120_000) return `${round(ms / 1000, 1)} s`;
  if (ms < 7_200_000) return `${round(ms / 60_000, 1)} min`;
  return `${round(ms / 3_600_000, 1)} h`;
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${round(bytes / 1024, 1)} KiB`;
  if (bytes < 1_073_741_824) return `${round(bytes / 1_048_576, 1)} MiB`;
  return `${round(bytes / 1_073_741_824, 1)} GiB`;
}

export function percent(share: number): string {
  return `${round(share * 100, 3)}%`;
}

/** In English "1 request", "2 requests". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
