import type { StoredIncident } from '../agent/contract.ts';
import { describeCause } from '../core/describe/cause.ts';
import { describeEvidence } from '../core/describe/evidence.ts';
import { describeFact, describeOutcome } from '../core/describe/fact.ts';
import { describeCandidate } from '../core/describe/eligibility.ts';
import { duration, type Locale, speaker } from '../core/describe/language.ts';
import { describeOperation } from '../core/describe/refusal.ts';
import type { Incident, IncidentEntry, StepTimes } from '../core/state.ts';
import {
  cell,
  type Cell,
  formatTable,
  formatWall,
  paint,
  type Terminal,
  type Tone,
} from '../terminal.ts';

// The text of one incident: cause, evidence, candidates, timing and timeline.

export function formatIncident(terminal: Terminal, stored: StoredIncident): string {
  const { incident } = stored;
  const say = speaker(terminal.locale);
  const parts = [
    formatHead(terminal, stored),
    section(terminal, say('evidence', '证据'), evidenceRows(incident, terminal.locale)),
    section(terminal, say('candidates', '候选成员'), candidateRows(incident, terminal.locale)),
    section(terminal, say('steps', '步骤用时'), stepRows(incident.steps, terminal.locale)),
    section(terminal, say('timeline', '经过'), timelineRows(incident, terminal.locale)),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** "failover 7: a → b, succeeded, 19 ms without service". */
export function summarise(incident: Incident, locale: Locale): string {
  const say = speaker(locale);
  const kind = describeOperation(incident.kind, locale);
  const move = `${incident.from ?? '-'} → ${incident.to ?? '-'}`;
  const outcome = describeOutcome(incident.outcome, locale);
  const outage =
    incident.outageMs === null
      ? ''
      : say(
          `, ${duration(incident.outageMs)} without service`,
          `，中断 ${duration(incident.outageMs)}`,
        );
  return `${say(`${kind} ${incident.id}: `, `${kind} #${incident.id}：`)}${move}${say(', ', '，')}${outcome}${outage}`;
}

export function formatEntry(terminal: Terminal, entry: IncidentEntry, start: number): string {
  return formatTable(terminal, [timelineRow(entry, start, terminal.locale)]);
}

export function outcomeTone(outcome: Incident['outcome']): Tone {
  if (outcome === 'succeeded') return 'good';
  return outcome === 'underWay' ? 'doubtful' : 'bad';
}

/** Summary, start and cause. `startedWallMs` null: not known. */
export function formatHead(
  terminal: Terminal,
  {
    incident,
    startedWallMs,
  }: { readonly incident: Incident; readonly startedWallMs: number | null },
): string {
  const { locale } = terminal;
  const say = speaker(locale);
  const title = paint(terminal, cell(summarise(incident, locale), outcomeTone(incident.outcome)));
  const rows = [
    [cell(say('service', '服务'), 'quiet'), cell(incident.service)],
    ...(startedWallMs === null
      ? []
      : [[cell(say('began', '开始'), 'quiet'), cell(formatWall(startedWallMs))]]),
    [cell(say('cause', '起因'), 'quiet'), cell(describeCause(incident.cause, locale))],
    [cell(say('epoch', '纪元'), 'quiet'), cell(String(incident.epoch ?? '-'))],
  ];
  if (incident.observeOnly) {
    const note = say('observe-only: no action taken', '只观察模式：未执行任何操作');
    rows.push([cell(say('note', '说明'), 'quiet'), cell(note, 'doubtful')]);
  }
  return `${title}\n${formatTable(terminal, rows)}`;
}

function section(terminal: Terminal, title: string, rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const indented = rows.map((row) => [cell(''), ...row]);
  return `${paint(terminal, cell(title, 'strong'))}\n${formatTable(terminal, indented)}`;
}

function evidenceRows(incident: Incident, locale: Locale): Cell[][] {
  return incident.evidence.map((evidence) => [
    cell(relative(evidence.at, incident.startedAt), 'quiet'),
    cell(describeEvidence(evidence, locale)),
  ]);
}

function candidateRows(incident: Incident, locale: Locale): Cell[][] {
  const say = speaker(locale);
  return incident.candidates.map((candidate) => {
    const isChosen = candidate.member === incident.to;
    const verdict = describeCandidate(candidate, locale);
    const text = isChosen ? `${say('chosen: ', '已选定：')}${verdict}` : verdict;
    const tone = isChosen ? 'good' : candidate.refusals.length === 0 ? 'plain' : 'doubtful';
    return [cell(candidate.member), cell(text, tone)];
  });
}

function stepRows(steps: StepTimes, locale: Locale): Cell[][] {
  const say = speaker(locale);
  const named: readonly (readonly [string, number | null])[] = [
    [say('detect', '检测'), steps.detectMs],
    [say('decide', '决策'), steps.decideMs],
    [say('fence', '隔离'), steps.fenceMs],
    [say('promote', '提升'), steps.promoteMs],
    [say('switch', '切换'), steps.switchMs],
  ];
  return named.flatMap(([name, ms]) => (ms === null ? [] : [[cell(name), cell(duration(ms))]]));
}

function timelineRows(incident: Incident, locale: Locale): Cell[][] {
  return incident.timeline.map((entry) => timelineRow(entry, incident.startedAt, locale));
}

function timelineRow(entry: IncidentEntry, start: number, locale: Locale): Cell[] {
  const tone = entry.code === 'failed' || entry.code === 'aborted' ? 'bad' : 'plain';
  return [cell(relative(entry.at, start), 'quiet'), cell(describeFact(entry, locale), tone)];
}

/** Milliseconds since the beginning, in a column of fixed width. */
function relative(at: number, start: number): string {
  const ms = at - start;
  return `${ms < 0 ? '-' : '+'}${Math.abs(ms).toFixed(1)} ms`.padStart(12);
}
