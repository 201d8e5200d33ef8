import { unreachable } from '../assert.ts';
import type { Evidence, EvidenceFact } from '../reasons.ts';
import { describeFault } from './fault.ts';
import { duration, type Locale, percent, plural, speaker, type Text, word } from './language.ts';

/** A kind of probe goes by its own name, unless it has another in Chinese. */
const CHANNELS: Readonly<Record<string, Text>> = {
  exit: { en: 'kernel', zh: '内核' },
  command: { en: 'command', zh: '命令' },
  passive: { en: 'traffic', zh: '真实流量' },
};

/** One fact a verdict rests on, and on which channel it was seen. */
export function describeEvidence(evidence: Evidence, locale: Locale): string {
  const channel = word(CHANNELS, evidence.channel, locale);
  const fact = describeEvidenceFact(evidence.fact, locale);
  return speaker(locale)(`${fact} (${channel})`, `${fact}（${channel}）`);
}

function describeEvidenceFact(fact: EvidenceFact, locale: Locale): string {
  const say = speaker(locale);
  switch (fact.code) {
    case 'exited':
      return describeExit(fact, locale);
    case 'vanished':
      return say(`process ${fact.pid} is gone`, `进程 ${fact.pid} 已不存在`);
    case 'exiting':
      return say(
        `the memory of process ${fact.pid} is gone, its exit is yet to be reported`,
        `进程 ${fact.pid} 的内存已释放，内核尚未报告其退出`,
      );
    case 'probeFailed':
      return withDetail(say('a probe failed: ', '探测失败：'), fact, locale);
    case 'requestFailed': {
      const why = describeFault(fact.fault, locale);
      return say(
        `${plural(fact.count, 'request')} of clients failed: ${why}`,
        `${fact.count} 个客户端请求失败：${why}`,
      );
    }
    case 'silent':
    case 'stalled':
    case 'errorShare':
    case 'slow':
      return describeMeasure(fact, locale);
    default:
      return unreachable(fact);
  }
}

type Measure = Extract<EvidenceFact, { code: 'silent' | 'stalled' | 'errorShare' | 'slow' }>;

function describeMeasure(fact: Measure, locale: Locale): string {
  const say = speaker(locale);
  switch (fact.code) {
    case 'silent': {
      const [silent, expected, margin] = [fact.silentMs, fact.expectedMs, fact.marginMs].map(
        duration,
      );
      return say(
        `silent for ${silent}, where ${expected} was expected and ${margin} more allowed`,
        `已沉默 ${silent}；预期 ${expected}，容限 ${margin}`,
      );
    }
    case 'stalled':
      return say(
        `${plural(fact.requests, 'request')} waiting, the oldest for ${duration(fact.waitingMs)}`,
        `${fact.requests} 个请求在等待，最久已等 ${duration(fact.waitingMs)}`,
      );
    case 'errorShare':
      return say(
        `${percent(fact.share)} of ${plural(fact.requests, 'request')} failed, at most ${percent(fact.limit)} may`,
        `${fact.requests} 个请求中 ${percent(fact.share)} 失败，上限 ${percent(fact.limit)}`,
      );
    case 'slow':
      return say(
        `95 % of ${plural(fact.requests, 'request')} took up to ${duration(fact.p95Ms)}, at most ${duration(fact.limitMs)} is allowed`,
        `${fact.requests} 个请求的 95 分位延迟为 ${duration(fact.p95Ms)}，上限 ${duration(fact.limitMs)}`,
      );
    default:
      return unreachable(fact);
  }
}

function describeExit(fact: Extract<EvidenceFact, { code: 'exited' }>, locale: Locale): string {
  const say = speaker(locale);
  if (fact.signal !== null) {
    return say(`the process was ended by ${fact.signal}`, `进程被信号 ${fact.signal} 终止`);
  }
  if (fact.exitCode === null) return say('the process ended', '进程已结束');
  return say(`the process exited with code ${fact.exitCode}`, `进程以代码 ${fact.exitCode} 退出`);
}

function withDetail(
  lead: string,
  fact: Extract<EvidenceFact, { code: 'probeFailed' }>,
  locale: Locale,
): string {
  const detail =
    fact.detail === '' ? '' : speaker(locale)(` (${fact.detail})`, `（${fact.detail}）`);
  return `${lead}${describeFault(fact.fault, locale)}${detail}`;
}
