import { unreachable } from '../assert.ts';
import type { IncidentFact } from '../state.ts';
import { describeEvidence } from './evidence.ts';
import { describeFault } from './fault.ts';
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
  choosing: { en: 'while a candidate was being chosen', zh: '选择接管成员时' },
  raising: { en: 'while the target was being made ready', zh: '目标成员准备就绪时' },
  taking: { en: 'while it was taking over', zh: '接管过程中' },
};

const OPERATION_STEPS: Readonly<Record<string, Text>> = {
  choosing: { en: 'a candidate is being chosen', zh: '正在选择接管成员' },
  raising: { en: 'the target is being made ready', zh: '目标成员正在准备就绪' },
  taking: { en: 'the plan runs', zh: '计划正在执行' },
  yielding: { en: 'members of this host are being fenced', zh: '正在隔离本机成员' },
};

const OUTCOMES: Readonly<Record<string, Text>> = {
  underWay: { en: 'under way', zh: '进行中' },
  succeeded: { en: 'succeeded', zh: '成功' },
  superseded: { en: 'superseded by another host', zh: '已由其他主机接管' },
  aborted: { en: 'aborted', zh: '已中止' },
  failed: { en: 'failed', zh: '失败' },
};

export function describeOutcome(outcome: string, locale: Locale): string {
  return word(OUTCOMES, outcome, locale);
}

/** How far a takeover has got. */
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
      return say(`ordered: ${effect}${of}${member}`, `下令：${effect}${member}`);
    }
    case 'done':
      return say(
        `done: ${effect}, after ${duration(fact.tookMs)}`,
        `完成：${effect}，用时 ${duration(fact.tookMs)}`,
      );
    case 'failed': {
      const fault = describeFault(fact.fault, locale);
      const detail = fact.detail === '' ? '' : ` (${fact.detail})`;
      return say(`failed: ${effect}: ${fault}${detail}`, `失败：${effect}：${fault}${detail}`);
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
      const lead = say(`${fact.member} is suspected`, `${fact.member} 可疑`);
      if (fact.evidence === null) return lead;
      return `${lead}${say(': ', '：')}${describeEvidence(fact.evidence, locale)}`;
    }
    case 'cleared':
      return say(`${fact.member} is cleared of the suspicion`, `${fact.member} 的嫌疑已排除`);
    case 'prepared': {
      const from = describeTemperature(fact.from, locale);
      return say(`${fact.member} is raised from ${from}`, `${fact.member} 从${from}备升温`);
    }
    case 'verdict': {
      const health = describeVerdict(fact.health, locale);
      const reason = describeHealthText(fact.reason, locale);
      return say(
        `${fact.member} is found ${health}: ${reason}`,
        `判定 ${fact.member} ${health}：${reason}`,
      );
    }
    case 'evidence': {
      const evidence = describeEvidence(fact.evidence, locale);
      return say(`evidence on ${fact.member}: ${evidence}`, `${fact.member} 的证据：${evidence}`);
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
    `observed ${fact.member}: 95th percentile ${p95}, failed ${errors}`,
    `观测 ${fact.member}：95 分位延迟 ${p95}，失败率 ${errors}`,
  );
}

/** What hotwarm decided or did not do, and how it went on. */
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
      const degraded = say(', although it is too slow', '，虽未达到性能要求');
      const lead = say(`${fact.member} is chosen to take over`, `选定 ${fact.member} 接管`);
      return fact.degraded ? `${lead}${degraded}` : lead;
    }
    case 'passedOver': {
      const why = fact.refusals.map((refusal) => describeGate(refusal, locale));
      return say(
        `${fact.member} is passed over: ${why.join('; ')}`,
        `未选 ${fact.member}：${why.join('；')}`,
      );
    }
    case 'noCandidate':
      return say('no standby may take over', '没有可接管的成员');
    case 'usedFallback':
      return say(
        `the data plane went from ${fact.from} to ${fact.to}, as authorised in advance`,
        `数据面已按预先授权从 ${fact.from} 转到 ${fact.to}`,
      );
    case 'served':
      return say(`${fact.member} serves`, `${fact.member} 开始提供服务`);
    case 'refused':
      return `${say('not done: ', '未执行：')}${describeRefusal(fact.refusal, locale)}`;
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
      return say('the agent had ended; a new one went on from here', '代理曾终止，新代理由此继续');
    default:
      return unreachable(fact);
  }
}
