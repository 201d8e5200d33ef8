import { type Locale, speaker, type Text } from '../../core/describe/language.ts';
import type { OutageCause } from '../../sim/outage-log.ts';
import { availabilityText } from '../../plan/plan-text.ts';

// Texts shared by the reports of a simulation.

const DIGITS = 4;

const CAUSES: Readonly<Record<OutageCause, { readonly text: Text; readonly advice: Text }>> = {
  process: {
    text: { en: 'the process of the active member exits', zh: '主用成员的进程退出' },
    advice: {
      en: 'failed restarts last longest: see faults.restartSuccess and faults.manualRepair',
      zh: '重启无效时最久：见 faults.restartSuccess 与 faults.manualRepair',
    },
  },
  hang: {
    text: { en: 'the active member hangs', zh: '主用成员假死' },
    advice: {
      en: 'a shorter probe.interval and probe.timeout detect it sooner',
      zh: '缩短 probe.interval 与 probe.timeout 可更早发现',
    },
  },
  degraded: {
    text: {
      en: 'the active member responds to probes and fails its clients',
      zh: '主用成员能响应探测，却无法服务客户端',
    },
    advice: {
      en: 'degraded.action: switchover replaces such a member',
      zh: 'degraded.action: switchover 会换下这样的成员',
    },
  },
  host: {
    text: { en: 'the host fails', zh: '主机失效' },
    advice: {
      en: 'no standby on the same host helps',
      zh: '同一主机上的备用成员无济于事',
    },
  },
  zone: {
    text: { en: 'power or network of the zone fails', zh: '可用区断电或断网' },
    advice: { en: 'no standby in the same zone helps', zh: '同一可用区的备用成员无济于事' },
  },
  pause: {
    text: { en: 'the active member pauses and recovers by itself', zh: '主用成员停顿后自行恢复' },
    advice: {
      en: 'clients wait; shorter pauses would cost less',
      zh: '客户端等待；停顿更短则代价更小',
    },
  },
  takeover: {
    text: { en: 'a takeover fails', zh: '接管未成功' },
    advice: {
      en: 'practice takeovers, and set faults.failoverSuccess to what you measure',
      zh: '请做故障演练，并把实测值写入 faults.failoverSuccess',
    },
  },
  standby: {
    text: { en: 'a standby has a latent failure', zh: '备用成员有隐性失效' },
    advice: {
      en: 'rehearsals (takeover.maxRehearsalAge) find it before it is needed',
      zh: '预演（takeover.maxRehearsalAge）可在需要之前发现',
    },
  },
  planned: {
    text: { en: 'a planned switchover', zh: '计划切换期间的中断' },
    advice: { en: 'a longer failback.after makes fewer', zh: '增大 failback.after 可减少' },
  },
};

export function describeCauseOf(
  cause: OutageCause,
  locale: Locale,
): { readonly text: string; readonly advice: string } {
  const { text, advice } = CAUSES[cause];
  return { text: text[locale], advice: advice[locale] };
}

/** "3 times a year", "once in 40 years". */
export function frequency(perYear: number, locale: Locale): string {
  const say = speaker(locale);
  if (perYear === 0) return say('never', '从未发生');
  if (perYear >= 0.95) {
    const times = String(Number(perYear.toPrecision(2)));
    return say(`${times} times a year`, `每年 ${times} 次`);
  }
  const years = String(Number((1 / perYear).toPrecision(2)));
  return say(`once in ${years} years`, `每 ${years} 年一次`);
}

/** With enough digits to tell the ends of an interval apart. */
export function shareText(unavailability: number): string {
  return availabilityText(unavailability, DIGITS);
}
