import type { HealthReason } from '../reasons.ts';
import type { Phase } from '../state.ts';
import { type Locale, type Text, word } from './language.ts';

const REASONS: Readonly<Record<HealthReason, Text>> = {
  starting: { en: 'starting', zh: '启动中' },
  answering: { en: 'responding', zh: '响应正常' },
  exited: { en: 'process exited', zh: '进程已退出' },
  vanished: { en: 'process is gone', zh: '进程已消失' },
  exiting: { en: 'process is exiting: memory released', zh: '进程正在退出：内存已释放' },
  refused: { en: 'refuses connections', zh: '拒绝连接' },
  silent: { en: 'no response for longer than expected', zh: '无响应时间超出预期' },
  requestsFailing: { en: 'client requests are failing', zh: '客户端请求失败' },
  confirmedDead: {
    en: 'a second probe confirmed the failure',
    zh: '另一次探测确认失效',
  },
  tooManyErrors: { en: 'too many failed requests', zh: '失败请求过多' },
  tooSlow: { en: 'slower than its objective', zh: '响应慢于目标' },
  observerUnfit: {
    en: 'no verdict: this host was overloaded or paused',
    zh: '未作判定：本机当时过载或被暂停',
  },
  allTargetsLate: {
    en: 'all members were late at the same time; the problem is probably this host',
    zh: '所有成员同时响应迟到，问题可能在本机',
  },
  frozen: { en: 'frozen', zh: '已冻结' },
  cold: { en: 'cold standby', zh: '冷备' },
  notStarted: { en: 'not started yet', zh: '尚未启动' },
  startFailed: { en: 'could not be started', zh: '无法启动' },
  crashLoop: { en: 'keeps crashing', zh: '反复崩溃' },
};

const HEALTH: Readonly<Record<string, Text>> = {
  unknown: { en: 'unknown', zh: '未知' },
  starting: { en: 'starting', zh: '启动中' },
  healthy: { en: 'healthy', zh: '健康' },
  degraded: { en: 'degraded', zh: '亚健康' },
  suspect: { en: 'suspect', zh: '可疑' },
  failed: { en: 'failed', zh: '已失效' },
};

/** Why a member has its health. */
export function describeHealth(reason: HealthReason, locale: Locale): string {
  return REASONS[reason][locale];
}

/** The same for a reason that is stored as text, as in an incident's timeline. */
export function describeHealthText(reason: string, locale: Locale): string {
  return word(REASONS, reason, locale);
}

export function describeVerdict(health: string, locale: Locale): string {
  return word(HEALTH, health, locale);
}

const PHASES: Readonly<Record<Phase, Text>> = {
  starting: { en: 'starting', zh: '启动中' },
  steady: { en: 'steady', zh: '稳定' },
  suspect: { en: 'suspect', zh: '主用可疑' },
  failingOver: { en: 'failing over', zh: '故障切换中' },
  switchingOver: { en: 'switching over', zh: '计划切换中' },
  observing: { en: 'probation', zh: '接管后观察期' },
  standingBy: { en: 'standby host', zh: '本机备用' },
  down: { en: 'down', zh: '服务中断' },
};

export function describePhase(phase: Phase, locale: Locale): string {
  return PHASES[phase][locale];
}
