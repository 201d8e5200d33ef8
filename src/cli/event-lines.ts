import type {
  CertificateChange,
  HealthChange,
  IncidentChange,
  AgentChange,
} from '../agent/contract.ts';
import type { ProcessChange } from '../drivers/traffic/contract.ts';
import { unreachable } from '../core/assert.ts';
import { describeCause } from '../core/describe/cause.ts';
import { describeFact, describeOutcome } from '../core/describe/fact.ts';
import { describeFaultDetail } from '../core/describe/fault.ts';
import { describeHealth, describeVerdict } from '../core/describe/health.ts';
import { type Locale, plural, speaker, type Text } from '../core/describe/language.ts';
import { describeOperation, describeRefusal } from '../core/describe/refusal.ts';
import type { EffectFault } from '../core/reasons.ts';
import type { Incident, IncidentEntry, RepairState } from '../core/state.ts';

// The agent's events as lines for `hotwarm up`. Details that matter only later (every effect, every candidate that was
// not eligible) are left to `explain`.

const TOLD_FACTS: ReadonlySet<string> = new Set([
  'verdict',
  'chosen',
  'noCandidate',
  'usedFallback',
  'served',
  'failed',
  'aborted',
  'observed',
]);

const SEEN_TO_END: ReadonlySet<string> = new Set(['exited', 'vanished']);

const TRAFFIC_LOST: Text = {
  en: 'proxy or socket holder exited; restarting. New clients wait, members keep running',
  zh: '代理或 keeper 已退出，正在重启；新的客户端等待，成员继续运行',
};
const TRAFFIC_BACK: Text = { en: 'proxy or socket holder restarted', zh: '代理或 keeper 已重启' };

/** The lines of one event, without time and service; none for events that matter only later. */
export function eventLines(news: AgentChange, locale: Locale): readonly string[] {
  const t = speaker(locale);
  switch (news.kind) {
    case 'health':
      return narrateHealth(news.data, locale);
    case 'incident':
      return narrateIncident(news.data, locale);
    case 'blocked':
      return [`${t('blocked: ', '未执行：')}${describeRefusal(news.data, locale)}`];
    case 'status':
      return [];
    case 'traffic':
      return [(news.data.up ? TRAFFIC_BACK : TRAFFIC_LOST)[locale]];
    case 'proxy':
      return [narrateProcess(news.data, locale)];
    case 'certificate':
      return [narrateCertificate(news.data, locale)];
    case 'acceptedEarly':
      return [
        t(
          `${news.data.member} accepted clients while standby; with \`accept: onActivate\` it must wait for a line on HOTWARM_ACTIVATE_FD`,
          `备用成员 ${news.data.member} 接受了客户端连接；设有 \`accept: onActivate\` 时，它须等待 HOTWARM_ACTIVATE_FD 上的一行`,
        ),
      ];
    default:
      return unreachable(news);
  }
}

function narrateProcess(news: ProcessChange, locale: Locale): string {
  const t = speaker(locale);
  switch (news.change) {
    case 'started':
      return t(
        `proxy process ${news.process} restarted (pid ${news.pid}); waiting clients are being served`,
        `代理进程 ${news.process} 已重启（pid ${news.pid}），等待中的客户端正得到服务`,
      );
    case 'unkept':
      return t(
        'socket holder exited: running processes keep serving, but restarted ones cannot accept clients until the address is free; stop and start hotwarm to recover',
        'keeper 已退出：运行中的进程继续服务，但重启的进程在地址释放之前无法接受客户端；停止并重新启动 hotwarm 即可恢复',
      );
    case 'kept':
      return t('socket holder restarted', 'keeper 已重启');
    case 'ended':
    case 'hung': {
      const isHung = news.change === 'hung';
      const lost = lossOf(news.lost, locale);
      return t(
        `proxy process ${news.process} (pid ${news.pid}) ${isHung ? 'did not respond and was killed' : 'exited'}, ${lost}; its address stays open`,
        `代理进程 ${news.process}（pid ${news.pid}）${isHung ? '无响应，已强制终止' : '已退出'}，${lost}；其监听地址保持打开`,
      );
    }
    default:
      return unreachable(news);
  }
}

function lossOf(
  lost: { readonly connections: number; readonly requests: number } | null,
  locale: Locale,
): string {
  const t = speaker(locale);
  if (lost === null) return t('number of lost connections unknown', '丢失的连接数未知');
  const { connections, requests } = lost;
  return t(
    `lost ${plural(connections, 'connection')} and ${plural(requests, 'in-flight request')} (last reported)`,
    `丢失 ${connections} 个连接和 ${requests} 个进行中的请求（最近一次上报）`,
  );
}

function narrateCertificate({ file, fault }: CertificateChange, locale: Locale): string {
  const t = speaker(locale);
  if (fault === null)
    return t(`the new certificate in ${file} is in use`, `${file} 中的新证书已启用`);
  return t(
    `cannot use the new certificate; keeping the old one: ${file}: ${fault}`,
    `无法使用新证书，继续使用旧证书：${file}（${fault}）`,
  );
}

/** The announcement of an orderly stop. */
export function stopNotice(modes: readonly ('manage' | 'observe')[], locale: Locale): string {
  const t = speaker(locale);
  return modes.includes('manage')
    ? t(
        'stopping: members have up to timeouts.stop to finish',
        '正在停止：成员至多有 timeouts.stop 的时间收尾',
      )
    : t('stopping: observed members keep running', '正在停止：只观察的成员继续运行');
}

function narrateHealth(data: HealthChange, locale: Locale): readonly string[] {
  const t = speaker(locale);
  const { member, health, lifecycle, ready, pid, repair } = data;
  if (repair.fault !== null && lifecycle === 'absent')
    return [failedStart(member, repair, repair.fault, locale)];
  if (lifecycle === 'starting')
    return pid === null ? [t(`${member} is starting`, `${member} 启动中`)] : [];
  if (lifecycle === 'running' && ready && health === 'healthy')
    // hotwarm did not start an observed member and does not know its process.
    return [
      pid === null
        ? t(`${member} is ready`, `${member} 已就绪`)
        : t(`${member} is ready (pid ${pid})`, `${member} 已就绪（pid ${pid}）`),
    ];
  if (lifecycle === 'frozen') return [t(`${member} is frozen`, `${member} 已冻结`)];
  return narrateVerdict(data, locale);
}

function narrateVerdict(data: HealthChange, locale: Locale): readonly string[] {
  const { member, health, reason, lifecycle } = data;
  if (health !== 'suspect' && health !== 'failed' && health !== 'degraded') return [];
  const t = speaker(locale);
  // The failure was printed before. A member that exited by itself was not fenced.
  if (lifecycle === 'absent' && health === 'failed' && !SEEN_TO_END.has(reason))
    return [
      t(`${member} fenced: all its processes are gone`, `${member} 已隔离：其所有进程均已结束`),
    ];
  const [verdict, why] = [describeVerdict(health, locale), describeHealth(reason, locale)];
  return [t(`${member} ${verdict}: ${why}`, `${member} ${verdict}：${why}`)];
}

function failedStart(
  member: string,
  repair: RepairState,
  fault: EffectFault,
  locale: Locale,
): string {
  const why = describeFaultDetail(fault, repair.detail, locale);
  return speaker(locale)(
    `${member} could not be started, attempt ${repair.attempts}: ${why}`,
    `${member} 无法启动，第 ${repair.attempts} 次尝试：${why}`,
  );
}

function narrateIncident(incident: IncidentChange, locale: Locale): readonly string[] {
  const t = speaker(locale);
  const observeOnly = incident.observeOnly
    ? t(' (observe-only, no action)', '（只观察，不执行）')
    : '';
  const [kind, cause] = [
    describeOperation(incident.kind, locale),
    describeCause(incident.cause, locale),
  ];
  const opened = incident.opened
    ? [
        t(
          `incident ${incident.id}, ${kind}${observeOnly}: ${cause}`,
          `${kind} #${incident.id}${observeOnly}：${cause}`,
        ),
      ]
    : [];
  const facts = incident.timeline
    .filter(isTold)
    .map((entry) => `  ${offset(incident, entry)} ${describeFact(entry, locale)}`);
  return [...opened, ...facts, ...ending(incident, locale)];
}

function isTold(entry: IncidentEntry): boolean {
  return TOLD_FACTS.has(entry.code);
}

function offset(incident: Incident, entry: IncidentEntry): string {
  return `${`+${Math.max(0, entry.at - incident.startedAt).toFixed(1)}`.padStart(8)} ms`;
}

function ending(incident: Incident, locale: Locale): readonly string[] {
  const ended = incident.timeline.some((entry) => entry.code === 'ended');
  if (!ended || incident.outageMs === null) return [];
  const outcome = describeOutcome(incident.outcome, locale);
  const outage = incident.outageMs.toFixed(1);
  return [
    speaker(locale)(
      `incident ${incident.id} ${outcome}, outage ${outage} ms; hotwarm explain ${incident.id}`,
      `${describeOperation(incident.kind, locale)} #${incident.id} ${outcome}，中断 ${outage} ms；hotwarm explain ${incident.id}`,
    ),
  ];
}
