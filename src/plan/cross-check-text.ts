import { type Locale, speaker } from '../core/describe/language.ts';
import type { CrossCheck, EffectCode } from '../model/plan/cross-check.ts';
import { spanText } from './plan-text.ts';

/** One sentence: whether the formulas agree with a simulation, or which effect may explain that they do not. */
export function crossCheckText(check: CrossCheck, locale: Locale): string {
  const say = speaker(locale);
  if (check.agrees) {
    return check.isWeak
      ? say(
          'the formulas are within the interval of the simulation, but the interval is too wide to be conclusive',
          '公式结果落在仿真的置信区间之内，但该区间过宽，不足以下结论',
        )
      : say('the formulas agree with the simulation', '公式与仿真一致');
  }
  const gap = spanText(check.minutesPerYear * 60_000);
  const difference =
    check.formula === 'higher'
      ? say(`the formulas give ${gap} a year more than the simulation`, `公式比仿真每年多 ${gap}`)
      : say(`the formulas give ${gap} a year less than the simulation`, `公式比仿真每年少 ${gap}`);
  const [likeliest] = check.effects;
  const reason =
    likeliest === undefined
      ? say(
          'no known effect explains it: one of the two is wrong',
          '已知的效应都无法解释：两者之一有误',
        )
      : say(
          `most likely because ${effectText(likeliest.code, locale)} (up to ${spanText(likeliest.minutesPerYear * 60_000)} a year)`,
          `最可能的原因：${effectText(likeliest.code, locale)}（每年至多 ${spanText(likeliest.minutesPerYear * 60_000)}）`,
        );
  return say(`${difference}; ${reason}`, `${difference}；${reason}`);
}

function effectText(code: EffectCode, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<EffectCode, string>> = {
    overlap: say('faults at the same time make each other last longer', '同时发生的故障会相互延长'),
    restartBackoff: say(
      'a member that fails repeatedly is restarted after increasing pauses',
      '反复失效的成员经过逐渐变长的退避才重启',
    ),
    leaseWait: say(
      'an exclusive service waits for the lease of an active member that cannot be fenced',
      '独占服务要等待无法隔离的主用成员的租约到期',
    ),
    gateRefusal: say(
      'a standby whose last rehearsal is too old is not eligible',
      '备用成员的预演证明已过期，不满足接管条件',
    ),
    strainedObserver: say(
      'an agent on an overloaded host waits longer before it marks a member failed',
      '主机繁忙时 agent 判定失效前会等待更久',
    ),
    steadyDurations: say(
      'durations vary less than the formulas assume, so fewer faults coincide',
      '各时长的波动小于公式的假设，同时发生的故障更少',
    ),
    earlyFallback: say(
      'the proxy falls back to a standby before the agent has decided',
      '代理在 agent 决策之前已改用备选成员',
    ),
    nextCandidate: say(
      'a failed takeover continues with the next candidate at once',
      '失败的接管会立即换下一个候选',
    ),
    degradedCountsAsDown: say(
      'the formulas count a degraded member as down',
      '公式把亚健康的成员算作停机',
    ),
    mistakesAssumed: say(
      'the formulas assume pauses that lead to false failovers',
      '公式假设存在引起误切换的停顿',
    ),
  };
  return texts[code];
}
