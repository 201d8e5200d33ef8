import { unreachable } from '../assert.ts';
import type { IncidentFact } from '../state.ts';
import { describeEvidence } from './evidence.ts';
import { describeFaultDetail } from './fault.ts';
import { describeGate } from './eligibility.ts';
import { describeHealthText, describeVerdict } from './health.ts';
import { duration, type Locale, percent, speaker, type Text, word } from './language.ts';
import { describeOrderType } from './order.ts';
import { describeRefusal } from './refusal.ts';
import type { Temperature } from '../temperature.ts';

const TEMPERATURES: Readonly<Record<Temperature, Text>> = {
  hot: { en: 'hot', zh: '热' },
  warm: { en: 'warm', zh: '温' },
  frozen: { en: 'frozen', zh: '冻结' },
  cold: { en: 'cold', zh: '冷' },
};

const STEPS: Readonly<Record<string, Text>> = {
  choosing: { en: 'while choosing a candidate', zh: '选择接管成员时' },
  raising: { en: 'while preparing the target', zh: '目标成员升温时' },
  taking: { en: 'during the takeover', zh: '接管过程中' },
};

const OPERATION_STEPS: Readonly<Record<string, Text>> = {
  choosing: { en: 'choosing a candidate', zh: '选择接管成员中' },
  raising: { en: 'preparing the target', zh: '目标成员升温中' },
  taking: { en: 'taking over', zh: '接管中' },
  yielding: { en: 'fencing members of this host', zh: '隔离本机成员中' },
};

const OUTCOMES: Readonly<Record<string, Text>> = {
  underWay: { en: 'in progress', zh: '进行中' },
  succeeded: { en: 'succeeded', zh: '成功' },
  superseded: { en: 'superseded by another host', zh: '已由其他主机接管' },
  aborted: { en: 'aborted', zh: '已中止' },
  failed: { en: 'failed', zh: '失败' },
};

export function describeOutcome(outcome: string, locale: Locale): string {
  return word(OUTCOMES, outcome, locale);
}

/** The current step of a takeover. */
export function describeOperationStep(step: string, locale: Locale): string {
  return word(OPERATION_STEPS, step, locale);
}

export function describeTemperature(temperature: Temperature, locale: Locale): string {
  return word(TEMPERATURES, temperature, locale);
}

/** One line of an incident's timeline. */
export function describeFact(fact: IncidentFact, locale: Locale): string {
  if (isTurn(fact)) return describeTurn(fact, locale);
  switch (fact.code) {
    case 'ordered':
    case 'done':
    case 'failed':
      return describeStep(fact, locale);
    case 'suspected':
    case 'cleared':
    case 'prepared':
    case 'verdict':
    case 'evidence':
    case 'observed':
      return describeFinding(fact, locale);
    default:
      return unreachable(fact);
  }
}

type Step = Extract<IncidentFact, { code: 'ordered' | 'done' | 'failed' }>;

function describeStep(fact: Step, locale: Locale): string {
  const say = speaker(locale);
  const effect = describeOrderType(fact.effect, locale);
  switch (fact.code) {
    case 'ordered': {
      const member = fact.member === null ? '' : ` ${fact.member}`;
      const of = fact.effect.endsWith('Lease') && member !== '' ? ' for' : '';
      return say(`ordered: ${effect}${of}${member}`, `已下发：${effect}${member}`);
    }
    case 'done':
      return say(
        `done: ${effect}, after ${duration(fact.tookMs)}`,
        `完成：${effect}，用时 ${duration(fact.tookMs)}`,
      );
    case 'failed': {
      const why = describeFaultDetail(fact.fault, fact.detail, locale);
      return say(`failed: ${effect}: ${why}`, `失败：${effect}：${why}`);
    }
    default:
      return unreachable(fact);
  }
}

type Finding = Extract<
  IncidentFact,
  { code: 'suspected' | 'cleared' | 'prepared' | 'verdict' | 'evidence' | 'observed' }
>;

function describeFinding(fact: Finding, locale: Locale): string {
  const say = speaker(locale);
  switch (fact.code) {
    case 'suspected': {
      const lead = say(`${fact.member} suspected`, `${fact.member} 可疑`);
      if (fact.evidence === null) return lead;
      return `${lead}${say(': ', '：')}${describeEvidence(fact.evidence, locale)}`;
    }
    case 'cleared':
      return say(`suspicion of ${fact.member} cleared`, `${fact.member} 已排除怀疑`);
    case 'prepared': {
      const from = describeTemperature(fact.from, locale);
      return say(`preparing ${fact.member} (was ${from})`, `${fact.member} 从${from}备升温`);
    }
    case 'verdict': {
      const health = describeVerdict(fact.health, locale);
      const reason = describeHealthText(fact.reason, locale);
      return say(`${fact.member} ${health}: ${reason}`, `判定 ${fact.member} ${health}：${reason}`);
    }
    case 'evidence': {
      const evidence = describeEvidence(fact.evidence, locale);
      return say(
        `evidence about ${fact.member}: ${evidence}`,
        `${fact.member} 的证据：${evidence}`,
      );
    }
    case 'observed':
      return describeObserved(fact, locale);
    default:
      return unreachable(fact);
  }
}

function describeObserved(
  fact: Extract<IncidentFact, { code: 'observed' }>,
  locale: Locale,
): string {
  const say = speaker(locale);
  const p95 = fact.p95Ms === null ? '-' : duration(fact.p95Ms);
  const errors = fact.errorShare === null ? '-' : percent(fact.errorShare);
  return say(
    `probation of ${fact.member}: p95 ${p95}, failed ${errors}`,
    `${fact.member} 的观察期：95 分位延迟 ${p95}，失败率 ${errors}`,
  );
}

/** Decisions, blocked actions and their outcome. */
const TURNS = [
  'chosen',
  'passedOver',
  'noCandidate',
  'usedFallback',
  'served',
  'refused',
  'aborted',
  'superseded',
  'ended',
  'resumed',
] as const;

type Turn = Extract<IncidentFact, { code: (typeof TURNS)[number] }>;

function isTurn(fact: IncidentFact): fact is Turn {
  return TURNS.some((code) => code === fact.code);
}

function describeTurn(fact: Turn, locale: Locale): string {
  const say = speaker(locale);
  switch (fact.code) {
    case 'chosen': {
      const degraded = say(', although too slow', '，虽慢于目标');
      const lead = say(`${fact.member} chosen to take over`, `选定 ${fact.member} 接管`);
      return fact.degraded ? `${lead}${degraded}` : lead;
    }
    case 'passedOver': {
      const why = fact.refusals.map((refusal) => describeGate(refusal, locale));
      return say(
        `${fact.member} not eligible: ${why.join('; ')}`,
        `${fact.member} 不满足接管条件：${why.join('；')}`,
      );
    }
    case 'noCandidate':
      return say('no standby is eligible', '没有满足接管条件的备用成员');
    case 'usedFallback':
      return say(
        `proxy switched ${fact.from} → ${fact.to} on its own (allowed fallback)`,
        `数据面已按预先授权改用备选成员：${fact.from} → ${fact.to}`,
      );
    case 'served':
      return say(`${fact.member} is serving`, `${fact.member} 开始提供服务`);
    case 'refused':
      return `${say('blocked: ', '未执行：')}${describeRefusal(fact.refusal, locale)}`;
    case 'aborted': {
      const step = word(STEPS, fact.step, locale);
      return say(`aborted ${step}`, `${step}中止`);
    }
    case 'superseded':
      return say(
        `${fact.member} on ${fact.host} holds the lease`,
        `租约已由 ${fact.host} 上的 ${fact.member} 持有`,
      );
    case 'ended':
      return `${say('ended: ', '结束：')}${describeOutcome(fact.outcome, locale)}`;
    case 'resumed':
      return say(
        'agent restarted and recovered from the journal',
        'agent 曾终止，新的 agent 从此处接手',
      );
    default:
      return unreachable(fact);
  }
}
