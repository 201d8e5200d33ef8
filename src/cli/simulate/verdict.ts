import type { ResolvedService } from '../../config/resolved.ts';
import { formatDuration } from '../../config/units.ts';
import { type Locale, percent, speaker } from '../../core/describe/language.ts';
import type { AvailabilityEstimate } from '../../sim/availability-run-estimate.ts';
import { describeCauseOf, frequency, shareText } from './cause-text.ts';

// What a simulation shows of a configuration, in plain sentences: false failovers first, then the objectives, then the largest cause.

export type Verdict = {
  readonly code: 'falseFailovers' | 'flapping' | 'availability' | 'rto' | 'largestCause';
  readonly isGood: boolean;
  readonly text: string;
};

/** Fewer false failovers a year than this are not worth a change. */
const TOLERATED_MISTAKES = 0.1;
/** More false failovers a year than this are reported, if they are most of its switchovers. */
const TOLERATED_FALSE = 12;
/** Share of the outages that should keep the objective. */
const RTO_SHARE = 0.99;

export function verdictsOf(
  service: ResolvedService,
  estimate: AvailabilityEstimate,
  { withinRto, locale }: { readonly withinRto: number | null; readonly locale: Locale },
): readonly Verdict[] {
  return [
    mistakes(service, estimate, locale),
    ...flapping(estimate, locale),
    ...availability(service, estimate, locale),
    ...rto(service, withinRto, locale),
    ...largestCause(estimate, locale),
  ];
}

function mistakes(
  { core }: ResolvedService,
  { falseFailovers }: AvailabilityEstimate,
  locale: Locale,
): Verdict {
  const interval = formatDuration(core.detection.intervalMs);
  const timeout = formatDuration(core.detection.timeoutMs);
  const often = frequency(falseFailovers.perYear, locale);
  return {
    code: 'falseFailovers',
    isGood: falseFailovers.interval.lower <= TOLERATED_MISTAKES,
    text: speaker(locale)(
      `false failovers with interval ${interval} and timeout ${timeout}: ${often}`,
      `探测间隔 ${interval}、超时 ${timeout} 时，误切换：${often}`,
    ),
  };
}

/** False failovers make it switch, and each failback is one more. */
function flapping(
  { failovers, falseFailovers, plannedMoves }: AvailabilityEstimate,
  locale: Locale,
) {
  const isFlapping =
    falseFailovers.perYear > TOLERATED_FALSE && falseFailovers.perYear > failovers.perYear / 2;
  if (!isFlapping) return [];
  const often = frequency(failovers.perYear + plannedMoves.perYear, locale);
  const text = speaker(locale)(
    `switches over ${often}, mostly unnecessarily: increase probe.timeout or probe.interval`,
    `切换：${often}，多半并无必要：请增大 probe.timeout 或 probe.interval`,
  );
  return [{ code: 'flapping', isGood: false, text } as const];
}

function availability(
  { objectives }: ResolvedService,
  { unavailability95 }: AvailabilityEstimate,
  locale: Locale,
): readonly Verdict[] {
  if (objectives.availability === null) return [];
  const say = speaker(locale);
  const goal = shareText(1 - objectives.availability);
  const allowed = 1 - objectives.availability;
  if (unavailability95.upper <= allowed) {
    const text = say(`meets its availability objective of ${goal}`, `达到可用度目标 ${goal}`);
    return [{ code: 'availability', isGood: true, text }];
  }
  const text =
    unavailability95.lower > allowed
      ? say(`misses its availability objective of ${goal}`, `达不到可用度目标 ${goal}`)
      : say(
          `not certain whether it meets its availability objective of ${goal}: simulate more years`,
          `是否达到可用度目标 ${goal} 尚不能确定：请仿真更多年`,
        );
  return [{ code: 'availability', isGood: false, text }];
}

function rto(
  { objectives }: ResolvedService,
  withinRto: number | null,
  locale: Locale,
): readonly Verdict[] {
  if (objectives.rtoMs === null || withinRto === null) return [];
  const goal = formatDuration(objectives.rtoMs);
  const share = percent(withinRto);
  const text = speaker(locale)(
    `${share} of the outages end within objectives.rto, ${goal}`,
    `${share} 的中断在 objectives.rto（${goal}）内结束`,
  );
  return [{ code: 'rto', isGood: withinRto >= RTO_SHARE, text }];
}

function largestCause({ causes }: AvailabilityEstimate, locale: Locale): readonly Verdict[] {
  const [largest] = causes;
  if (largest === undefined) return [];
  const total = causes.reduce((sum, { downtimeMsPerYear }) => sum + downtimeMsPerYear, 0);
  const what = describeCauseOf(largest.cause, locale);
  const share = percent(largest.downtimeMsPerYear / total);
  const text = speaker(locale)(
    `${share} of the downtime: ${what.text}; ${what.advice}`,
    `停机时间的 ${share}：${what.text}；${what.advice}`,
  );
  return [{ code: 'largestCause', isGood: true, text }];
}
