import { unreachable } from '../assert.ts';
import type { Refusal } from '../reasons.ts';
import { describeCandidate } from './eligibility.ts';
import { duration, type Locale, plural, speaker, type Text, word } from './language.ts';

const OPERATIONS: Readonly<Record<string, Text>> = {
  start: { en: 'start', zh: '启动' },
  failover: { en: 'failover', zh: '故障切换' },
  switchover: { en: 'switchover', zh: '计划切换' },
  failback: { en: 'failback', zh: '回切' },
};

export function describeOperation(operation: string, locale: Locale): string {
  return word(OPERATIONS, operation, locale);
}

/** Why a command was refused or an automatic action was not taken. */
export function describeRefusal(refusal: Refusal, locale: Locale): string {
  if (isHesitation(refusal)) return describeHesitation(refusal, locale);
  const say = speaker(locale);
  switch (refusal.code) {
    case 'unknownService':
      return say(`there is no service ${refusal.service}`, `没有名为 ${refusal.service} 的服务`);
    case 'unknownMember':
      return say(`there is no member ${refusal.member}`, `没有名为 ${refusal.member} 的成员`);
    case 'alreadyActive':
      return say(`${refusal.member} is active already`, `${refusal.member} 已是主用`);
    case 'operationUnderWay': {
      const operation = describeOperation(refusal.operation, locale);
      return say(`a ${operation} is under way`, `正在进行${operation}`);
    }
    case 'paused':
      return say('the service is paused for maintenance', '服务处于暂停（维护）状态');
    case 'observeOnly':
      return say('the service is in observe-only mode', '服务处于只观察模式');
    case 'noActive':
      return say('no member is active', '当前没有主用成员');
    case 'activeElsewhere':
      return say(
        `the active member ${refusal.member} is on host ${refusal.host}`,
        `主用成员 ${refusal.member} 在主机 ${refusal.host} 上`,
      );
    case 'memberElsewhere':
      return say(
        `the member ${refusal.member} is on host ${refusal.host}`,
        `成员 ${refusal.member} 在主机 ${refusal.host} 上`,
      );
    case 'preferredActive':
      return say('the preferred member is active already', '首选成员已是主用');
    case 'notPaused':
      return say('the service is not paused', '服务未暂停');
    default:
      return unreachable(refusal);
  }
}

/** Reasons that weigh what was measured, rather than what was asked. */
const HESITATIONS = [
  'noCandidate',
  'observerUnfit',
  'allTargetsLate',
  'flapping',
  'holdDown',
  'degradedBackoff',
] as const;

type Hesitation = Extract<Refusal, { code: (typeof HESITATIONS)[number] }>;

function isHesitation(refusal: Refusal): refusal is Hesitation {
  return HESITATIONS.some((code) => code === refusal.code);
}

function describeHesitation(refusal: Hesitation, locale: Locale): string {
  const say = speaker(locale);
  switch (refusal.code) {
    case 'noCandidate': {
      const each = refusal.candidates
        .map((candidate) => `${candidate.member}: ${describeCandidate(candidate, locale)}`)
        .join(say('; ', '；'));
      const lead = say('no standby may take over', '没有可接管的成员');
      return each === '' ? lead : `${lead} (${each})`;
    }
    case 'observerUnfit':
      return say(
        `this host is not fit to judge now (score ${refusal.score}, where 0 is fit)`,
        `本机当前不具备判断条件（评分 ${refusal.score}，0 为正常）`,
      );
    case 'allTargetsLate':
      return say(
        `all ${refusal.targets} targets are late at once, which points to this host`,
        `${refusal.targets} 个目标同时迟到，问题可能在本机`,
      );
    case 'flapping':
      return say(
        `${plural(refusal.failovers, 'failover')} within ${duration(refusal.windowMs)}, past the limit of ${refusal.limit}`,
        `${duration(refusal.windowMs)}内已故障切换 ${refusal.failovers} 次，上限 ${refusal.limit} 次`,
      );
    case 'holdDown':
      return say(
        `the preferred member must stay healthy for another ${duration(refusal.remainingMs)}`,
        `首选成员还须保持健康 ${duration(refusal.remainingMs)}`,
      );
    case 'degradedBackoff':
      return say(
        `it was moved for bad service not long ago; not again for ${duration(refusal.remainingMs)}`,
        `不久前刚因性能切换过，${duration(refusal.remainingMs)}后才可再次切换`,
      );
    default:
      return unreachable(refusal);
  }
}

/** What the operator can do about it. */
export function describeRemedy(refusal: Refusal, locale: Locale): string {
  return REMEDIES[refusal.code][locale];
}

const WAIT: Text = { en: 'wait, and try again', zh: '请稍后重试' };
const STATUS: Text = { en: 'see: hotwarm status', zh: '请查看：hotwarm status' };

const REMEDIES: Readonly<Record<Refusal['code'], Text>> = {
  unknownService: { en: 'list the services with: hotwarm status', zh: '列出服务：hotwarm status' },
  unknownMember: { en: 'list the members with: hotwarm status', zh: '列出成员：hotwarm status' },
  alreadyActive: { en: 'name another member with --to', zh: '用 --to 指定其他成员' },
  operationUnderWay: {
    en: 'wait until it has ended: hotwarm status --watch',
    zh: '等待其结束：hotwarm status --watch',
  },
  paused: { en: 'end the pause with: hotwarm resume', zh: '结束暂停：hotwarm resume' },
  observeOnly: { en: 'set mode: manage in the configuration', zh: '在配置中设置 mode: manage' },
  noActive: {
    en: 'force a member into service with: hotwarm failover --to',
    zh: '强制成员接管：hotwarm failover --to',
  },
  activeElsewhere: { en: 'run the command on that host', zh: '请在该主机上执行命令' },
  memberElsewhere: { en: 'name a member of this host', zh: '请指定本机的成员' },
  noCandidate: {
    en: 'mend a standby, or force one with: hotwarm failover --to',
    zh: '修复备用成员，或强制接管：hotwarm failover --to',
  },
  observerUnfit: { en: 'relieve this host, then try again', zh: '减轻本机负载后重试' },
  allTargetsLate: { en: "check this host's network and load", zh: '检查本机网络与负载' },
  flapping: {
    en: 'find out why it keeps failing, then: hotwarm failback',
    zh: '查明反复失效的原因，再执行：hotwarm failback',
  },
  holdDown: WAIT,
  degradedBackoff: WAIT,
  preferredActive: STATUS,
  notPaused: STATUS,
};
