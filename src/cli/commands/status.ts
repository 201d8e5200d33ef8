import { setTimeout as sleep } from 'node:timers/promises';
import type { BriefStatus, Overall, ServiceReport, StatusReport } from '../../api/status.ts';
import { describeTemperature } from '../../core/describe/fact.ts';
import { describeHealthText, describePhase, describeVerdict } from '../../core/describe/health.ts';
import { duration, type Locale, size, speaker } from '../../core/describe/language.ts';
import { AppError, formatError } from '../../errors.ts';
import type { Client } from '../client.ts';
import { cell, type Cell, formatTable, paint, type Terminal, type Tone } from '../../terminal.ts';

type StatusOptions = {
  readonly client: Client;
  readonly terminal: Terminal;
  /** null: all of them. */
  readonly service: string | null;
  readonly json: boolean;
  /** Ends the watch; null: print once. */
  readonly signal: AbortSignal | null;
};

const WATCH_MS = 500;
const CLEAR_SCREEN = '\u001B[H\u001B[2J\u001B[3J';

const OVERALL_TONES: Readonly<Record<Overall, Tone>> = {
  OK: 'good',
  DEGRADED: 'doubtful',
  DOWN: 'bad',
};

/** Services, members and the last incident. */
export async function runStatus(options: StatusOptions): Promise<number> {
  if (options.signal !== null) return watch(options, options.signal);
  options.terminal.out.write(await render(options));
  return 0;
}

/** A terminal is redrawn; elsewhere each change is appended. */
async function watch(options: StatusOptions, signal: AbortSignal): Promise<number> {
  const { terminal } = options;
  let shown = '';
  while (!signal.aborted) {
    const text = await renderOrExplain(options);
    if (text !== shown) terminal.out.write(terminal.isInteractive ? CLEAR_SCREEN + text : text);
    shown = text;
    await sleep(WATCH_MS, undefined, { signal }).catch(() => {});
  }
  return 0;
}

/** An unreachable agent does not end the watch. */
async function renderOrExplain(options: StatusOptions): Promise<string> {
  try {
    return await render(options);
  } catch (error) {
    if (error instanceof AppError && error.code === 'unreachable')
      return formatError(error, options.terminal.locale);
    throw error;
  }
}

async function render({ client, terminal, service, json }: StatusOptions): Promise<string> {
  const report = pick(await client.status(), service);
  if (json) return `${JSON.stringify(report, null, 2)}\n`;
  const brief = await client.brief();
  return Object.entries(report.services)
    .map(([name, one]) => formatService(terminal, name, one, overallOf(brief, name)))
    .join('\n');
}

function pick(report: StatusReport, service: string | null): StatusReport {
  if (service === null) return report;
  const one = Object.hasOwn(report.services, service) ? report.services[service] : undefined;
  if (one !== undefined) return { services: { [service]: one } };
  throw new AppError('notFound', {
    message: { en: `no service ${service}`, zh: `没有服务 ${service}` },
    reason: {
      en: `configured services: ${Object.keys(report.services).join(', ')}`,
      zh: `已配置的服务：${Object.keys(report.services).join('、')}`,
    },
    hint: { en: 'use one of these names', zh: '改用其中之一' },
  });
}

function overallOf(brief: BriefStatus, name: string): Overall {
  return brief.services?.[name]?.status ?? brief.status;
}

function formatService(
  terminal: Terminal,
  name: string,
  service: ServiceReport,
  overall: Overall,
): string {
  const say = speaker(terminal.locale);
  const facts = [
    `${say('active', '主用')} ${activeText(service)}`,
    `${say('epoch', '纪元')} ${service.epoch}`,
    describePhase(service.phase, terminal.locale),
    ...(service.paused ? [say('paused', '自动切换已暂停')] : []),
    ...(service.trafficUp ? [] : [say('proxy down', '数据面不可用')]),
  ];
  const status = paint(terminal, cell(overall, OVERALL_TONES[overall]));
  const title = paint(terminal, cell(name, 'strong'));
  const members = Object.entries(service.members).map(([member, one]) =>
    memberRow(member, one, terminal.locale),
  );
  const table = formatTable(terminal, [header(terminal.locale), ...members]);
  return `${title}  ${status}  ${facts.join('  ')}\n${table}${formatLast(terminal, service)}`;
}

/** With its host, if it is not this one. */
function activeText({ active, activeHost }: ServiceReport): string {
  return activeHost === undefined ? (active ?? '-') : `${active ?? '-'} (${activeHost})`;
}

function header(locale: Locale): Cell[] {
  const titles =
    locale === 'zh'
      ? ['成员', '角色', '温度', '健康', '就绪', '进程', '落后', '原因']
      : ['MEMBER', 'ROLE', 'TEMPERATURE', 'HEALTH', 'READY', 'PID', 'LAG', 'REASON'];
  return [cell(''), ...titles.map((title) => cell(title, 'quiet'))];
}

const HEALTH_TONES: Readonly<Record<string, Tone>> = {
  healthy: 'good',
  failed: 'bad',
  suspect: 'doubtful',
  degraded: 'doubtful',
};

function memberRow(name: string, member: ServiceReport['members'][string], locale: Locale): Cell[] {
  const say = speaker(locale);
  const isActive = member.role === 'active';
  return [
    cell(isActive ? '*' : ''),
    cell(name, isActive ? 'strong' : 'plain'),
    cell(isActive ? say('active', '主用') : say('standby', '备用')),
    cell(describeTemperature(member.temperature, locale)),
    cell(describeVerdict(member.health, locale), HEALTH_TONES[member.health] ?? 'plain'),
    cell(member.ready ? say('yes', '是') : say('no', '否')),
    cell(member.pid === null ? '-' : String(member.pid)),
    cell(member.lagBytes === null ? '-' : size(member.lagBytes)),
    cell(describeHealthText(member.reason, locale)),
  ];
}

function formatLast(terminal: Terminal, { lastIncident }: ServiceReport): string {
  if (lastIncident === null) return '';
  const say = speaker(terminal.locale);
  const { id, from, to, outageMs, observeOnly } = lastIncident;
  const note =
    observeOnly === true
      ? say('  (observe-only: no action taken)', '（只观察模式：未执行任何操作）')
      : '';
  const outage =
    outageMs === null
      ? ''
      : say(`, ${duration(outageMs)} without service`, `，中断 ${duration(outageMs)}`);
  const lead = say(`last incident: ${id}`, `最近一次切换 #${id}`);
  const hint = say(`  (hotwarm explain ${id})`, `（hotwarm explain ${id}）`);
  const text = `${lead}  ${from ?? '-'} → ${to ?? '-'}${outage}${note}${hint}`;
  return `${paint(terminal, cell(text, 'quiet'))}\n`;
}
