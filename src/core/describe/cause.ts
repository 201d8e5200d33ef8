import { unreachable } from '../assert.ts';
import type { Cause } from '../reasons.ts';
import { describeHealth } from './health.ts';
import { duration, type Locale, percent, speaker } from './language.ts';
import { describeOperation } from './refusal.ts';

/** What set an incident off. */
export function describeCause(cause: Cause, locale: Locale): string {
  const say = speaker(locale);
  switch (cause.code) {
    case 'memberFailed': {
      const reason = describeHealth(cause.reason, locale);
      return say(`${cause.member} failed: ${reason}`, `${cause.member} 失效：${reason}`);
    }
    case 'memberDegraded': {
      const reason = describeHealth(cause.reason, locale);
      return say(
        `${cause.member} served badly: ${reason}`,
        `${cause.member} 服务质量下降：${reason}`,
      );
    }
    case 'takeoverTooSlow':
      return say(
        `${cause.member} was too slow after it took over: 95th percentile ${duration(cause.p95Ms)}, at most ${duration(cause.limitMs)}`,
        `接管后的 ${cause.member} 过慢：95 分位延迟 ${duration(cause.p95Ms)}，上限 ${duration(cause.limitMs)}`,
      );
    case 'takeoverErrors':
      return say(
        `${percent(cause.share)} of the requests failed on ${cause.member} after it took over, at most ${percent(cause.limit)} may`,
        `接管后的 ${cause.member} 有 ${percent(cause.share)} 的请求失败，上限 ${percent(cause.limit)}`,
      );
    case 'leaseLost':
      return say(`the lease of ${cause.member} was lost`, `${cause.member} 的租约已到期`);
    case 'leaseExpired':
      return say(
        `the lease of ${cause.member} on ${cause.host} has ended`,
        `${cause.host} 上 ${cause.member} 的租约已到期`,
      );
    case 'operator': {
      const command = describeOperation(cause.command, locale);
      return say(`the operator asked for a ${command}`, `操作员要求${command}`);
    }
    case 'failback':
      return say(
        `the preferred member ${cause.member} is well again`,
        `首选成员 ${cause.member} 已恢复，可以回切`,
      );
    default:
      return unreachable(cause);
  }
}
