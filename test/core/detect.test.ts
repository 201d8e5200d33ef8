import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { DetectionConfig } from '../../src/core/config.ts';
import {
  confirmEnded,
  confirmSent,
  expire,
  idleDetector,
  isLate,
  memberExiting,
  memberExited,
  probeFailed,
  probeSucceeded,
  trafficFailed,
  trafficSampled,
  watchMember,
  type DetectorState,
} from '../../src/core/detect.ts';
import type { HostSample, TrafficSampled } from '../../src/core/event.ts';
import { CALM } from './configs.ts';
import {
  noteLateTargets,
  sampleHost,
  startObserver,
  type ObserverState,
} from '../../src/core/local-health.ts';
import type { Channel, ProbeFault } from '../../src/core/reasons.ts';

const CONFIG: DetectionConfig = {
  intervalMs: 100,
  timeoutMs: 300,
  maxSilenceMs: 1000,
  falseSuspicionEveryMs: 3_600_000,
};
const FIT = startObserver(0);
const WHO = { service: 's', member: 'm', incarnation: 1 } as const;
const LIMITS = { p95Ms: 200, errorShare: 0.05 };

function beat(
  state: DetectorState,
  at: number,
  options: { observer?: ObserverState; sequence?: number; config?: DetectionConfig } = {},
): DetectorState {
  const config = options.config ?? CONFIG;
  const sequence = options.sequence ?? Math.floor(at / config.intervalMs);
  const event = { ...WHO, channel: 'http', at, sequence, latencyMs: 1 } as const;
  return probeSucceeded(config, state, event, options.observer ?? FIT);
}

function refuse(
  state: DetectorState,
  at: number,
  fault: ProbeFault = 'refused',
  observer = FIT,
): DetectorState {
  const event = { ...WHO, channel: 'http', at, sequence: 0, fault, detail: fault } as const;
  return probeFailed(CONFIG, state, event, observer);
}

function confirm(
  state: DetectorState,
  at: number,
  outcome: 'ok' | ProbeFault,
  options: { observer?: ObserverState; channel?: Channel } = {},
): DetectorState {
  const channel = options.channel ?? 'tcp';
  const sent = confirmSent(state, at);
  return confirmEnded(
    CONFIG,
    sent,
    outcome === 'ok'
      ? { ok: true, latencyMs: 1, channel }
      : { ok: false, fault: outcome, detail: '', channel },
    at,
    options.observer ?? FIT,
  );
}

/** Judges at `at`, as the agent does once everything that arrived by then has been delivered. */
function judge(state: DetectorState, at: number, observer = FIT, config = CONFIG): DetectorState {
  return expire(config, state, at, observer);
}

function exit(state: DetectorState, at: number, incarnation = 1): DetectorState {
  return memberExited(state, {
    ...WHO,
    incarnation,
    at,
    exitCode: null,
    signal: 'SIGKILL',
    how: 'exited',
    pid: 42,
  });
}

function collapse(state: DetectorState, at: number, incarnation = 1): DetectorState {
  return memberExiting(state, { ...WHO, incarnation, at, pid: 42 });
}

/** Beats every interval, the first at 1 ms; the newest is at (beats − 1) × interval + 1. */
function beating(beats: number, config = CONFIG): DetectorState {
  let state = watchMember(config, 1, 0, 'healthy');
  for (let i = 0; i < beats; i += 1) {
    state = beat(state, i * config.intervalMs + 1, { sequence: i, config });
  }
  return state;
}

/** A healthy member that has just fallen silent: its newest beat is at 901 ms, its deadline at 1901 ms. */
function healthy(): DetectorState {
  return beating(10);
}

function silent(): DetectorState {
  return judge(healthy(), 1901);
}

function sampledHost(at: number, sample: Partial<HostSample>, from = FIT): ObserverState {
  return sampleHost(from, { ...CALM, ...sample }, at, { longestTimeoutMs: CONFIG.maxSilenceMs });
}

function window(at: number, change: Partial<TrafficSampled> = {}): TrafficSampled {
  const quiet = { requests: 0, errors: 0, p95Ms: null, waiting: 0, oldestWaitMs: 0 };
  return { service: 's', member: 'm', at, windowMs: 100, ...quiet, ...change };
}

function serve(state: DetectorState, at: number, change: Partial<TrafficSampled>): DetectorState {
  return trafficSampled(CONFIG, state, window(at, change), LIMITS, FIT);
}

test('a member that answers is healthy and has a deadline', () => {
  const state = healthy();
  assert.equal(state.health, 'healthy');
  assert.equal(state.nextAt, 1901);
  assert.equal(state.silence.lastBeatAt, 901);
  assert.deepEqual(state.evidence, []);
});

test('silence up to the deadline is no evidence', () => {
  const state = judge(healthy(), 1900.9);
  assert.equal(state.health, 'healthy');
  assert.equal(isLate(state, { config: CONFIG, at: 1900.9, observer: FIT }), false);
});

test('silence past the deadline raises a suspicion that wants a confirming probe at once', () => {
  const state = silent();
  assert.equal(state.health, 'suspect');
  assert.equal(state.reason, 'silent');
  assert.equal(state.since, 1901);
  assert.equal(state.firstEvidenceAt, 1901);
  assert.deepEqual(state.confirm, { wanted: true, sentAt: null, deadline: 2501, failures: 0 });
  assert.deepEqual(state.evidence.at(-1)?.fact, {
    code: 'silent',
    silentMs: 1000,
    expectedMs: 100,
    marginMs: 900,
  });
  assert.equal(isLate(state, { config: CONFIG, at: 1901, observer: FIT }), true);
});

test('a confirming probe that was sent is not wanted again before it ends', () => {
  const state = confirmSent(silent(), 1902);
  assert.equal(state.confirm?.wanted, false);
  assert.equal(state.confirm?.sentAt, 1902);
});

test('a confirming answer clears the member and gives it a fresh time-out', () => {
  const state = confirm(silent(), 1950, 'ok');
  assert.equal(state.health, 'healthy');
  assert.equal(state.confirm, null);
  assert.deepEqual(state.evidence, []);
  assert.equal(judge(state, 2900).health, 'healthy');
  assert.equal(judge(state, 2950).health, 'suspect');
});

test('a fresh beat clears the member', () => {
  const state = beat(silent(), 1950);
  assert.equal(state.health, 'healthy');
  assert.equal(state.reason, 'answering');
  assert.equal(state.firstEvidenceAt, null);
});

test('one confirming time-out asks once more, two condemn', () => {
  const once = confirm(silent(), 2201, 'timeout');
  assert.equal(once.health, 'suspect');
  assert.equal(once.confirm?.wanted, true);
  const twice = confirm(once, 2501, 'timeout');
  assert.equal(twice.health, 'failed');
  assert.equal(twice.reason, 'confirmedDead');
  assert.deepEqual(
    twice.evidence.map(({ fact }) => fact.code),
    ['silent', 'probeFailed', 'probeFailed'],
  );
});

test('past the confirmation deadline no further probe is wanted', () => {
  assert.equal(confirm(silent(), 2501, 'timeout').confirm?.wanted, false);
});

test('the confirmation deadline condemns a member whose confirmation never ends', () => {
  const state = confirmSent(silent(), 1902);
  assert.equal(state.nextAt, 2501);
  assert.equal(judge(state, 2500).health, 'suspect');
  assert.equal(judge(state, 2501).health, 'failed');
});

test('a refused connection is suspected at once and condemned by one refused confirmation', () => {
  const doubted = refuse(healthy(), 950);
  assert.equal(doubted.health, 'suspect');
  assert.equal(doubted.reason, 'refused');
  assert.equal(doubted.confirm?.wanted, true);
  const state = confirm(doubted, 951, 'refused');
  assert.equal(state.health, 'failed');
  assert.equal(state.reason, 'confirmedDead');
});

test('a refused confirmation alone does not condemn a silent member', () => {
  assert.equal(confirm(silent(), 1902, 'refused').health, 'suspect');
});

test('a refused connection that another channel denies clears the member', () => {
  assert.equal(confirm(refuse(healthy(), 950), 951, 'ok').health, 'healthy');
});

test('a probe that timed out is evidence but no suspicion before the deadline', () => {
  const state = refuse(healthy(), 1300, 'timeout');
  assert.equal(state.health, 'healthy');
  assert.equal(state.firstEvidenceAt, 1300);
  assert.equal(judge(state, 1901).firstEvidenceAt, 1300);
});

test('the end of the process condemns at once', () => {
  const state = exit(healthy(), 950);
  assert.equal(state.health, 'failed');
  assert.equal(state.reason, 'exited');
  assert.equal(state.nextAt, null);
  assert.deepEqual(state.evidence, [
    { at: 950, channel: 'exit', fact: { code: 'exited', exitCode: null, signal: 'SIGKILL' } },
  ]);
});

test('a vanished process condemns with its pid', () => {
  const event = {
    ...WHO,
    at: 950,
    exitCode: null,
    signal: null,
    how: 'vanished',
    pid: 42,
  } as const;
  const state = memberExited(healthy(), event);
  assert.equal(state.reason, 'vanished');
  assert.deepEqual(state.evidence[0]?.fact, { code: 'vanished', pid: 42 });
});

test('an answer that was under way when the process ended does not revive it', () => {
  assert.equal(beat(exit(healthy(), 950), 951, { sequence: 11 }).health, 'failed');
});

test('a process without memory is condemned at once, whatever it had under way', () => {
  const state = collapse(healthy(), 950);
  assert.deepEqual([state.health, state.reason, state.nextAt], ['failed', 'exiting', null]);
  assert.deepEqual(state.evidence, [
    { at: 950, channel: 'exit', fact: { code: 'exiting', pid: 42 } },
  ]);
  assert.equal(beat(state, 951, { sequence: 11 }).health, 'failed');
  assert.equal(collapse(state, 960), state);
});

test('the exit that follows a collapse tells how it ended', () => {
  const state = exit(collapse(healthy(), 950), 1050);
  assert.deepEqual([state.health, state.reason], ['failed', 'exited']);
  assert.deepEqual(
    state.evidence.map(({ at, fact }) => [at, fact.code]),
    [
      [950, 'exiting'],
      [1050, 'exited'],
    ],
  );
  assert.equal(state.firstEvidenceAt, 950);
});

test('the collapse of another incarnation, or after the exit, says nothing', () => {
  assert.equal(collapse(healthy(), 950, 2).health, 'healthy');
  assert.equal(collapse(exit(healthy(), 950), 960).reason, 'exited');
});

test('a member condemned by silence is revived by a fresh beat', () => {
  const dead = judge(silent(), 2501);
  assert.equal(beat(dead, 2600).health, 'healthy');
});

test('facts of another incarnation are ignored', () => {
  const state = healthy();
  const other = { ...WHO, incarnation: 2, channel: 'http', at: 950, sequence: 99 } as const;
  assert.equal(probeSucceeded(CONFIG, state, { ...other, latencyMs: 1 }, FIT), state);
  assert.equal(probeFailed(CONFIG, state, { ...other, fault: 'refused', detail: '' }, FIT), state);
  assert.equal(exit(state, 950, 2), state);
});

test('duplicates and overtaken answers are no fresh beats', () => {
  const state = healthy();
  assert.equal(beat(state, 1500, { sequence: 9 }), state);
  assert.equal(beat(state, 1500, { sequence: 3 }), state);
});

test('a member that is starting is never suspected by silence or refusals', () => {
  const state = watchMember(CONFIG, 1, 0, 'starting');
  assert.equal(state.nextAt, null);
  assert.equal(refuse(state, 100), state);
  assert.equal(judge(state, 1e6).health, 'starting');
  assert.equal(isLate(state, { config: CONFIG, at: 1e6, observer: FIT }), false);
  assert.equal(beat(state, 200).health, 'healthy');
  assert.equal(exit(state, 200).health, 'failed');
});

test('a member watched after it answered is expected to answer again', () => {
  const state = watchMember(CONFIG, 1, 5000, 'healthy');
  assert.equal(state.silence.lastBeatAt, 5000);
  assert.equal(judge(judge(state, 5100), 6000).health, 'suspect');
});

test('a frozen member is not judged by silence or refusals, only by its end', () => {
  const state = idleDetector(0, 'frozen');
  assert.equal(state.health, 'unknown');
  assert.equal(state.nextAt, null);
  assert.equal(judge(state, 1e6), state);
  assert.equal(refuse(state, 100), state);
  assert.equal(
    trafficFailed(CONFIG, state, { ...WHO, at: 1, fault: 'reset', count: 1 }, FIT),
    state,
  );
  assert.equal(isLate(state, { config: CONFIG, at: 1e6, observer: FIT }), false);
  assert.equal(exit(state, 100, 7).health, 'failed');
});

test('the margin respects the bound where it leaves less than the floor', () => {
  const tight = { ...CONFIG, intervalMs: 20, timeoutMs: 100, maxSilenceMs: 60 };
  const state = beating(10, tight);
  assert.equal(state.nextAt, 241);
  assert.equal(judge(state, 241, FIT, tight).health, 'suspect');
});

test('the bound holds even where the long window expects the beat later', () => {
  let state = watchMember(CONFIG, 1, 0, 'healthy');
  for (let i = 0; i < 50; i += 1) state = beat(state, i * 100 + 80, { sequence: i });
  state = beat(state, 5001, { sequence: 50 });
  assert.equal(state.nextAt, 6001);
});

test('once its window has filled the margin is what the path needs, with a floor', () => {
  const quick = { ...CONFIG, falseSuspicionEveryMs: 6000 };
  const state = beating(100, quick);
  assert.ok(Math.abs((state.nextAt ?? 0) - (9901 + 100 + 50)) < 1e-6);
});

test('a blurred timer of the observer raises the floor', () => {
  const quick = { ...CONFIG, falseSuspicionEveryMs: 6000 };
  let observer = FIT;
  for (let at = 100; at <= 10_000; at += 100) observer = sampledHost(at, { lateMs: 15 }, observer);
  const state = beat(beating(100, quick), 10_001, { observer, sequence: 100, config: quick });
  assert.ok(Math.abs((state.nextAt ?? 0) - (10_001 + 100 + 60)) < 1e-6);
});

test('a gap that ended a suspicion enters the margin but not the expected arrival', () => {
  const quick = { ...CONFIG, falseSuspicionEveryMs: 6000 };
  const calm = beating(100, quick);
  const doubted = judge(calm, 10_060, FIT, quick);
  assert.equal(doubted.health, 'suspect');
  const state = beat(doubted, 10_401, { sequence: 100, config: quick });
  assert.equal(state.silence.arrivals.meanOffsetMs, calm.silence.arrivals.meanOffsetMs);
  assert.ok(Math.abs(state.silence.record.currentMs - 400) < 1e-6);
});

test('a gap that was confirmed to be an outage is no mistake to learn from', () => {
  const quick = { ...CONFIG, falseSuspicionEveryMs: 6000 };
  const dead = judge(judge(beating(100, quick), 10_060, FIT, quick), 10_700, FIT, quick);
  assert.equal(dead.health, 'failed');
  const state = beat(dead, 12_001, { sequence: 120, config: quick });
  assert.ok(state.silence.record.currentMs < 1);
  assert.ok(Math.max(...state.silence.record.largestMs) < 1);
});

test('beats that were queued behind a stall and are delivered before the verdict prevent it', () => {
  // The deadline at 1901 is due during a stall until 2400; verdicts come after what has arrived.
  const state = beat(healthy(), 2400, { sequence: 10 });
  assert.equal(judge(state, 2400).health, 'healthy');
  assert.equal(judge(healthy(), 2400).health, 'suspect');
});

test('the own pause of the observer is taken off the silence, once', () => {
  const observer = sampledHost(1901, { lateMs: 500 });
  // The score is 1, so the bound doubles too: it is what is being credited that matters here.
  const fit = { ...observer, score: 0 };
  const state = judge(healthy(), 1901, fit);
  assert.equal(state.health, 'healthy');
  assert.equal(state.nextAt, 2401);
  assert.equal(judge(state, 2400, fit).health, 'healthy');
  assert.equal(judge(state, 2401, fit).health, 'suspect');
});

test('an own pause before the newest beat credits nothing', () => {
  const fit = { ...sampledHost(900, { lateMs: 500 }), score: 0 };
  assert.equal(judge(healthy(), 1901, fit).health, 'suspect');
});

test('an own pause does not enter the margin as lateness', () => {
  const fit = { ...sampledHost(1400, { lateMs: 400 }), score: 0 };
  const state = beat(healthy(), 1401, { observer: fit, sequence: 14 });
  assert.ok(state.silence.record.currentMs < 1);
});

test('a beat that an own pause may have delayed does not shift the expected arrival', () => {
  const fit = { ...sampledHost(1400, { lateMs: 400 }), score: 0 };
  const before = healthy();
  const { arrivals } = beat(before, 1401, { observer: fit, sequence: 10 }).silence;
  assert.equal(arrivals.meanOffsetMs, before.silence.arrivals.meanOffsetMs);
});

test('a confirmation whose time an own pause took gets another probe', () => {
  const ended = confirm(silent(), 2501, 'timeout');
  assert.equal(ended.confirm?.wanted, false);
  const fit = { ...sampledHost(2501, { lateMs: 500 }), score: 0 };
  assert.equal(judge(ended, 2501, fit).confirm?.wanted, true);
  const underWay = confirmSent(silent(), 2400);
  assert.equal(judge(underWay, 2501, fit).confirm?.wanted, false);
});

test('the own pause of the observer is taken off the confirmation too', () => {
  const state = silent();
  const fit = { ...sampledHost(2501, { lateMs: 500 }), score: 0 };
  const later = judge(state, 2501, fit);
  assert.equal(later.health, 'suspect');
  assert.equal(later.nextAt, 3001);
  assert.equal(judge(later, 3001, fit).health, 'failed');
});

test('the score of the observer multiplies the margin', () => {
  const calm = healthy();
  const hastened = { ...calm, silence: { ...calm.silence, hastened: true } };
  assert.equal(isLate(hastened, { config: CONFIG, at: 1050, observer: FIT }), false);
  assert.equal(isLate(hastened, { config: CONFIG, at: 1052, observer: FIT }), true);
  const strained = { ...FIT, score: 2 };
  assert.equal(isLate(hastened, { config: CONFIG, at: 1150, observer: strained }), false);
  assert.equal(isLate(hastened, { config: CONFIG, at: 1152, observer: strained }), true);
});

test('not even a strained observer suspects later than the bound', () => {
  const strained = { ...FIT, score: 8 };
  assert.equal(isLate(healthy(), { config: CONFIG, at: 1900, observer: strained }), false);
  assert.equal(judge(healthy(), 1901, strained).health, 'suspect');
});

test('a silent member is looked at again while the observer gets fitter', () => {
  const config = { ...CONFIG, maxSilenceMs: 10_000 };
  const state = judge(beating(10, config), 2001, { ...FIT, score: 8 }, config);
  assert.equal(state.health, 'healthy');
  assert.equal(state.nextAt, 3001);
  assert.equal(judge(state, 3001, FIT, config).health, 'suspect');
});

test('a strained observer asks more often before it believes in time-outs', () => {
  const strained = { ...FIT, score: 1 };
  let state = judge(healthy(), 2801, strained);
  assert.equal(state.health, 'suspect');
  assert.equal(state.confirm?.deadline, 2801 + 4 * CONFIG.timeoutMs);
  for (const at of [3101, 3401, 3701]) {
    state = confirm(state, at, 'timeout', { observer: strained });
    assert.equal(state.health, 'suspect');
  }
  assert.equal(confirm(state, 4001, 'timeout', { observer: strained }).health, 'failed');
});

test('while the observer is held silence makes a member unknown, not suspect', () => {
  const observer = { ...FIT, holdUntil: 2500 };
  const state = judge(healthy(), 1901, observer);
  assert.equal(state.health, 'unknown');
  assert.equal(state.reason, 'observerUnfit');
  assert.equal(state.nextAt, 2500);
});

test('after the hold a member gets one full fresh time-out', () => {
  const observer = { ...FIT, holdUntil: 2500 };
  const held = judge(judge(healthy(), 1901, observer), 2500, observer);
  assert.equal(held.health, 'unknown');
  assert.equal(held.nextAt, 3500);
  assert.equal(judge(held, 3499, observer).health, 'unknown');
  assert.equal(judge(held, 3500, observer).health, 'suspect');
});

test('a beat makes an unknown member healthy again', () => {
  const observer = { ...FIT, holdUntil: 2500 };
  assert.equal(beat(judge(healthy(), 1901, observer), 2000, { observer }).health, 'healthy');
});

test('all targets late at once makes them unknown until one answers', () => {
  const fit = noteLateTargets(FIT, { late: 2, watched: 2 }, 1901);
  const state = judge(healthy(), 1901, fit);
  assert.equal(state.health, 'unknown');
  assert.equal(state.reason, 'allTargetsLate');
  assert.equal(judge(state, 60_000, fit).health, 'unknown');
  assert.equal(isLate(state, { config: CONFIG, at: 60_000, observer: fit }), true);
  const cleared = noteLateTargets(fit, { late: 1, watched: 2 }, 2000);
  assert.equal(judge(judge(state, 2001, cleared), 2900, cleared).health, 'unknown');
  assert.equal(judge(judge(state, 2001, cleared), 2901, cleared).health, 'suspect');
});

test('members of one host that all hang are suspected once the own echo has vouched for the host', () => {
  let observer = noteLateTargets(FIT, { late: 2, watched: 2 }, 1901);
  let state = judge(healthy(), 1901, observer);
  for (let at = 2000; at < 10_000 && state.health === 'unknown'; at += 100) {
    observer = sampledHost(at, { echoMs: 1 }, observer);
    state = judge(state, at, observer);
  }
  assert.equal(state.health, 'suspect');
  // The echo vouches from 4000 on; the newest excuse before that gave a full time-out.
  assert.equal(state.since, 3900 + CONFIG.maxSilenceMs);
});

test('a suspicion is withdrawn, not confirmed, once the observer is unfit', () => {
  const observer = { ...FIT, holdUntil: 9000 };
  assert.equal(judge(silent(), 2501, observer).health, 'unknown');
  const once = confirm(silent(), 2201, 'timeout', { observer });
  assert.equal(confirm(once, 2401, 'timeout', { observer }).health, 'unknown');
});

test('proof and refusals count while the observer is unfit', () => {
  const observer = { ...FIT, holdUntil: 9000 };
  const held = judge(healthy(), 1901, observer);
  assert.equal(exit(held, 2000).health, 'failed');
  const doubted = refuse(held, 2000, 'refused', observer);
  assert.equal(doubted.health, 'suspect');
  assert.equal(confirm(doubted, 2001, 'refused', { observer }).health, 'failed');
});

test('a step of the wall clock changes neither deadline nor verdict', () => {
  for (const wallStepMs of [3_600_000, -3_600_000]) {
    const observer = sampledHost(1800, { wallStepMs });
    assert.equal(judge(healthy(), 1900, observer).health, 'healthy');
    assert.equal(judge(healthy(), 1901, observer).health, 'suspect');
  }
});

test('clients whose connections are reset raise a suspicion', () => {
  const event = { ...WHO, at: 950, fault: 'reset', count: 3 } as const;
  const state = trafficFailed(CONFIG, healthy(), event, FIT);
  assert.equal(state.health, 'suspect');
  assert.equal(state.reason, 'requestsFailing');
  assert.equal(state.confirm?.wanted, true);
  assert.equal(confirm(state, 951, 'refused').health, 'failed');
});

test('clients whose requests time out raise no suspicion while the observer is unfit', () => {
  const observer = { ...FIT, holdUntil: 9000 };
  const event = { ...WHO, at: 950, fault: 'timeout', count: 3 } as const;
  assert.equal(trafficFailed(CONFIG, healthy(), event, observer).health, 'healthy');
  assert.equal(trafficFailed(CONFIG, healthy(), event, FIT).health, 'suspect');
});

test('requests that succeed count as a sign of life as old as their window', () => {
  const state = serve(healthy(), 1800, { requests: 10, p95Ms: 20 });
  assert.equal(state.silence.lastBeatAt, 1700);
  assert.equal(judge(state, 1901).health, 'healthy');
  assert.equal(judge(state, 2700).health, 'suspect');
});

test('requests that may have succeeded before the doubt do not clear it', () => {
  const state = silent();
  assert.equal(serve(state, 1950, { requests: 10, p95Ms: 20 }).health, 'suspect');
  assert.equal(serve(state, 2010, { requests: 10, p95Ms: 20 }).health, 'healthy');
});

test('clients that hang hasten the suspicion of a silent member', () => {
  const state = serve(healthy(), 1250, { waiting: 4, oldestWaitMs: 300 });
  assert.equal(state.health, 'healthy');
  assert.ok((state.nextAt ?? Infinity) <= 1250);
  const judged = judge(state, 1250);
  assert.equal(judged.health, 'suspect');
  assert.deepEqual(
    judged.evidence.map(({ fact }) => fact.code),
    ['stalled', 'silent'],
  );
});

test('a confirming answer gives a member whose clients hang its full time-out back', () => {
  const hanging = serve(healthy(), 1250, { waiting: 4, oldestWaitMs: 300 });
  const state = confirm(judge(hanging, 1250), 1260, 'ok');
  assert.equal(state.nextAt, 2260);
});

test('clients that wait on a member that answers its probes do not make it suspect', () => {
  const state = serve(healthy(), 950, { waiting: 4, oldestWaitMs: 300 });
  assert.equal(judge(state, 1000).health, 'healthy');
  assert.equal(judge(beat(state, 1001), 1100).health, 'healthy');
});

test('a high share of errors over enough requests makes a member degraded while it beats', () => {
  const state = serve(healthy(), 950, { requests: 20, errors: 5, p95Ms: 20 });
  assert.equal(state.health, 'degraded');
  assert.equal(state.reason, 'tooManyErrors');
  assert.deepEqual(state.evidence[0]?.fact, {
    code: 'errorShare',
    share: 0.25,
    requests: 20,
    limit: 0.05,
  });
  assert.equal(beat(state, 1001).health, 'degraded');
});

test('five slow windows in a row make a member degraded, four do not', () => {
  let state = healthy();
  for (let i = 0; i < 4; i += 1) state = serve(state, 950 + i, { requests: 3, p95Ms: 900 });
  assert.equal(state.health, 'healthy');
  const good = serve(state, 955, { requests: 3, p95Ms: 20 });
  assert.equal(serve(good, 956, { requests: 3, p95Ms: 900 }).health, 'healthy');
  const slow = serve(beat(state, 1001), 1002, { requests: 3, p95Ms: 900 });
  assert.equal(slow.health, 'degraded');
  assert.equal(slow.reason, 'tooSlow');
  assert.equal(slow.firstEvidenceAt, 950);
});

test('latency is not judged where no limit is set', () => {
  let state = healthy();
  const limits = { p95Ms: null, errorShare: 0.05 };
  for (let i = 0; i < 9; i += 1) {
    const sample = window(950 + i, { requests: 3, p95Ms: 9000 });
    state = trafficSampled(CONFIG, state, sample, limits, FIT);
  }
  assert.equal(state.health, 'healthy');
});

test('a degraded member recovers by itself after good windows', () => {
  let state = serve(healthy(), 950, { requests: 20, errors: 5, p95Ms: 20 });
  for (let i = 1; i <= 4; i += 1) state = serve(state, 950 + i, { requests: 20, p95Ms: 20 });
  assert.equal(state.health, 'degraded');
  state = serve(state, 955, { requests: 20, p95Ms: 20 });
  assert.equal(state.health, 'healthy');
  assert.deepEqual(state.evidence, []);
});

test('a degraded member without requests recovers by itself after a quiet time', () => {
  const state = serve(healthy(), 950, { requests: 20, errors: 5, p95Ms: 20 });
  assert.equal(beat(state, 30_901).health, 'degraded');
  assert.equal(beat(state, 31_001).health, 'healthy');
});

test('a degraded member that falls silent is suspected, and degraded again when it answers', () => {
  const state = serve(healthy(), 950, { requests: 20, errors: 5, p95Ms: 20 });
  const doubted = judge(state, state.nextAt ?? 0);
  assert.equal(doubted.health, 'suspect');
  assert.equal(confirm(doubted, 1960, 'ok').health, 'degraded');
});

test('a health check that says no twice condemns', () => {
  const doubted = refuse(healthy(), 950, 'badStatus');
  assert.equal(doubted.reason, 'requestsFailing');
  const state = confirm(confirm(doubted, 951, 'badStatus'), 952, 'badStatus');
  assert.equal(state.health, 'failed');
});

test('a health check that says no while another channel answers is a gray failure', () => {
  const state = confirm(refuse(healthy(), 950, 'badStatus'), 951, 'ok', { channel: 'tcp' });
  assert.equal(state.health, 'degraded');
  assert.equal(state.reason, 'requestsFailing');
  let later = state;
  for (let at = 1000; at <= 20_000; at += 100) later = judge(refuse(later, at, 'badStatus'), at);
  assert.equal(later.health, 'degraded');
  assert.equal(beat(later, 20_101).health, 'healthy');
});

test('a health check that says no once and then yes was wrong', () => {
  const state = confirm(refuse(healthy(), 950, 'badStatus'), 951, 'ok', { channel: 'http' });
  assert.equal(state.health, 'healthy');
});

test('a verdict that nobody wants yet changes nothing', () => {
  const state = healthy();
  assert.equal(judge(state, 1900), state);
  assert.equal(confirmSent(state, 950), state);
});

test('evidence is bounded, its details too', () => {
  let state = healthy();
  for (let i = 0; i < 100; i += 1) state = refuse(state, 950 + i, 'refused');
  assert.equal(state.evidence.length, 16);
  assert.equal(state.firstEvidenceAt, 950);
  const event = { ...WHO, channel: 'http', at: 950, sequence: 0, fault: 'badAnswer' } as const;
  const long = probeFailed(CONFIG, healthy(), { ...event, detail: 'x'.repeat(1e6) }, FIT);
  assert.ok(JSON.stringify(long).length < 5000);
});

type Fact = { readonly what: number; readonly afterMs: number };

test('whatever happens, health, confirmation, deadline and evidence stay consistent', () => {
  const facts = fc.array(fc.record({ what: fc.nat(11), afterMs: fc.nat(700) }), { maxLength: 120 });
  fc.assert(
    fc.property(facts, (story) => {
      let at = 0;
      let observer = FIT;
      let state = watchMember(CONFIG, 1, 0, 'healthy');
      for (const fact of story) {
        at += fact.afterMs;
        if (fact.what === 11) observer = sampledHost(at, { lateMs: fact.afterMs * 2 }, observer);
        else state = happen(state, fact, at, observer);
        assert.equal(state.health === 'suspect', state.confirm !== null);
        assert.equal(state.health === 'failed', state.nextAt === null);
        assert.ok(state.evidence.length <= 16);
        if (state.health === 'suspect') assert.ok(state.evidence.length > 0);
        if (state.health === 'failed') assert.ok(state.evidence.length > 0);
        assert.equal(state.firstEvidenceAt === null, state.evidence.length === 0);
        assert.ok(JSON.stringify(state).length < 20_000);
      }
    }),
    { numRuns: 300 },
  );
});

function happen(
  state: DetectorState,
  fact: Fact,
  at: number,
  observer: ObserverState,
): DetectorState {
  switch (fact.what) {
    case 0:
    case 1:
    case 2:
      return beat(state, at, { observer });
    case 3:
      return refuse(state, at, 'refused', observer);
    case 4:
      return refuse(state, at, 'timeout', observer);
    case 5:
      return refuse(state, at, 'badStatus', observer);
    case 6:
      return confirm(state, at, 'ok', { observer });
    case 7:
      return confirm(state, at, 'timeout', { observer });
    case 8:
      return trafficSampled(
        CONFIG,
        state,
        window(at, { requests: fact.afterMs, errors: fact.afterMs % 7, p95Ms: fact.afterMs }),
        LIMITS,
        observer,
      );
    case 9:
      return trafficSampled(
        CONFIG,
        state,
        window(at, { waiting: 1, oldestWaitMs: fact.afterMs }),
        LIMITS,
        observer,
      );
    default:
      return judge(state, at, observer);
  }
}
