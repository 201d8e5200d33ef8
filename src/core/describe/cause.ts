import { unreachable } from '../assert.ts';
import type { Cause } from '../reasons.ts';
import { describeHealth } from './health.ts';
import { duration, type Locale, percent, speaker } from './language.ts';
import { describeOperation } from './refusal.ts';

/** What triggered an incident. */
export function describeCause(cause: Cause, locale: Locale): string {
  const say = speaker(locale);
  switch (cause.code) {
    case 'memberFailed': {
      const reason = describeHealth(cause.reason, locale);
      return say(`${cause.member} failed: ${reason}`, `${cause.member} 失效：${reason}`);
    }
    case 'memberDegraded': {
      const reason = describeHealth(cause.reason, locale);
      return say(`${cause.member} degraded: ${reason}`, `${cause.member} 亚健康：${reason}`);
    }
    case 'takeoverTooSlow':
      return say(
        `${cause.member} too slow after its takeover: p95 ${duration(cause.p95Ms)}, limit ${duration(cause.limitMs)}`,
        `接管后的 ${cause.member} 过慢：95 分位延迟 ${duration(cause.p95Ms)}，上限 ${duration(cause.limitMs)}`,
      );
    case 'takeoverErrors':
      return say(
        `${percent(cause.share)} of requests failed on ${cause.member} after its takeover, limit ${percent(cause.limit)}`,
        `接管后的 ${cause.member} 有 ${percent(cause.share)} 的请求失败，上限 ${percent(cause.limit)}`,
      );
    case 'leaseLost':
      return say(`${cause.member} lost its lease`, `${cause.member} 失去租约`);
    case 'leaseExpired':
      return say(
        `the lease of ${cause.member} on ${cause.host} expired`,
        `${cause.host} 上 ${cause.member} 的租约已到期`,
      );
    case 'operator': {
      const command = describeOperation(cause.command, locale);
      return say(`requested by an operator: ${command}`, `人工触发${command}`);
    }
    case 'failback':
      return say(
        `the preferred member ${cause.member} is healthy again`,
        `首选成员 ${cause.member} 已恢复健康`,
      );
    default:
      return unreachable(cause);
  }
}
