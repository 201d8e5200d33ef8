import { type Spread, type TimingInput, predictDetection, predictSwitch } from '../timing.ts';
import { type Design, timingOf } from './design-space.ts';
import type { PlanQuestion } from './question.ts';
import type { Temperature } from '../../core/temperature.ts';

// How long the takeovers of a design take, fault by fault: from timing.ts, which knows the steps of this program.
// What it cannot know, the start of a cold standby, the service's description says.

/** The 99th percentile of a start, of which only the mean is known. */
const SLOW_START = 2;

export type TakeoverTimes = {
  /** null: no verdict comes of it. */
  readonly detection: {
    readonly crash: Spread;
    readonly hang: Spread | null;
    readonly slow: Spread | null;
    /** By another host. */
    readonly host: Spread;
  };
  readonly switch: (temperature: Temperature) => Spread;
};

export function takeoverTimes(question: PlanQuestion, design: Design): TakeoverTimes {
  const { service, measured } = question;
  const { durationMs } = timingOf(design).lease;
  const input = (temperature: Temperature) => timingInput(question, design, temperature);
  const predicted = predictDetection(input('hot'));
  return {
    detection: {
      crash: measuredOr(measured.crashDetectionMs, predicted.crash),
      hang: predicted.hang === null ? null : measuredOr(measured.hangDetectionMs, predicted.hang),
      slow: predicted.slow,
      host: { p50Ms: durationMs, p99Ms: durationMs },
    },
    // Only where the start of a cold standby is not known there is no prediction, and here it is.
    switch: (temperature) => predictSwitch(input(temperature)) ?? startup(service),
  };
}

export function timingInput(
  { service }: PlanQuestion,
  design: Design,
  standby: Temperature,
): TimingInput {
  return {
    ...timingOf(design),
    falseSuspicionEveryMs: 3_600_000,
    exclusive: service.state !== 'none',
    seesHangs: service.seesHangs,
    replays: service.replays,
    standby,
    startup: startup(service),
    degradedAction: design.degraded,
  };
}

function startup({ startMs }: PlanQuestion['service']): Spread {
  return { p50Ms: startMs, p99Ms: SLOW_START * startMs };
}

/** A mean that was measured; its spread stays in proportion to the predicted one. */
function measuredOr(measuredMs: number | null, predicted: Spread): Spread {
  if (measuredMs === null) return predicted;
  return { p50Ms: measuredMs, p99Ms: (measuredMs * predicted.p99Ms) / predicted.p50Ms };
}
