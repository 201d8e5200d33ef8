import { type Locale, speaker } from '../core/describe/language.ts';
import type { CrossCheck, EffectCode } from '../model/plan/cross-check.ts';
import { spanText } from './words.ts';

/** One sentence: whether the formulas agree with a simulation, or which effect may explain that they do not. */
export function crossCheckText(check: CrossCheck, locale: Locale): string {
  const say = speaker(locale);
  if (check.agrees) {
    return check.isWeak
      ? say(
          'the formulas lie within the interval of the simulation, which is too wide to say much',
          '公式结果落在仿真区间之内，但该区间过宽，说明不了什么',
        )
      : say('the formulas agree with the simulation', '公式与仿真一致');
  }
  const gap = spanText(check.minutesPerYear * 60_000);
  const difference =
    check.formula === 'higher'
      ? say(`the formulas say ${gap} a year more than was simulated`, `公式比仿真每年多 ${gap}`)
      : say(`the formulas say ${gap} a year less than was simulated`, `公式比仿真每年少 ${gap}`);
  const [likeliest] = check.effects;
  const reason =
    likeliest === undefined
      ? say(
          'no effect that is known explains it: one of the two is wrong',
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
      'a member that fails again and again is restarted after growing pauses',
      '反复失效的成员在不断增长的停顿之后才重启',
    ),
    leaseWait: say(
      'an exclusive service waits for the lease of an active that cannot be fenced',
      '独占服务要等待无法隔离的主用的租约到期',
    ),
    gateRefusal: say(
      'the gate refuses a standby whose proof is too old',
      '门槛拒绝证明已过期的备用',
    ),
    strainedObserver: say(
      'an agent on a strained host waits longer before it condemns',
      '主机繁忙时 agent 判定失效前会等待更久',
    ),
    steadyDurations: say(
      'durations vary less than the formulas suppose, so that fewer faults coincide',
      '各时长的波动小于公式的假设，同时发生的故障更少',
    ),
    earlyFallback: say(
      'the data plane turns to a standby before the agent has decided',
      '数据面在 agent 决定之前已转向备用',
    ),
    nextCandidate: say(
      'a takeover that fails goes on with the next candidate at once',
      '失败的接管会立即换下一个候选',
    ),
    degradedCountsAsDown: say(
      'the formulas count a member that serves badly as down',
      '公式把服务质量差的成员算作停机',
    ),
    mistakesAssumed: say(
      'the formulas suppose pauses that lead to takeovers by mistake',
      '公式假设存在导致误判接管的停顿',
    ),
  };
  return texts[code];
}
