import { unreachable } from '../assert.ts';
import type { Evidence, EvidenceFact } from '../reasons.ts';
import { describeFault, describeFaultDetail } from './fault.ts';
import { duration, type Locale, percent, plural, speaker, type Text, word } from './language.ts';

/** A kind of probe goes by its own name, unless it has another in Chinese. */
const CHANNELS: Readonly<Record<string, Text>> = {
  exit: { en: 'kernel', zh: '内核' },
  command: { en: 'command', zh: '命令' },
  passive: { en: 'traffic', zh: '真实流量' },
};

/** One observation behind a verdict, with its channel. */
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
        `process ${fact.pid} released its memory; exit not yet reported`,
        `进程 ${fact.pid} 的内存已释放，内核尚未报告其退出`,
      );
    case 'probeFailed':
      return `${say('probe failed: ', '探测失败：')}${describeFaultDetail(fact.fault, fact.detail, locale)}`;
    case 'requestFailed': {
      const why = describeFault(fact.fault, locale);
      return say(
        `${plural(fact.count, 'client request')} failed: ${why}`,
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
        `no response for ${silent} (expected within ${expected}, margin ${margin})`,
        `已 ${silent} 无响应；预期间隔 ${expected}，余量 ${margin}`,
      );
    }
    case 'stalled':
      return say(
        `${plural(fact.requests, 'request')} waiting, the oldest for ${duration(fact.waitingMs)}`,
        `${fact.requests} 个请求等待中，最久已等 ${duration(fact.waitingMs)}`,
      );
    case 'errorShare':
      return say(
        `${percent(fact.share)} of ${plural(fact.requests, 'request')} failed, limit ${percent(fact.limit)}`,
        `${fact.requests} 个请求中 ${percent(fact.share)} 失败，上限 ${percent(fact.limit)}`,
      );
    case 'slow':
      return say(
        `p95 of ${plural(fact.requests, 'request')} was ${duration(fact.p95Ms)}, limit ${duration(fact.limitMs)}`,
        `${fact.requests} 个请求的 95 分位延迟为 ${duration(fact.p95Ms)}，上限 ${duration(fact.limitMs)}`,
      );
    default:
      return unreachable(fact);
  }
}

function describeExit(fact: Extract<EvidenceFact, { code: 'exited' }>, locale: Locale): string {
  const say = speaker(locale);
  if (fact.signal !== null) {
    return say(`process killed by ${fact.signal}`, `进程被信号 ${fact.signal} 终止`);
  }
  if (fact.exitCode === null) return say('process exited', '进程已退出');
  return say(`process exited with code ${fact.exitCode}`, `进程以代码 ${fact.exitCode} 退出`);
}
