import type { DetectionConfig } from '../../src/core/config.ts';
import {
  confirmEnded,
  confirmSent,
  expire,
  isLate,
  probeSucceeded,
  watchMember,
  type DetectorState,
} from '../../src/core/detect.ts';
import type { HostSample } from '../../src/core/event.ts';
import {
  noteLateTargets,
  sampleHost,
  startObserver,
  type ObserverState,
} from '../../src/core/local-health.ts';
import { exponential, seeded } from './random.ts';

// An observer that is not always fit: it stalls, is robbed of its processor, is suspended, or has its
// clock set. Two members answer every probe in time; whatever is suspected is a mistake of our own.
// While the observer does not run nothing is delivered; afterwards everything that is due is, in one of
// two orders: timers first (a stall in a timer), or what has arrived first (a stall while reading).

export type Away = {
  readonly from: number;
  readonly until: number;
  readonly first: 'timers' | 'arrivals';
  /** Not on the monotonic clock at all: the host slept. */
  readonly suspendedMs: number;
  /** How long the network stays down afterwards; what was to arrive arrives then. */
  readonly deafMs: number;
};

export type ObserverTrace = {
  readonly name: string;
  readonly durationMs: number;
  /** In order, not overlapping. */
  readonly away: readonly Away[];
  /** Step of the wall clock in the sample at this instant. */
  readonly wallStepAt: (atMs: number) => number;
  /** The observer does not run for this share of the time: what its samples say. */
  readonly stolenShare: number;
};

export type ObserverFigures = {
  readonly suspicions: number;
  readonly falseFailed: number;
  readonly maxScore: number;
};

const SAMPLE_MS = 100;
const ANSWER_MS = 2;

function noStep(): number {
  return 0;
}

/** 60 stalls of a second: 15 of each of the four kinds of DETECTION A5. */
export function stallsTrace(): ObserverTrace {
  const away = Array.from({ length: 60 }, (_, i) => {
    const from = 20_000 + i * 10_000 + 7 * i;
    const first = i % 4 === 0 ? ('timers' as const) : ('arrivals' as const);
    return {
      from,
      until: from + 1000,
      first: i % 4 === 3 ? ('timers' as const) : first,
      suspendedMs: 0,
      deafMs: 0,
    };
  });
  return { name: 'observer stalls', durationMs: 640_000, away, wallStepAt: noStep, stolenShare: 0 };
}

/** Longer than every time-out: the observer was stopped for 3 s and continued. */
export function stopsTrace(): ObserverTrace {
  const away = Array.from({ length: 20 }, (_, i) => ({
    from: 20_000 + i * 31_007,
    until: 23_000 + i * 31_007,
    first: i % 2 === 0 ? ('timers' as const) : ('arrivals' as const),
    suspendedMs: 0,
    deafMs: 0,
  }));
  return {
    name: 'observer stopped 3 s',
    durationMs: 660_000,
    away,
    wallStepAt: noStep,
    stolenShare: 0,
  };
}

export function suspendTrace(): ObserverTrace {
  const away = Array.from({ length: 20 }, (_, i) => ({
    from: 20_000 + i * 31_007,
    until: 20_005 + i * 31_007,
    first: 'timers' as const,
    suspendedMs: 3_600_000,
    deafMs: 500,
  }));
  return { name: 'suspend 1 h', durationMs: 660_000, away, wallStepAt: noStep, stolenShare: 0 };
}

/** One hour forward and one back, a minute apart. */
function stepByAnHour(atMs: number): number {
  if (atMs % 60_000 !== 0) return 0;
  return atMs % 120_000 === 0 ? 3_600_000 : -3_600_000;
}

export function clockStepTrace(): ObserverTrace {
  return {
    name: 'clock step ±1 h',
    durationMs: 1_800_000,
    away: [],
    wallStepAt: stepByAnHour,
    stolenShare: 0,
  };
}

/** 60 % of the processor is stolen in slices of 60 ms on average. */
export function stealTrace(seed: number): ObserverTrace {
  const random = seeded(seed);
  const away: Away[] = [];
  let at = 10_000;
  while (at < 1_780_000) {
    const from = at + exponential(random, 40);
    const until = from + exponential(random, 60);
    away.push({
      from,
      until,
      first: random() < 0.5 ? 'timers' : 'arrivals',
      suspendedMs: 0,
      deafMs: 0,
    });
    at = until;
  }
  return {
    name: '60 % CPU steal',
    durationMs: 1_800_000,
    away,
    wallStepAt: noStep,
    stolenShare: 0.6,
  };
}

type Due = {
  readonly dueAt: number;
  readonly what: 'arrival' | 'confirmed' | 'sample' | 'deadline';
  readonly member: number;
  readonly sequence: number;
};

type Run = {
  readonly config: DetectionConfig;
  readonly guarded: boolean;
  /** Those after which the network stays down. */
  readonly deaf: readonly Away[];
  observer: ObserverState;
  readonly members: { state: DetectorState; confirmAt: number; nextSequence: number }[];
  sampleAt: number;
  suspicions: number;
  falseFailed: number;
  maxScore: number;
};

/** What a naive detector does: a deadline that is due is a verdict, and nobody watches the observer. */
const UNGUARDED = ['deadline', 'arrival', 'confirmed'] as const;
const TIMERS_FIRST = ['sample', 'arrival', 'confirmed', 'deadline'] as const;
const ARRIVALS_FIRST = ['arrival', 'confirmed', 'sample', 'deadline'] as const;

export function replayObserver(
  config: DetectionConfig,
  trace: ObserverTrace,
  options: { guarded: boolean },
): ObserverFigures {
  const run: Run = {
    config,
    guarded: options.guarded,
    deaf: trace.away.filter(({ deafMs }) => deafMs > 0),
    observer: startObserver(0),
    members: [0, 1].map(() => ({
      state: watchMember(config, 1, 0, 'healthy'),
      confirmAt: Infinity,
      nextSequence: 0,
    })),
    sampleAt: options.guarded ? SAMPLE_MS : Infinity,
    suspicions: 0,
    falseFailed: 0,
    maxScore: 0,
  };
  let awayIndex = 0;
  for (;;) {
    const at = Math.min(...dues(run).map((due) => due.dueAt));
    if (at >= trace.durationMs) break;
    while ((trace.away[awayIndex]?.until ?? Infinity) <= at) awayIndex += 1;
    const away = trace.away[awayIndex];
    const isAway = away !== undefined && at >= away.from;
    runAt(run, trace, { at: isAway ? away.until : at, away: isAway ? away : null });
  }
  return { suspicions: run.suspicions, falseFailed: run.falseFailed, maxScore: run.maxScore };
}

function dues(run: Run): readonly Due[] {
  const { intervalMs } = run.config;
  const ofMembers = run.members.flatMap(({ state, confirmAt, nextSequence }, member) => {
    const answeredAt = heardAt(run, nextSequence * intervalMs + ANSWER_MS);
    return [
      { dueAt: answeredAt, what: 'arrival' as const, member, sequence: nextSequence },
      { dueAt: confirmAt, what: 'confirmed' as const, member, sequence: 0 },
      { dueAt: state.nextAt ?? Infinity, what: 'deadline' as const, member, sequence: 0 },
    ];
  });
  return [...ofMembers, { dueAt: run.sampleAt, what: 'sample', member: 0, sequence: 0 }];
}

function heardAt(run: Run, at: number): number {
  const deaf = run.deaf.find(({ from, until, deafMs }) => at >= from && at < until + deafMs);
  return deaf === undefined ? at : deaf.until + deaf.deafMs;
}

/** One turn of the observer's loop: all that is due, verdicts last. */
function runAt(run: Run, trace: ObserverTrace, turn: { at: number; away: Away | null }): void {
  const guarded = turn.away?.first === 'timers' ? TIMERS_FIRST : ARRIVALS_FIRST;
  const order = run.guarded ? guarded : UNGUARDED;
  for (const what of order) {
    if (what === 'deadline' && run.guarded) noteLate(run, turn.at);
    for (const due of dues(run).filter((d) => d.what === what && d.dueAt <= turn.at)) {
      if (what === 'sample') sample(run, trace, turn);
      else apply(run, due, turn.at);
    }
  }
}

function sample(run: Run, trace: ObserverTrace, turn: { at: number; away: Away | null }): void {
  if (run.sampleAt > turn.at) return;
  const lateMs = turn.at - run.sampleAt;
  const host: HostSample = {
    lateMs,
    runDelayMs: trace.stolenShare * (lateMs + SAMPLE_MS),
    throttledMs: 0,
    wallStepMs: trace.wallStepAt(run.sampleAt),
    suspendedMs: turn.away?.suspendedMs ?? 0,
    echoMs: null,
  };
  const longestTimeoutMs = Math.max(run.config.timeoutMs, run.config.maxSilenceMs);
  run.observer = sampleHost(run.observer, host, turn.at, { longestTimeoutMs });
  run.maxScore = Math.max(run.maxScore, run.observer.score);
  run.sampleAt = Math.max(
    run.sampleAt + SAMPLE_MS,
    Math.ceil((turn.at + 1) / SAMPLE_MS) * SAMPLE_MS,
  );
}

function noteLate(run: Run, at: number): void {
  const { config, observer } = run;
  const late = run.members.filter(({ state }) => isLate(state, { config, at, observer })).length;
  run.observer = noteLateTargets(run.observer, { late, watched: run.members.length }, at);
}

function apply(run: Run, due: Due, at: number): void {
  const member = run.members[due.member];
  if (member === undefined) return;
  const before = member.state;
  member.state = next(run, due, member.state, at);
  if (due.what === 'arrival') {
    // A prober that did not run skips its slots and asks again in the next one.
    const slot = Math.ceil((at - ANSWER_MS) / run.config.intervalMs);
    member.nextSequence = Math.max(member.nextSequence + 1, slot);
  }
  if (due.what === 'confirmed') member.confirmAt = Infinity;
  if (member.state.confirm?.wanted === true) {
    member.state = confirmSent(member.state, at);
    member.confirmAt = heardAt(run, at + ANSWER_MS);
  }
  if (member.state.health === before.health) return;
  if (member.state.health === 'suspect') run.suspicions += 1;
  if (member.state.health === 'failed') run.falseFailed += 1;
}

function next(run: Run, due: Due, state: DetectorState, at: number): DetectorState {
  const { config, observer } = run;
  if (due.what === 'arrival') {
    const event = {
      service: 'bench',
      member: String(due.member),
      incarnation: 1,
      channel: 'http',
      at,
      sequence: due.sequence,
      latencyMs: ANSWER_MS,
    } as const;
    return probeSucceeded(config, state, event, observer);
  }
  if (due.what === 'confirmed') {
    return confirmEnded(
      config,
      state,
      { ok: true, latencyMs: ANSWER_MS, channel: 'tcp' },
      at,
      observer,
    );
  }
  return expire(config, state, at, observer);
}
