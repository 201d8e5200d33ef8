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

/** Why a command was refused, or an automatic action blocked. */
export function describeRefusal(refusal: Refusal, locale: Locale): string {
  if (isHesitation(refusal)) return describeHesitation(refusal, locale);
  const say = speaker(locale);
  switch (refusal.code) {
    case 'unknownService':
      return say(`no service ${refusal.service}`, `没有名为 ${refusal.service} 的服务`);
    case 'unknownMember':
      return say(`no member ${refusal.member}`, `没有名为 ${refusal.member} 的成员`);
    case 'alreadyActive':
      return say(`${refusal.member} is already active`, `${refusal.member} 已是主用成员`);
    case 'operationUnderWay': {
      const operation = describeOperation(refusal.operation, locale);
      return say(`a ${operation} is in progress`, `${operation}进行中`);
    }
    case 'paused':
      return say('paused (maintenance mode)', '自动切换已暂停（维护模式）');
    case 'observeOnly':
      return say('observe-only mode', '只观察模式');
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
      return say('the preferred member is already active', '首选成员已是主用成员');
    case 'notPaused':
      return say('not paused', '自动切换并未暂停');
    default:
      return unreachable(refusal);
  }
}

/** Reasons that depend on measurements. */
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
        .map(
          (candidate) =>
            `${candidate.member}${say(': ', '：')}${describeCandidate(candidate, locale)}`,
        )
        .join(say('; ', '；'));
      const lead = say('no standby is eligible', '没有满足接管条件的备用成员');
      return each === '' ? lead : say(`${lead} (${each})`, `${lead}（${each}）`);
    }
    case 'observerUnfit':
      return say(
        `observer degraded (score ${refusal.score}; 0 is healthy)`,
        `本机当前无法可靠判定（评分 ${refusal.score}，0 为正常）`,
      );
    case 'allTargetsLate':
      return say(
        `all ${refusal.targets} targets are late at the same time; the problem is probably this host`,
        `${refusal.targets} 个目标同时响应迟到，问题可能在本机`,
      );
    case 'flapping':
      return say(
        `${plural(refusal.failovers, 'failover')} within ${duration(refusal.windowMs)}, limit ${refusal.limit}`,
        `${duration(refusal.windowMs)} 内已故障切换 ${refusal.failovers} 次，上限 ${refusal.limit} 次`,
      );
    case 'holdDown':
      return say(
        `the preferred member must stay healthy for another ${duration(refusal.remainingMs)}`,
        `首选成员还须保持健康 ${duration(refusal.remainingMs)}`,
      );
    case 'degradedBackoff':
      return say(
        `recent switchover for degraded service; next allowed in ${duration(refusal.remainingMs)}`,
        `不久前因亚健康切换过，${duration(refusal.remainingMs)} 后才可再次切换`,
      );
    default:
      return unreachable(refusal);
  }
}

/** What an operator can do. */
export function describeRemedy(refusal: Refusal, locale: Locale): string {
  return REMEDIES[refusal.code][locale];
}

const WAIT: Text = { en: 'wait and try again', zh: '稍后重试' };
const STATUS: Text = { en: 'see: hotwarm status', zh: '查看：hotwarm status' };

const REMEDIES: Readonly<Record<Refusal['code'], Text>> = {
  unknownService: { en: 'list services with: hotwarm status', zh: '列出服务：hotwarm status' },
  unknownMember: { en: 'list members with: hotwarm status', zh: '列出成员：hotwarm status' },
  alreadyActive: { en: 'use another member: --to MEMBER', zh: '用 --to 指定其他成员' },
  operationUnderWay: {
    en: 'wait until it ends: hotwarm status --watch',
    zh: '等待其结束：hotwarm status --watch',
  },
  paused: { en: 'resume with: hotwarm resume', zh: '恢复自动切换：hotwarm resume' },
  observeOnly: { en: 'set mode: manage in the configuration', zh: '在配置中设置 mode: manage' },
  noActive: {
    en: 'force a member with: hotwarm failover --to MEMBER',
    zh: '强制成员接管：hotwarm failover --to 成员',
  },
  activeElsewhere: { en: 'run the command on that host', zh: '在该主机上执行命令' },
  memberElsewhere: { en: 'use a member of this host', zh: '指定本机的成员' },
  noCandidate: {
    en: 'fix a standby, or force one with: hotwarm failover --to MEMBER',
    zh: '修复备用成员，或强制接管：hotwarm failover --to 成员',
  },
  observerUnfit: { en: 'reduce load on this host, then try again', zh: '减轻本机负载后重试' },
  allTargetsLate: { en: "check this host's network and load", zh: '检查本机网络与负载' },
  flapping: {
    en: 'find out why the member keeps failing, then run: hotwarm failback',
    zh: '查明反复失效的原因，再执行：hotwarm failback',
  },
  holdDown: WAIT,
  degradedBackoff: WAIT,
  preferredActive: STATUS,
  notPaused: STATUS,
};
