import type { StoredIncident } from '../../agent/contract.ts';
import { duration, speaker } from '../../core/describe/language.ts';
import { describeRefusal, describeRemedy } from '../../core/describe/refusal.ts';
import { AppError } from '../../errors.ts';
import type { BlockedAction } from '../../api/routes.ts';
import type { Client } from '../client.ts';
import { formatIncident } from '../incident-text.ts';
import { cell, formatTable, paint, type Terminal, writeJson } from '../../terminal.ts';

type ExplainOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  /** null: the newest one. */
  readonly id: number | null;
  readonly json: boolean;
};

/** Cause, evidence and timeline of an incident; without an ID also the actions blocked now. */
export async function runExplain({ client, terminal, id, json }: ExplainOptions): Promise<number> {
  const stored = id === null ? await newest(client) : await find(client, id);
  const blocked = id === null ? await client.blocked() : [];
  if (json) {
    writeJson(terminal, id === null ? { incident: stored, blocked } : stored);
    return 0;
  }
  const say = speaker(terminal.locale);
  const parts = [
    stored === null
      ? `${say('no incidents yet', '尚无切换记录')}\n`
      : formatIncident(terminal, stored),
    stored === null ? '' : formatHint(terminal, stored.incident.id),
    blocked.length === 0 ? '' : formatBlocked(terminal, blocked),
  ];
  terminal.out.write(parts.filter((part) => part !== '').join('\n'));
  return 0;
}

function formatHint(terminal: Terminal, id: number): string {
  const text = speaker(terminal.locale)('event by event: ', '逐个事件查看：');
  return `${paint(terminal, cell(`${text}hotwarm replay ${id}`, 'quiet'))}\n`;
}

async function newest(client: Client): Promise<StoredIncident | null> {
  const [first] = await client.incidents({ service: null, limit: 1 });
  return first ?? null;
}

async function find(client: Client, id: number): Promise<StoredIncident> {
  const stored = await client.incident(id);
  if (stored !== null) return stored;
  throw new AppError('notFound', {
    message: { en: `no incident ${id}`, zh: `没有第 ${id} 次切换的记录` },
    reason: {
      en: 'it never happened, or its record was dropped',
      zh: '它从未发生，或记录已不再保留',
    },
    hint: { en: 'list incidents with: hotwarm history', zh: '列出切换记录：hotwarm history' },
  });
}

function formatBlocked(terminal: Terminal, blocked: readonly BlockedAction[]): string {
  const { locale } = terminal;
  const say = speaker(locale);
  const title = say('blocked now', '当前未执行');
  const rows = blocked.map(({ service, agoMs, reason }) => [
    cell(''),
    cell(service),
    cell(say(`for ${duration(agoMs)}`, `已 ${duration(agoMs)}`), 'quiet'),
    cell(`${describeRefusal(reason, locale)} – ${describeRemedy(reason, locale)}`),
  ]);
  return `${paint(terminal, cell(title, 'strong'))}\n${formatTable(terminal, rows)}`;
}
