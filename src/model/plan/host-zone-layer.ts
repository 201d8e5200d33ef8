import type { RedundancyDesign } from '../design.ts';
import { type Design, type StandbyGroup, groupsOf, standbysOf } from './design-space.ts';
import {
  type Context,
  type Layer,
  HOUR_MS,
  alternating,
  chainLayer,
  inSeries,
  perHourOf,
  repairHoursOf,
} from './layer.ts';
import { standbyClass } from './member-layer.ts';

/** Hosts, or zones, as members of a group of their own. */
export function placeLayer(context: Context, kind: 'host' | 'zone', unready: number): Layer | null {
  const { question, design, times, figuresOf } = context;
  const rate = question.rates[kind];
  const failuresPerHour = perHourOf(rate);
  if (failuresPerHour === 0) return null;
  const places = kind === 'host' ? design.hosts : design.zones;
  const repairHours = repairHoursOf(rate);
  if (places === 1)
    return inSeries(kind, [alternating(failuresPerHour, { exhausted: repairHours })]);
  const { coverage, recoveryMs } = question.rates;
  const scheme: RedundancyDesign = {
    failuresPerHour,
    repairHours,
    repairCrews: places,
    detectionHours: times.detection.host.p50Ms / HOUR_MS,
    coverage: coverage * (1 - unready),
    // Whichever is first: an operator, or the host or zone itself.
    recoveryHours: Math.min(recoveryMs / HOUR_MS, repairHours),
    commonCauseShare: 0,
    rehearsalHours: null,
    failbackHours: null,
    standbys: placeGroups(design, places).map((group) => ({
      ...standbyClass(context, group),
      standbyFactor: 1,
      undetectedShare: 0,
    })),
  };
  return chainLayer(kind, [{ scheme, weight: 1 }], figuresOf);
}

/** The hottest member of each other place. */
function placeGroups(design: Design, places: number): readonly StandbyGroup[] {
  const temperatures = standbysOf(design);
  const best = Array.from({ length: places - 1 }, (_value, other) => {
    const place = temperatures.findIndex(
      (_temperature, index) => ((index + 1) % design.hosts) % places === other + 1,
    );
    return temperatures[place] ?? 'cold';
  });
  return groupsOf(best);
}
