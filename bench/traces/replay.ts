import type { DetectionConfig } from '../../src/core/config.ts';
import {
  confirmEnded,
  confirmSent,
  expire,
  probeSucceeded,
  watchMember,
  type DetectorState,
} from '../../src/core/detect.ts';
import { startObserver } from '../../src/core/local-health.ts';
import type { Path } from './paths.ts';

// Replays one path through the detector in virtual time, with a fit observer. What is due at one
// instant is delivered before a deadline at that instant is judged, as the agent does.

export type Figures = {
  readonly beats: number;
  readonly suspicions: number;
  /** Failed although the member had been silent on all channels for less than the bound. */
  readonly falseFailed: number;
  /** Failed after a pause of the member that was longer than the bound: an outage by the user's word. */
  readonly outages: number;
  readonly hours: number;
  /** Crash at a random phase to suspicion, one for each beat. */
  readonly detectionMs: Float64Array;
  /** Between two fresh beats, and from a beat's sending to its arrival: for the fixed reference. */
  readonly gapsMs: Float64Array;
  readonly delaysMs: Float64Array;
};

type Arrival = { readonly at: number; readonly sequence: number };

type Run = {
  state: DetectorState;
  readonly arrivals: Arrival[];
  confirmation: { readonly at: number; readonly ok: boolean } | null;
  suspicions: number;
  falseFailed: number;
  outages: number;
  lastAt: number;
  beats: number;
};

const OBSERVER = startObserver(0);
const WHO = { service: 'bench', member: 'm', incarnation: 1, channel: 'http' } as const;

/** Counts only what happens after the first `warmUpMs`, in which the margin is learnt. */
export function replay(
  config: DetectionConfig,
  path: Path,
  options: { warmUpMs: number; durationMs: number },
): Figures {
  const slots = Math.floor((options.warmUpMs + options.durationMs) / config.intervalMs);
  const kept = Math.ceil(options.durationMs / config.intervalMs) + 1;
  const out = {
    detection: new Float64Array(kept),
    gaps: new Float64Array(kept),
    delays: new Float64Array(kept),
  };
  const run: Run = {
    state: watchMember(config, 1, 0, 'healthy'),
    arrivals: [],
    confirmation: null,
    suspicions: 0,
    falseFailed: 0,
    outages: 0,
    lastAt: 0,
    beats: 0,
  };
  const onBeat = (arrival: Arrival): void => {
    const sentAt = arrival.sequence * config.intervalMs;
    if (arrival.at >= options.warmUpMs && run.beats < kept) {
      out.detection[run.beats] = (run.state.nextAt ?? 0) - sentAt - config.intervalMs / 2;
      out.gaps[run.beats] = arrival.at - run.lastAt;
      out.delays[run.beats] = arrival.at - sentAt;
      run.beats += 1;
    }
    run.lastAt = arrival.at;
  };
  for (let sequence = 0; sequence < slots; sequence += 1) {
    const sentAt = sequence * config.intervalMs;
    process(config, path, run, { until: sentAt, countFrom: options.warmUpMs, onBeat });
    const at = path.answer(sentAt, 'beat');
    if (at === null) continue;
    enqueue(run.arrivals, { at, sequence });
    if (path.duplicates && sequence % 7 === 0) enqueue(run.arrivals, { at: at + 30, sequence });
  }
  return {
    beats: run.beats,
    suspicions: run.suspicions,
    falseFailed: run.falseFailed,
    outages: run.outages,
    hours: options.durationMs / 3_600_000,
    detectionMs: out.detection.subarray(0, run.beats),
    gapsMs: out.gaps.subarray(0, run.beats),
    delaysMs: out.delays.subarray(0, run.beats),
  };
}

function process(
  config: DetectionConfig,
  path: Path,
  run: Run,
  options: { until: number; countFrom: number; onBeat: (arrival: Arrival) => void },
): void {
  for (;;) {
    const beatAt = run.arrivals[0]?.at ?? Infinity;
    const confirmedAt = run.confirmation?.at ?? Infinity;
    const dueAt = run.state.nextAt ?? Infinity;
    const at = Math.min(beatAt, confirmedAt, dueAt);
    if (at >= options.until) return;
    const before = run.state;
    if (beatAt === at) deliver(config, run, options.onBeat);
    else if (confirmedAt === at) confirm(config, run, at);
    else run.state = expire(config, run.state, at, OBSERVER);
    if (at >= options.countFrom) count(config, path, run, before, at);
    if (run.state.confirm?.wanted === true) sendConfirm(config, path, run, at);
  }
}

function deliver(config: DetectionConfig, run: Run, onBeat: (arrival: Arrival) => void): void {
  const arrival = run.arrivals.shift();
  if (arrival === undefined) return;
  const { arrivals } = run.state.silence;
  const fresh = arrivals.lastSequence === null || arrival.sequence > arrivals.lastSequence;
  const event = { ...WHO, at: arrival.at, sequence: arrival.sequence, latencyMs: 1 };
  run.state = probeSucceeded(config, run.state, event, OBSERVER);
  if (fresh) onBeat(arrival);
}

function confirm(config: DetectionConfig, run: Run, at: number): void {
  const ok = run.confirmation?.ok === true;
  run.confirmation = null;
  const outcome = ok
    ? ({ ok, latencyMs: 1, channel: 'tcp' } as const)
    : ({ ok: false, fault: 'timeout', detail: '', channel: 'tcp' } as const);
  run.state = confirmEnded(config, run.state, outcome, at, OBSERVER);
}

function sendConfirm(config: DetectionConfig, path: Path, run: Run, at: number): void {
  const answerAt = path.answer(at, 'confirm') ?? Infinity;
  const ok = answerAt <= at + config.timeoutMs;
  run.confirmation = { at: Math.min(answerAt, at + config.timeoutMs), ok };
  run.state = confirmSent(run.state, at);
}

function count(
  config: DetectionConfig,
  path: Path,
  run: Run,
  before: DetectorState,
  at: number,
): void {
  if (run.state.health === before.health) return;
  if (run.state.health === 'suspect') run.suspicions += 1;
  if (run.state.health !== 'failed') return;
  const silentSince = path.silentSince(at);
  if (silentSince !== null && at - silentSince >= config.maxSilenceMs) run.outages += 1;
  else run.falseFailed += 1;
}

/** In order of arrival; answers rarely overtake each other, so the place is near the end. */
function enqueue(arrivals: Arrival[], arrival: Arrival): void {
  let place = arrivals.length;
  while (place > 0 && (arrivals[place - 1]?.at ?? 0) > arrival.at) place -= 1;
  arrivals.splice(place, 0, arrival);
}
