import { describeCause } from '../../core/describe/cause.ts';
import { describeOutcome } from '../../core/describe/fact.ts';
import { duration, speaker } from '../../core/describe/language.ts';
import { describeOperation } from '../../core/describe/refusal.ts';
import type { StoredIncident } from '../../agent/contract.ts';
import type { Client } from '../client.ts';
import { outcomeTone } from '../incident-text.ts';
import {
  cell,
  type Cell,
  formatTable,
  formatWall,
  type Terminal,
  writeJson,
} from '../../terminal.ts';

type HistoryOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  /** null: all services. */
  readonly service: string | null;
  readonly limit: number;
  readonly json: boolean;
};

/** Past incidents, newest first. */
export async function runHistory(options: HistoryOptions): Promise<number> {
  const { client, terminal, service, limit } = options;
  const incidents = await client.incidents({ service, limit });
  const say = speaker(terminal.locale);
  if (options.json) {
    writeJson(terminal, { incidents });
  } else if (incidents.length === 0) {
    terminal.out.write(`${say('no incidents yet', '尚无切换记录')}\n`);
  } else {
    const rows = incidents.map((stored) => row(stored, terminal));
    terminal.out.write(formatTable(terminal, [header(terminal), ...rows]));
  }
  return 0;
}

function header({ locale }: Terminal): Cell[] {
  const titles =
    locale === 'zh'
      ? ['编号', '时间', '服务', '类型', '从', '到', '中断', '结果', '起因']
      : ['ID', 'TIME', 'SERVICE', 'KIND', 'FROM', 'TO', 'OUTAGE', 'OUTCOME', 'CAUSE'];
  return titles.map((title) => cell(title, 'quiet'));
}

function row({ incident, startedWallMs }: StoredIncident, { locale }: Terminal): Cell[] {
  const kind = describeOperation(incident.kind, locale);
  return [
    cell(String(incident.id)),
    cell(formatWall(startedWallMs)),
    cell(incident.service),
    cell(incident.observeOnly ? `(${kind})` : kind),
    cell(incident.from ?? '-'),
    cell(incident.to ?? '-'),
    cell(incident.outageMs === null ? '-' : duration(incident.outageMs)),
    cell(describeOutcome(incident.outcome, locale), outcomeTone(incident.outcome)),
    cell(describeCause(incident.cause, locale)),
  ];
}
