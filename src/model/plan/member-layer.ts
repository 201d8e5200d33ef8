import type { RedundancyDesign, StandbyClass } from '../design.ts';
import { type StandbyGroup, countOf, groupsOf, standbysOf } from './design-space.ts';
import {
  type Context,
  type Layer,
  HOUR_MS,
  alternating,
  chainLayer,
  inSeries,
  isFailing,
  perHourOf,
  repairHoursOf,
  repairOf,
  sum,
} from './layer.ts';
import { standingOf } from '../../core/temperature.ts';

/** More hosts than these are never down together in what a plan compares. */
const MOST_HOSTS_DOWN = 3;

/** Faults that a takeover answers, or a restart where there is no standby. */
export function memberLayer(context: Context): Layer | null {
  if (context.design.standbys.length === 0) return restarted(context);
  if (memberFaults(context).length === 0) return null;
  const parts = standbysLeft(context).map(({ standbys, weight }) => ({
    scheme: memberDesign(context, standbys),
    weight,
  }));
  return chainLayer('member', parts, context.figuresOf);
}

type Fault = {
  readonly perHour: number;
  readonly detectionHours: number;
  readonly repairHours: number;
};

export function memberFaults({ question, times }: Context): readonly Fault[] {
  const { rates } = question;
  const { crash, hang, slow } = times.detection;
  return [
    { rate: rates.process, detection: crash },
    { rate: rates.hang, detection: hang },
    { rate: rates.degraded, detection: slow },
  ].flatMap(({ rate, detection }) => {
    const perHour = perHourOf(rate);
    if (detection === null || perHour === 0) return [];
    const repairHours = repairOf(rate, rates);
    return [{ perHour, detectionHours: detection.p50Ms / HOUR_MS, repairHours }];
  });
}

/** Together: rates add, durations are means over the failures. */
function memberDesign(context: Context, standbys: readonly StandbyGroup[]): RedundancyDesign {
  const { question, design, times } = context;
  const { rates } = question;
  const faults = memberFaults(context);
  const failuresPerHour = sum(faults.map(({ perHour }) => perHour));
  const mean = (of: (fault: Fault) => number): number =>
    sum(faults.map((fault) => fault.perHour * of(fault))) / failuresPerHour;
  const repairHours = mean((fault) => fault.repairHours);
  const best = standbys[0];
  return {
    failuresPerHour,
    repairHours,
    repairCrews: countOf(standbys) + 1,
    detectionHours: mean((fault) => fault.detectionHours),
    coverage: rates.coverage,
    recoveryHours: repairHours,
    commonCauseShare: rates.commonCauseShare,
    rehearsalHours: design.rehearsedMs === null ? null : design.rehearsedMs / 2 / HOUR_MS,
    failbackHours:
      design.failback === 'auto' && best !== undefined && question.service.state !== 'none'
        ? times.switch('hot').p50Ms / HOUR_MS
        : null,
    standbys: standbys.map((group) => standbyClass(context, group)),
  };
}

export function standbyClass(
  { question, times }: Context,
  { temperature, count }: StandbyGroup,
): StandbyClass {
  const { rates, service } = question;
  const warmsUp = standingOf(temperature) === 'absent' && service.warmUpMs > 0;
  return {
    count,
    standbyFactor: rates.standbyFactor[temperature],
    failoverHours: times.switch(temperature).p50Ms / HOUR_MS,
    undetectedShare: rates.hiddenShare[temperature],
    isRehearsed: standingOf(temperature) !== 'running',
    warmUp: warmsUp
      ? { hours: service.warmUpMs / HOUR_MS, servingShare: service.warmUpShare }
      : null,
  };
}

/** Standbys by how many of the other hosts are down, with the probability of that. */
function standbysLeft({
  question,
  design,
}: Context): readonly { standbys: readonly StandbyGroup[]; weight: number }[] {
  const others = design.hosts - 1;
  const down = perHourOf(question.rates.host) * repairHoursOf(question.rates.host);
  const q = down / (1 + down);
  const temperatures = standbysOf(design);
  const left = Array.from({ length: Math.min(others, MOST_HOSTS_DOWN) + 1 }, (_value, away) => ({
    standbys: groupsOf(
      temperatures.filter(
        (_temperature, index) => (index + 1) % design.hosts < design.hosts - away,
      ),
    ),
    weight: choose(others, away) * q ** away * (1 - q) ** (others - away),
  }));
  return left.filter(({ weight }) => weight > 0);
}

/** Without a standby there is only a restart, and a supervisor that only restarts detects no hang: an operator does. */
function restarted({ question }: Context): Layer | null {
  const { rates } = question;
  const crash = alternating(perHourOf(rates.process), {
    exhausted: repairOf(rates.process, rates),
  });
  const hang = alternating(perHourOf(rates.hang), {
    detecting: rates.recoveryMs / HOUR_MS,
    exhausted: repairOf(rates.hang, rates),
  });
  const failing = [crash, hang].filter(isFailing);
  return failing.length === 0 ? null : inSeries('member', failing);
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i += 1) result = (result * (n - k + i)) / i;
  return result;
}
