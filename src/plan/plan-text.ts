import { describeTemperature } from '../core/describe/fact.ts';
import { type Locale, duration, size, speaker } from '../core/describe/language.ts';
import type { Basis } from '../model/fault-rates.ts';
import { type Design, countOf } from '../model/plan/design-space.ts';
import type { LayerKind } from '../model/plan/layer.ts';
import type { Objective, Unbridged } from '../model/plan/objectives.ts';
import type { Parameter, Phase } from '../model/design-branch.ts';
import type { DownPhase } from '../model/design-figures.ts';

// The words of a plan, in English and Chinese. Longer than most files because it is one list.

/** "1 hot and 2 cold standbys". */
export function standbysText({ standbys }: Design, locale: Locale): string {
  const say = speaker(locale);
  if (standbys.length === 0) return say('no standby', '无备用');
  const parts = standbys.map(({ temperature, count }) => {
    const kept = describeTemperature(temperature, locale);
    return say(`${count} ${kept}`, `${count} 个${kept}备成员`);
  });
  const noun = countOf(standbys) === 1 ? 'standby' : 'standbys';
  return say(`${parts.join(' and ')} ${noun}`, parts.join('加'));
}

/** Where it is, if that is more than one place. */
export function placeText({ hosts, zones }: Design, locale: Locale): string {
  const say = speaker(locale);
  if (hosts === 1) return say('one host', '一台主机');
  const inZones =
    zones === 1 ? say('', '') : say(` in ${zones} zones`, `，分布于 ${zones} 个可用区`);
  return say(`${hosts} hosts${inZones}`, `${hosts} 台主机${inZones}`);
}

export function designText(design: Design, locale: Locale): string {
  return speaker(locale)(
    `${standbysText(design, locale)} on ${placeText(design, locale)}`,
    `${standbysText(design, locale)}，${placeText(design, locale)}`,
  );
}

/** Detection, failback, rehearsals, replication: in few words. */
export function settingsText(design: Design, locale: Locale): string {
  const say = speaker(locale);
  const detections = {
    fast: say('fast detection', '快速检测'),
    standard: say('standard detection', '标准检测'),
    patient: say('patient detection', '宽松检测'),
  };
  const parts = [
    detections[design.detection],
    design.failback === 'auto' ? say('failback', '自动回切') : say('no failback', '不回切'),
  ];
  if (design.rehearsedMs !== null) {
    const age = duration(design.rehearsedMs);
    parts.push(say(`rehearsed within ${age}`, `须在 ${age} 内预演过`));
  }
  if (design.replication === 'sync') parts.push(say('synchronous copy', '同步复制'));
  if (design.replication === 'async') parts.push(say('asynchronous copy', '异步复制'));
  if (design.degraded === 'switchover')
    parts.push(say('switchover when degraded', '主用成员亚健康时切换'));
  return parts.join(say(', ', '，'));
}

/** `digits`: of what is missing to 100%. */
export function availabilityText(unavailability: number, digits = 2): string {
  if (unavailability <= 0) return '100%';
  if (unavailability < 1e-13) return `1 − ${unavailability.toPrecision(2)}`;
  const decimals = Math.max(0, Math.ceil(-Math.log10(100 * unavailability))) + digits - 1;
  return `${Number((100 - 100 * unavailability).toFixed(decimals))}%`;
}

/** The downtime a year, however short. */
export function downText(minutes: number, locale: Locale): string {
  return speaker(locale)(
    `down ${spanText(minutes * 60_000)} a year`,
    `每年停机 ${spanText(minutes * 60_000)}`,
  );
}

/** Minutes up to hours, so that rows can be compared; below a millisecond as a power. */
export function spanText(ms: number): string {
  if (ms === 0) return '0 s';
  if (ms < 0.1) return `${ms.toPrecision(2)} ms`;
  if (ms >= 10 * 86_400_000) return `${Number((ms / 86_400_000).toPrecision(3))} d`;
  if (ms >= 60_000 && ms < 60_000 * 1000) return `${Number((ms / 60_000).toPrecision(3))} min`;
  return duration(ms);
}

export function moneyText(amount: number, currency: string): string {
  const rounded = amount >= 1000 ? amount.toFixed(0) : amount.toFixed(2);
  return `${rounded} ${currency}`;
}

export function countText(perYear: number): string {
  return perYear >= 100 ? perYear.toFixed(0) : String(Number(perYear.toPrecision(2)));
}

export function objectiveText(objective: Objective, locale: Locale): string {
  const say = speaker(locale);
  const names: Readonly<Record<Objective, string>> = {
    availability: say('availability', '可用度'),
    rto: say('longest outage (RTO)', '最长中断（RTO）'),
    rpo: say('data loss (RPO)', '数据损失（RPO）'),
    budget: say('cost a month', '每月费用'),
    power: say('power', '功率'),
  };
  return names[objective];
}

/** A value of an objective in its unit; null: none, or no bound. */
export function objectiveValue(
  objective: Objective,
  value: number | null,
  currency: string,
  locale: Locale,
): string {
  if (value === null) return speaker(locale)('unlimited', '无上限');
  switch (objective) {
    case 'availability':
      return availabilityText(value);
    case 'rto':
      return spanText(value);
    case 'rpo':
      return size(value);
    case 'budget':
      return moneyText(value, currency);
    case 'power':
      return `${Number(value.toPrecision(3))} W`;
    default:
      return objective satisfies never;
  }
}

export function contributionText(
  layer: LayerKind,
  phase: DownPhase,
  { hosts, zones }: Design,
  locale: Locale,
): string {
  const say = speaker(locale);
  const phases: Readonly<Record<LayerKind, Readonly<Partial<Record<DownPhase, string>>>>> = {
    member: {
      detecting: say('a member has failed, not detected yet', '成员已失效但尚未发现'),
      switching: say('a standby takes over', '备用接管中'),
      recovering: say(
        'a takeover failed, waiting for a restart or an operator',
        '接管未成功，等待重启或人工',
      ),
      exhausted: say('no member left, waiting for a restart', '没有可用成员，等待重启'),
      failback: say('return to the preferred member', '回切到首选成员'),
    },
    host: {
      detecting: say('a host has failed, not detected yet', '主机已失效但尚未发现'),
      switching: say('a standby of another host takes over', '另一台主机的备用接管中'),
      recovering: say('a takeover between hosts failed', '跨主机接管未成功'),
      exhausted:
        hosts === 1
          ? say('the host is down', '主机停机，等待恢复')
          : say('all hosts are down', '没有可用主机，等待恢复'),
    },
    zone: {
      detecting: say('a zone has failed, not detected yet', '可用区已失效但尚未发现'),
      switching: say('a standby of another zone takes over', '另一可用区的备用接管中'),
      recovering: say('a takeover between zones failed', '跨可用区接管未成功'),
      exhausted:
        zones === 1
          ? say('power or network of the zone is down', '可用区断电或断网')
          : say('all zones are down', '所有可用区均不可用，等待恢复'),
    },
    unseen: {
      detecting: say('degraded service without a switchover', '成员亚健康但未切换'),
      exhausted: say('restart after a hang that no probe detected', '探测发现不了的假死之后的重启'),
    },
    mistake: { switching: say('takeover from a member that only paused', '误判引起的接管') },
    replication: { detecting: say('writes wait for a copy that failed', '写入等待失效的副本') },
  };
  return phases[layer][phase] ?? `${layer} ${phase}`;
}

export function unbridgedText(fault: Unbridged, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<Unbridged, string>> = {
    host: say('the host fails', '主机失效'),
    zone: say('power or network of the zone fails', '可用区断电或断网'),
    degraded: say(
      'the active member is degraded but responds to probes',
      '主用成员亚健康，但能响应探测',
    ),
    hang: say(
      'the active member hangs, which this probe does not detect',
      '主用成员假死，而该探测无法发现',
    ),
  };
  return texts[fault];
}

export function basisText(basis: Basis, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<Basis, string>> = {
    measured: say('measured', '实测'),
    published: say('published', '公布'),
    standard: say('standard', '标准'),
    definition: say('by definition', '定义'),
    assumed: say('assumed', '假设'),
  };
  return texts[basis];
}

export function layerText(layer: LayerKind, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<LayerKind, string>> = {
    member: say('members', '成员'),
    host: say('hosts', '主机'),
    zone: say('zones', '可用区'),
    unseen: say('undetected faults', '未被发现的故障'),
    mistake: say('false failovers', '误切换'),
    replication: say('replication', '复制'),
  };
  return texts[layer];
}

export function phaseText(phase: Phase, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<Phase, string>> = {
    serving: say('serving', '服务中'),
    warming: say('warming up', '爬坡中'),
    detecting: say('detecting', '检测中'),
    switching: say('switching', '切换中'),
    recovering: say('recovering', '恢复中'),
    exhausted: say('exhausted', '耗尽'),
    failback: say('failback', '回切'),
  };
  return texts[phase];
}

export function parameterText(parameter: Parameter, locale: Locale): string {
  const say = speaker(locale);
  const texts: Readonly<Record<Parameter, string>> = {
    failureRate: say('failure rate', '失效率'),
    standbyFactor: say('aging of standbys', '备用老化系数'),
    commonCauseShare: say('common cause', '共因系数'),
    uncoveredShare: say('1 − coverage', '1 − 覆盖率'),
    undetectedShare: say('latent failures', '隐性失效'),
    repairTime: say('repair time', '修复时间'),
    detectionTime: say('detection time', '检测时间'),
    failoverTime: say('takeover time', '接管时间'),
    recoveryTime: say('recovery time', '恢复时间'),
    failbackTime: say('failback time', '回切时间'),
    warmUpTime: say('warm-up time', '爬坡时间'),
    rehearsalInterval: say('rehearsal interval', '预演间隔'),
  };
  return texts[parameter];
}

/** As in the rows of a chain; `parameterText` says what it stands for. */
export const SYMBOLS: Readonly<Record<Parameter, string>> = {
  failureRate: 'λ',
  standbyFactor: 'α',
  commonCauseShare: 'β',
  uncoveredShare: 'c',
  undetectedShare: 'h',
  repairTime: 'R',
  detectionTime: 'D',
  failoverTime: 'F',
  recoveryTime: 'M',
  failbackTime: 'B',
  warmUpTime: 'W',
  rehearsalInterval: 'T',
};
