import type { DetectorState } from './detect.ts';
import { addEvidence, clearDoubt, rearm, type Situation } from './suspicion.ts';
import type { TrafficSampled } from './event.ts';
import { faultOf, noteBadWindow, noteGoodWindow, type QualityLimits } from './outlier-detection.ts';

// Passive checks from real client requests. They detect gray failures that probes miss, and they prove that a member
// responds. A window with a successful request counts as a response as old as the window. A window in which all requests
// hang shortens the timeout of a silent member; it raises no suspicion of a member that responds to probes.

export function noteWindow(
  state: DetectorState,
  sample: TrafficSampled,
  options: { limits: QualityLimits; situation: Situation },
): DetectorState {
  const { situation } = options;
  const judged = judgeQuality(state, sample, options);
  if (sample.requests > sample.errors) return noteServed(judged, sample, situation);
  const stalled = sample.waiting > 0 && sample.oldestWaitMs >= situation.config.timeoutMs;
  if (!stalled || judged.silence.hastened) return judged;
  const { at, oldestWaitMs: waitingMs, waiting: requests } = sample;
  const fact = { code: 'stalled', waitingMs, requests } as const;
  const seen = addEvidence(judged, { at, channel: 'passive', fact });
  return rearm({ ...seen, silence: { ...seen.silence, hastened: true } }, situation);
}

function noteServed(
  state: DetectorState,
  sample: TrafficSampled,
  situation: Situation,
): DetectorState {
  const servedAt = sample.at - sample.windowMs;
  if (servedAt <= state.silence.lastBeatAt) return state;
  const silence = { ...state.silence, lastBeatAt: servedAt, hastened: false };
  const served = { ...state, silence };
  if (state.health === 'suspect' && servedAt < state.since) return served;
  return clearDoubt(served, situation);
}

function judgeQuality(
  state: DetectorState,
  sample: TrafficSampled,
  options: { limits: QualityLimits; situation: Situation },
): DetectorState {
  const fact = faultOf(sample, options.limits);
  const calm = state.health === 'healthy' || state.health === 'degraded';
  if (fact === null) {
    if (sample.requests === 0) return state;
    const better = { ...state, quality: noteGoodWindow(state.quality) };
    const recovered = state.quality.degraded !== null && better.quality.degraded === null;
    return calm && recovered ? clearDoubt(better, options.situation) : better;
  }
  const { at } = sample;
  const quality = noteBadWindow(state.quality, sample, options.limits.errorShare);
  const seen = addEvidence({ ...state, quality }, { at, channel: 'passive', fact });
  if (!calm || quality.degraded === null || state.health === 'degraded') return seen;
  return { ...seen, health: 'degraded', reason: quality.degraded, since: at };
}
