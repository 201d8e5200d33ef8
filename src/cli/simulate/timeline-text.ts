import { unreachable } from '../../core/assert.ts';
import { describeCause } from '../../core/describe/cause.ts';
import { duration, type Locale, speaker, type Text } from '../../core/describe/language.ts';
import type { AvailabilityRunFault, MemberComponent } from '../../sim/availability-run-faults.ts';
import type { AvailabilityRunEvent } from '../../sim/availability-run.ts';
import { cell, paint, type Terminal, type Tone } from '../../terminal.ts';
import { describeCauseOf } from './cause-text.ts';
import { DAYS_PER_YEAR } from '../../model/year.ts';

// The timeline of one run: faults, actions of the controller, and times without a serving member.

const DAY_MS = 86_400_000;

export function formatNews(terminal: Terminal, atMs: number, news: AvailabilityRunEvent): string {
  const { locale } = terminal;
  const time = paint(terminal, cell(formatTime(atMs), 'quiet'));
  return `${time}  ${paint(terminal, cell(describeNews(news, locale), toneOf(news)))}\n`;
}

/** Year, day and time of day since the beginning of the run. */
function formatTime(atMs: number): string {
  const days = Math.floor(atMs / DAY_MS);
  const year = Math.floor(days / DAYS_PER_YEAR);
  const day = days - Math.ceil(year * DAYS_PER_YEAR);
  const time = new Date(atMs % DAY_MS).toISOString().slice(11, 23);
  return `y${String(year).padStart(3, '0')} d${String(day).padStart(3, '0')} ${time}`;
}

function describeNews(news: AvailabilityRunEvent, locale: Locale): string {
  const say = speaker(locale);
  switch (news.type) {
    case 'fault':
      return describeFault(news.fault, locale);
    case 'incident': {
      const { kind, from, to, cause } = news.incident;
      const mistake = news.isFalse ? say(', false failover', '，误切换') : '';
      return `  ${kind} ${from ?? '-'} → ${to ?? '-'}${say(': ', '：')}${describeCause(cause, locale)}${mistake}`;
    }
    case 'outage': {
      const lasted = duration(news.outage.lastedMs);
      const { text } = describeCauseOf(news.outage.cause, locale);
      return say(`  no member served for ${lasted}: ${text}`, `  服务中断 ${lasted}：${text}`);
    }
    default:
      return unreachable(news);
  }
}

const FAILURES: Readonly<Record<MemberComponent, Text>> = {
  process: { en: 'process exits', zh: '进程退出' },
  hang: { en: 'hangs', zh: '假死' },
  degraded: { en: 'responds to probes and fails its clients', zh: '能响应探测，却无法服务客户端' },
};

function describeFault(fault: AvailabilityRunFault, locale: Locale): string {
  const say = speaker(locale);
  switch (fault.code) {
    case 'failed':
      return `${fault.member}${say(': ', '：')}${FAILURES[fault.component][locale]}`;
    case 'paused': {
      const lasts = duration(fault.lastsMs);
      return say(`${fault.member} pauses for ${lasts}`, `${fault.member} 停顿 ${lasts}`);
    }
    case 'hidden':
      return say(
        `${fault.member}, a standby, has a failure that no probe detects`,
        `备用成员 ${fault.member} 出现探测发现不了的失效`,
      );
    case 'broken':
      return say(
        `  restarts of ${fault.member} fail until an operator has fixed it`,
        `  ${fault.member} 重启无效，须人工修复`,
      );
    case 'hostLost':
      return describeCauseOf(fault.component, locale).text;
    case 'commonCause':
      return say('  all other members fail along with it', '  其他成员一同失效');
    case 'stuck':
      return say(
        '  the takeover fails: waiting for the failed member or an operator',
        '  接管未成功：等待失效成员恢复或人工处理',
      );
    default:
      return unreachable(fault);
  }
}

function toneOf(news: AvailabilityRunEvent): Tone {
  switch (news.type) {
    case 'fault':
      return 'doubtful';
    case 'outage':
      return 'bad';
    case 'incident':
      return 'plain';
    default:
      return unreachable(news);
  }
}
