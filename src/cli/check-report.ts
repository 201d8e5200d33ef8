import type { ResolvedConfig, ResolvedMember, ResolvedService } from '../config/resolved.ts';
import { formatAddress, formatDuration, formatShare } from '../config/units.ts';
import { type Locale, speaker, type Text } from '../core/describe/language.ts';
import { probeText } from '../drivers/probe/spec.ts';
import type { FalseFailoverPrediction } from '../model/false-failovers.ts';
import type { FaultKind, LeasePrediction, Spread, TakeoverPrediction } from '../model/timing.ts';
import { displayWidth } from '../terminal.ts';
import type { ServicePrediction } from './predict.ts';
import type { PreflightFinding } from './preflight/finding.ts';
import type { BriefSimulation } from './simulate/quick-run.ts';

// The text of `hotwarm check`.

type CheckReport = {
  readonly config: ResolvedConfig;
  readonly predictions: ReadonlyMap<string, ServicePrediction>;
  readonly findings: readonly PreflightFinding[];
  /** By service; empty: nothing was simulated. */
  readonly simulated: ReadonlyMap<string, BriefSimulation>;
};

export function formatReport(report: CheckReport, locale: Locale): string {
  const { config, predictions, findings, simulated } = report;
  const t = speaker(locale);
  const blocks = config.services.map((service) => {
    const prediction = predictions.get(service.name);
    return [
      ...summary(service, t),
      ...(prediction === undefined ? [] : predicted(service, prediction, locale)),
      ...simulationLines(simulated.get(service.name), t),
    ];
  });
  const lines = [
    t(`${config.file}: valid`, `${config.file}：有效`),
    ...blocks.flatMap((block) => ['', ...block]),
    '',
    ...accessLines(config.agent.api, t),
    '',
    ...hostLines(findings, locale),
  ];
  return `${lines.join('\n')}\n`;
}

/** Who can read and who can send commands. */
function accessLines(
  { host, port, token, socket }: ResolvedConfig['agent']['api'],
  t: Say,
): string[] {
  const url = `http://${formatAddress({ host, port })}`;
  return [
    t(
      `API on ${socket}: root and the agent's user can read and send commands`,
      `${socket} 上的 API：root 和 agent 的用户可读取和发送命令`,
    ),
    token === null
      ? t(
          `API on ${url}: every local user can read; only root and the agent's user can send commands`,
          `${url} 上的 API：本机所有用户可读取；只有 root 和 agent 的用户可发送命令`,
        )
      : t(
          `API on ${url}: everyone with agent.token can read and send commands; health checks need no token`,
          `${url} 上的 API：持有 agent.token 者可读取和发送命令；健康检查无须令牌`,
        ),
  ];
}

type Say = (en: string, zh: string) => string;

function simulationLines(simulated: BriefSimulation | undefined, t: Say): string[] {
  if (simulated === undefined) return [];
  const { years, verdicts } = simulated;
  return [
    t(
      `  simulated ${years} years (details: hotwarm simulate):`,
      `  仿真 ${years} 年（详情：hotwarm simulate）：`,
    ),
    ...verdicts.map(({ isGood, text }) =>
      isGood ? `    ${t('ok: ', '正常：')}${text}` : `    ${t('warning: ', '警告：')}${text}`,
    ),
  ];
}

function summary(service: ResolvedService, t: Say): string[] {
  const { core, traffic, members, probe } = service;
  const { detection } = core;
  const listen = traffic.listeners.map(({ address }) => formatAddress(address)).join(', ');
  const hasTls = 'tls' in traffic && traffic.tls !== null;
  const exclusive = core.exclusive ? t(', exclusive', '，独占') : '';
  const tls = hasTls ? t(' with TLS', '（TLS）') : '';
  const every = formatDuration(detection.intervalMs);
  const timeout = formatDuration(detection.timeoutMs);
  const bound = formatDuration(detection.maxSilenceMs);
  return [
    t(
      `service ${service.name}: ${core.kind}${exclusive}, ${traffic.protocol}${tls} on ${listen} via ${traffic.via}`,
      `服务 ${service.name}：${core.kind}${exclusive}，${traffic.protocol}${tls}，${listen}，via ${traffic.via}`,
    ),
    ...members.map((member, index) => `  ${memberLine(member, index === 0, t)}`),
    t(
      `  probe: ${probeText(probe)} every ${every}, timeout ${timeout}, suspected after at most ${bound}`,
      `  探测：${probeText(probe)}，每 ${every} 一次，超时 ${timeout}，至多 ${bound} 后怀疑`,
    ),
  ];
}

function memberLine(member: ResolvedMember, isPreferred: boolean, t: Say): string {
  const share = member.cpuShare === null ? '' : formatShare(member.cpuShare);
  const limit = share === '' ? '' : t(` at ${share} of a core`, `（CPU 上限为单核的 ${share}）`);
  const preferred = isPreferred ? t(', preferred', '，首选') : '';
  const at = formatAddress({ host: member.address, port: member.port });
  const command = member.command.join(' ');
  return t(
    `${member.name}: ${member.temperature}${limit}${preferred}, ${at}: ${command}`,
    `${member.name}：${member.temperature}${limit}${preferred}，${at}：${command}`,
  );
}

function predicted(
  service: ResolvedService,
  prediction: ServicePrediction,
  locale: Locale,
): string[] {
  const t = speaker(locale);
  return [
    t('  predicted takeover times (p50, p99):', '  预计的接管耗时（p50，p99）：'),
    ...[
      ...takeoverTable(prediction, locale),
      ...falseSuspicionLines(prediction.mistakes, t),
      ...leaseLines(service.core.exclusive, prediction.lease, t),
    ].map((line) => `    ${line}`),
    ...prediction.advice.map(({ text }) => `  ${t('note: ', '说明：')}${text[locale]}`),
  ];
}

const FAULT_NAMES: Readonly<Record<FaultKind, Text>> = {
  crash: { en: 'active process killed', zh: '主用进程被强制终止' },
  hang: { en: 'active process hangs', zh: '主用进程假死' },
  portClosed: { en: 'active process refuses connections', zh: '主用进程拒绝连接' },
  agentKilled: { en: 'agent killed', zh: 'agent 被强制终止' },
  slow: { en: 'active member slow or failing', zh: '主用成员变慢或出错' },
};

const NOTES: Readonly<Record<TakeoverPrediction['note'], Text>> = {
  none: { en: '', zh: '' },
  coldStart: {
    en: 'depends on the startup time of a cold standby',
    zh: '取决于冷备成员的启动时间',
  },
  unseen: { en: 'NOT DETECTED by this probe', zh: '该探测方式无法发现' },
  agentAway: {
    en: 'members and traffic unaffected; no failover until the agent is back',
    zh: '成员和流量不受影响；agent 恢复之前不会故障切换',
  },
  leaseEnds: { en: 'traffic continues until the lease expires', zh: '流量持续到租约到期' },
  reportOnly: { en: 'reported only', zh: '只报告' },
  needsTraffic: { en: 'after client requests have failed', zh: '客户端请求失败之后' },
  drains: { en: 'depends on how long in-flight requests take', zh: '取决于进行中的请求' },
};

const EXCEEDS_RTO: Text = { en: 'EXCEEDS rto', zh: '超过 rto' };

function takeoverTable({ takeovers, beyondRto }: ServicePrediction, locale: Locale): string[] {
  const t = speaker(locale);
  const head = [
    t('FAULT', '故障'),
    t('REQUEST DELAY', '请求延迟'),
    t('SWITCH COMPLETE', '切换完成'),
    '',
  ];
  const noteOf = (row: TakeoverPrediction): Text =>
    beyondRto.includes(row) ? EXCEEDS_RTO : NOTES[row.note];
  const rows = takeovers.map((row) => [
    FAULT_NAMES[row.fault][locale],
    spread(row.request, t),
    spread(row.takeover, t),
    noteOf(row)[locale],
  ]);
  return alignColumns([head, ...rows]);
}

function spread(value: Spread | null, t: Say): string {
  if (value === null) return '-';
  const [p50, p99] = [duration(value.p50Ms), duration(value.p99Ms)];
  return value.p99Ms === 0 ? t('none', '无') : t(`${p50}, ${p99}`, `${p50}，${p99}`);
}

/** A prediction is no more precise than this. */
function duration(ms: number): string {
  if (ms < 10) return formatDuration(Number(ms.toFixed(1)));
  return formatDuration(ms < 1000 ? Math.round(ms) : Math.round(ms / 100) * 100);
}

function falseSuspicionLines(mistakes: FalseFailoverPrediction, t: Say): string[] {
  const [quiet, busy, pausing] = [
    mistakes.failoversPerYear.quiet,
    mistakes.failoversPerYear.busy,
    mistakes.failoversPerYear.pausing,
  ].map((perYear) => rate(perYear, t));
  const perYear = rate(mistakes.suspicionsPerYear, t);
  const suspicions = t(
    `false suspicions per year (cost one probe each): about ${perYear}`,
    `每年误怀疑（各多一次探测）：约 ${perYear} 次`,
  );
  if (mistakes.toleratedPauseMs === null) return [suspicions];
  const tolerated = duration(mistakes.toleratedPauseMs);
  return [
    t(
      `pauses up to ${tolerated} never trigger a failover; false failovers per year, at most:`,
      `不超过 ${tolerated} 的停顿不会引起故障切换；每年误切换至多：`,
    ),
    t(
      `  ${quiet} with one 50ms pause (median) per day, ${busy} with one every 10m, ${pausing} with one 250ms pause every 10m`,
      `  每天一次 50ms 停顿（中位数）时 ${quiet} 次，每 10m 一次时 ${busy} 次，每 10m 一次 250ms 停顿时 ${pausing} 次`,
    ),
    suspicions,
  ];
}

function rate(perYear: number, t: Say): string {
  if (perYear >= 10) return Math.round(perYear).toString();
  return perYear >= 0.01 ? perYear.toPrecision(2) : t('less than 0.01', '不到 0.01');
}

function leaseLines(isExclusive: boolean, lease: LeasePrediction, t: Say): string[] {
  const stops = duration(lease.holderStopsMs);
  const after = duration(lease.takeoverAfterMs);
  const drift = formatShare(Number(lease.driftShare.toFixed(3)));
  const grace = duration(lease.graceMinMs);
  if (!isExclusive)
    return [
      t(
        `lease: ${after}; traffic does not depend on it, because two active members are harmless`,
        `租约：${after}；允许双主，因此流量不依赖租约`,
      ),
    ];
  return [
    t(
      `lease: without renewals the active member stops within ${stops}, another host can take over after ${after}; clocks may drift by ${drift}`,
      `租约：没有续约时，主用成员在 ${stops} 内停止服务，其他主机 ${after} 后可接管；时钟漂移可达 ${drift}`,
    ),
    t(
      `if the agent is killed, traffic continues for ${grace} to ${stops}`,
      `agent 被强制终止后，流量还能持续 ${grace} 到 ${stops}`,
    ),
  ];
}

function hostLines(findings: readonly PreflightFinding[], locale: Locale): string[] {
  const t = speaker(locale);
  if (findings.length === 0) return [t('this host: all checks passed', '本机：全部检查通过')];
  const lines = formatFindings(findings, locale).map((line) => `  ${line}`);
  return [t('this host:', '本机：'), ...lines];
}

const LEVELS: Readonly<Record<PreflightFinding['level'], Text>> = {
  error: { en: 'error: ', zh: '错误：' },
  warning: { en: 'warning: ', zh: '警告：' },
};

export function formatFindings(findings: readonly PreflightFinding[], locale: Locale): string[] {
  const t = speaker(locale);
  return findings.flatMap(({ level, where, message, hint, code }) => [
    `${LEVELS[level][locale]}${where}${t(': ', '：')}${message[locale]} [${code}]`,
    `  ${t('fix: ', '处理：')}${hint[locale]}`,
  ]);
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths?.[column] ?? 0) - displayWidth(cell)))
      .join('  ')
      .trimEnd(),
  );
}
