import type { Plan } from '../model/plan/recommendation.ts';
import { spanText } from './plan-text.ts';
import { MINUTES_PER_YEAR } from '../model/year.ts';

// The scales of the chart: cost from 0, downtime by decades, so that all schemes and objectives are on it.

export const WIDTH = 960;
export const HEIGHT = 600;
export const LEFT = 92;
export const RIGHT = 116;
export const TOP = 76;
export const BOTTOM = 72;

type Scale = (value: number) => number;
export type Axes = {
  readonly x: Scale;
  readonly y: Scale;
  readonly costs: readonly number[];
  readonly minutes: readonly number[];
};

export function axesFor({ evaluations, baseline, question }: Plan): Axes {
  const all = [...evaluations, baseline];
  const { objectives } = question;
  const costs = [...all.map(({ bill }) => bill.perMonth), ...given(objectives.perMonth)];
  const downs = [
    ...all.map(({ downtimeMinutesPerYear }) => downtimeMinutesPerYear),
    ...given(objectives.unavailability).map((share) => share * MINUTES_PER_YEAR),
  ].filter((minutes) => minutes > 0);
  const step = niceStep((Math.max(...costs) || 1) / 8);
  const most = step * Math.ceil((Math.max(...costs) || 1) / step + 0.25);
  const low = Math.floor(Math.log10(Math.min(...downs, 1e3) * 0.9));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...downs, 1e-9) * 1.1)));
  const decades = Array.from({ length: high - low + 1 }, (_value, index) => low + index);
  const fine = decades.length <= 3 ? [1, 2, 5] : [1];
  return {
    x: (cost) => LEFT + (cost / most) * (WIDTH - LEFT - RIGHT),
    y: (minutes) => {
      const part = (Math.log10(Math.max(minutes, 10 ** low)) - low) / (high - low);
      return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
    },
    costs: Array.from(
      { length: Math.floor(most / step + 1e-9) + 1 },
      (_value, index) => index * step,
    ),
    minutes: decades
      .flatMap((decade) => fine.map((digit) => digit * 10 ** decade))
      .filter((minutes) => minutes <= 10 ** high * (1 + 1e-9)),
  };
}

function given(value: number | null): readonly number[] {
  return value === null ? [] : [value];
}

/** 1, 2 or 5 times a power of ten, not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10) * power;
}

/** In the unit in which it is a small number. */
export function tickText(minutes: number): string {
  if (minutes >= 60 * 24 * 5) return `${Number((minutes / 1440).toPrecision(2))} d`;
  if (minutes >= 1) return `${Number(minutes.toPrecision(4))} min`;
  return spanText(Number((minutes * 60_000).toPrecision(2)));
}
