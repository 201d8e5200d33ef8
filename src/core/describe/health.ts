import type { HealthReason } from '../reasons.ts';
import type { Phase } from '../state.ts';
import { type Locale, type Text, word } from './language.ts';

const REASONS: Readonly<Record<HealthReason, Text>> = {
  starting: { en: 'it is starting', zh: '正在启动' },
  answering: { en: 'it answers', zh: '应答正常' },
  exited: { en: 'its process exited', zh: '进程已退出' },
  vanished: { en: 'its process is gone', zh: '进程已消失' },
  exiting: { en: 'its process is ending: its memory is gone', zh: '进程正在终止：内存已释放' },
  refused: { en: 'it refuses connections', zh: '拒绝连接' },
  silent: { en: 'it has been silent for longer than expected', zh: '沉默时间超出预期' },
  requestsFailing: { en: 'requests of clients fail on it', zh: '客户端请求在其上失败' },
  confirmedDead: {
    en: 'separate probes confirmed that it is dead',
    zh: '独立探测确认其已失效',
  },
  tooManyErrors: { en: 'too many requests fail on it', zh: '失败请求过多' },
  tooSlow: { en: 'it serves more slowly than its objective', zh: '响应慢于目标' },
  observerUnfit: { en: 'this host was not fit to judge it', zh: '本机当时不具备判断条件' },
  allTargetsLate: {
    en: 'all members were late at once, which points to this host',
    zh: '所有成员同时迟到，问题可能在本机',
  },
  frozen: { en: 'it is frozen', zh: '已冻结' },
  cold: { en: 'it is kept cold', zh: '保持冷备' },
  notStarted: { en: 'it has not been started', zh: '尚未启动' },
  startFailed: { en: 'it could not be started', zh: '无法启动' },
  crashLoop: { en: 'it keeps crashing', zh: '反复崩溃' },
};

const HEALTH: Readonly<Record<string, Text>> = {
  unknown: { en: 'unknown', zh: '未知' },
  starting: { en: 'starting', zh: '启动中' },
  healthy: { en: 'healthy', zh: '健康' },
  degraded: { en: 'degraded', zh: '性能下降' },
  suspect: { en: 'suspect', zh: '可疑' },
  failed: { en: 'failed', zh: '失效' },
};

/** Why a member is in the health it is in. */
export function describeHealth(reason: HealthReason, locale: Locale): string {
  return REASONS[reason][locale];
}

/** The same for a reason that was written down as text, as in an incident's timeline. */
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
  observing: { en: 'observing', zh: '接管后观测中' },
  standingBy: { en: 'standing by', zh: '本机备用' },
  down: { en: 'down', zh: '无人服务' },
};

export function describePhase(phase: Phase, locale: Locale): string {
  return PHASES[phase][locale];
}
