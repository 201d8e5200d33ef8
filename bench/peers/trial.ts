import { monotonicMs } from '../../src/clock.ts';
import { OpenLoopLoad } from '../../src/drill/load.ts';
import type { Act, Method, Running } from './contender.ts';

// One fault under load, the same for every contender and seen from its clients alone.

const RATE_PER_SECOND = 200;
/** A request without a complete answer by then has failed. */
const REQUEST_TIMEOUT_MS = 5000;
const LEAD_MS = 1000;
/** Faults come at any phase of checks that are up to this far apart. */
const PHASE_MS = 200;
/** Failures this soon after the fault belong to it, however soon others are served. */
const WATCH_MIN_MS = 1500;
/** An outage is over once this long nothing failed and nobody waited for as long as CALM_GAP_MS. */
const CALM_MS = 1000;
const CALM_GAP_MS = 250;
const POLL_MS = 50;

const SIGNALS = { kill: 'SIGKILL', hang: 'SIGSTOP' } as const;

export type Trial = {
  /** Longest time without a completed request from the fault on; at least `watchMs` if not over by then. */
  readonly gapMs: number;
  readonly over: boolean;
  readonly sent: number;
  readonly failed: number;
  readonly reasons: readonly string[];
  /** Before the fault; not 0 means that the trial says nothing. */
  readonly failedBefore: number;
};

export async function runTrial(options: {
  readonly running: Running;
  readonly act: Act;
  readonly method: Method;
  readonly watchMs: number;
}): Promise<Trial> {
  const { running, act, method, watchMs } = options;
  const load = loadOn(running.port, method, RATE_PER_SECOND);
  load.start();
  try {
    await pause(LEAD_MS + Math.random() * PHASE_MS);
    const pid = await running.activePid();
    const sentBefore = load.sent;
    const failedBefore = load.failures.length;
    const at = monotonicMs();
    if (act !== 'none') process.kill(pid, SIGNALS[act]);
    const over = await calm(load, at, watchMs);
    const end = monotonicMs();
    const gapMs = load.longestGapMs(at, end);
    const sent = load.sent - sentBefore;
    // Whoever still waits is counted when its time is over.
    await load.stop();
    const failures = load.failures.slice(failedBefore);
    return {
      gapMs: over ? gapMs : Math.max(gapMs, watchMs),
      over,
      sent,
      failed: failures.length,
      reasons: [...new Set(failures.map(({ reason }) => reason))],
      failedBefore,
    };
  } finally {
    await load.stop();
  }
}

/** Whether the outage was over within `watchMs` of the fault. */
async function calm(load: OpenLoopLoad, at: number, watchMs: number): Promise<boolean> {
  for (;;) {
    await pause(POLL_MS);
    const now = monotonicMs();
    const from = now - CALM_MS;
    const isCalm =
      load.failuresBetween(from, now).length === 0 && load.longestGapMs(from, now) < CALM_GAP_MS;
    if (isCalm && now - at >= WATCH_MIN_MS) return true;
    if (now - at >= watchMs) return false;
  }
}

/** Code that is run for the first time is slow: every contender serves this before its first trial. */
export async function warmUp(running: Running): Promise<void> {
  for (const method of ['GET', 'POST'] as const) {
    const load = loadOn(running.port, method, 500);
    load.start();
    await pause(1500);
    await load.stop();
  }
}

function loadOn(port: number, method: Method, ratePerSecond: number): OpenLoopLoad {
  return new OpenLoopLoad({
    host: '127.0.0.1',
    port,
    path: '/',
    method,
    ratePerSecond,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
