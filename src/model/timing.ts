import { standingOf, upkeepOf, type Temperature } from '../core/temperature.ts';
// What a service's timings imply, before anything fails: how long a takeover takes for each kind of fault,
// and what the lease's durations mean. How often they lead to a needless takeover is in false-failovers.ts. A plain sum
// over the steps of a takeover. Medians are added, which is exact only for steps with symmetric spread; 99th
// percentiles are added too, which is more than the percentile of the sum whenever steps are not slow
// together. So p99 errs to the safe side. It does not know how long a service needs to start, to warm up, to
// promote or to drain, and says null there instead of guessing. It supposes that the host is not strained: an
// agent that gets too little CPU multiplies its timeouts by up to nine. test/model/world.test.ts holds it to the core.

export type Spread = { readonly p50Ms: number; readonly p99Ms: number };

export type TimingInput = {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxSilenceMs: number;
  readonly falseSuspicionEveryMs: number;
  readonly exclusive: boolean;
  /** The probe is answered by the process itself, so that it fails when the process hangs. */
  readonly seesHangs: boolean;
  /** The data plane can send a request again to a standby. */
  readonly replays: boolean;
  /** How the standby that would take over is kept. */
  readonly standby: Temperature;
  /** Measured time from start to ready of a cold standby; null: not measured. */
  readonly startup: Spread | null;
  readonly lease: {
    readonly durationMs: number;
    readonly renewIntervalMs: number;
    readonly marginMs: number;
  };
  readonly degradedAction: 'switchover' | 'report';
};

export type FaultKind = 'crash' | 'hang' | 'portClosed' | 'agentKilled' | 'slow';

export type TakeoverPrediction = {
  readonly fault: FaultKind;
  /** Longest wait of a request that may be retried; null: not known in advance. */
  readonly request: Spread | null;
  /** From the fault until the standby is active for every request; null: no takeover, or not known. */
  readonly takeover: Spread | null;
  /** Why there is a null, or what else there is to know. */
  readonly note:
    | 'none'
    | 'coldStart'
    | 'unseen'
    | 'agentAway'
    | 'leaseEnds'
    | 'reportOnly'
    | 'needsTraffic'
    | 'drains';
};

// All of these are assumed for two shared cores, on the safe side of quiet ones; bench/takeover.ts prints what they
// add up to in real takeovers, as the longest gap and as `switchMs`.
/** SIGKILL of a server to its exit notice; bench/detect.ts shows the least of it, a small child on an idle loop. */
const EXIT_NOTICE: Spread = { p50Ms: 3.7, p99Ms: 10.5 };
/** SIGKILL of a server on this host to the close of a connection to it. */
const CLOSE_NOTICE: Spread = { p50Ms: 3.4, p99Ms: 10.4 };
/** A request is sent again to a standby. */
const REDISPATCH: Spread = { p50Ms: 2, p99Ms: 5 };
/** One durable commit of the journal or of the lease (SQLite, fsync). */
const COMMIT: Spread = { p50Ms: 2, p99Ms: 5 };
/** One turn of the agent's loop, or one message to the data plane. */
const TURN: Spread = { p50Ms: 1, p99Ms: 4 };
/** A frozen member runs again and answers; its memory is resident. */
const THAW: Spread = { p50Ms: 5, p99Ms: 25 };
const NOTHING: Spread = { p50Ms: 0, p99Ms: 0 };

/** Probes that must fail one after the other before silence is a verdict: CONFIRMING_PROBES of src/core/suspicion.ts. */
export const CONFIRMING_PROBES = 2;
/** Bad windows in a row after which a member serves badly: BAD_WINDOWS of src/core/outlier-detection.ts. */
export const GRAY_WINDOWS = 5;
/** A window of real traffic: SAMPLE_MS of src/drivers/traffic/proxy/watch.ts, and late by up to one of its ticks. */
export const GRAY_WINDOW: Spread = { p50Ms: 105, p99Ms: 110 };

/** So many bad windows in a row, the first of them begun when it became bad. */
const SLOW_DETECTION: Spread = {
  p50Ms: (GRAY_WINDOWS + 0.5) * GRAY_WINDOW.p50Ms,
  p99Ms: (GRAY_WINDOWS + 1) * GRAY_WINDOW.p99Ms,
};

/** Takeover times by kind of fault, in a fixed order. */
export function predictTakeovers(input: TimingInput): TakeoverPrediction[] {
  return [crash(input), hang(input), portClosed(input), agentKilled(input), slow(input)];
}

/** From a fault of the active member until it is certain; null: no verdict comes of it. */
type DetectionTimes = {
  readonly crash: Spread;
  readonly hang: Spread | null;
  readonly slow: Spread | null;
};

export function predictDetection(input: TimingInput): DetectionTimes {
  return {
    crash: EXIT_NOTICE,
    hang: input.seesHangs ? hangDetection(input) : null,
    slow: input.degradedAction === 'report' ? null : SLOW_DETECTION,
  };
}

/** From the verdict until a standby serves; null: it is unknown how long a cold one takes. */
export function predictSwitch(input: TimingInput): Spread | null {
  return afterVerdict(input, []);
}

/** The process exits: the kernel reports it, to the agent and to every connection. */
function crash(input: TimingInput): TakeoverPrediction {
  const takeover = afterVerdict(input, [EXIT_NOTICE]);
  const request = isReplayedAtOnce(input) ? sum(CLOSE_NOTICE, REDISPATCH) : takeover;
  return { fault: 'crash', request, takeover, note: noteOf(takeover) };
}

/**
 * The process stops answering but keeps its sockets: only silence shows it, and two probes on new connections
 * prove it, one timeout each. The deadline of both counts from the suspicion, so what lies between them adds
 * nothing.
 */
function hang(input: TimingInput): TakeoverPrediction {
  if (!input.seesHangs) return { fault: 'hang', request: null, takeover: null, note: 'unseen' };
  const suspicion = silenceAfterFault(input);
  const takeover = afterVerdict(input, [hangDetection(input)]);
  // On suspicion the route names the suspect, and requests that wait on it are sent to the standby too.
  const request = isReplayedAtOnce(input)
    ? sum(suspicion, TURN, COMMIT, TURN, REDISPATCH)
    : takeover;
  return { fault: 'hang', request, takeover, note: noteOf(takeover) };
}

function hangDetection(input: TimingInput): Spread {
  const confirmationMs = CONFIRMING_PROBES * input.timeoutMs;
  const confirmation = { p50Ms: confirmationMs, p99Ms: confirmationMs };
  return sum(silenceAfterFault(input), TURN, confirmation, TURN);
}

/** The port refuses: the next probe sees it, or the next request if that is sooner, and one more confirms. */
function portClosed(input: TimingInput): TakeoverPrediction {
  const nextProbe = { p50Ms: input.intervalMs / 2, p99Ms: 0.99 * input.intervalMs };
  const takeover = afterVerdict(input, [nextProbe, TURN, COMMIT, TURN]);
  const request = isReplayedAtOnce(input) ? REDISPATCH : takeover;
  return { fault: 'portClosed', request, takeover, note: noteOf(takeover) };
}

/** Members and data plane continue without the agent. Only an exclusive service ends, with its lease. */
function agentKilled({ exclusive }: TimingInput): TakeoverPrediction {
  return {
    fault: 'agentKilled',
    request: NOTHING,
    takeover: null,
    note: exclusive ? 'leaseEnds' : 'agentAway',
  };
}

/**
 * Probes are answered but clients are served badly, from the first bad answer on. Sooner where the errors of at
 * least 20 requests say so before; later where there is no request in some of the windows.
 */
function slow(input: TimingInput): TakeoverPrediction {
  if (input.degradedAction === 'report') {
    return { fault: 'slow', request: null, takeover: null, note: 'reportOnly' };
  }
  if (input.exclusive) return { fault: 'slow', request: null, takeover: null, note: 'drains' };
  const takeover = afterVerdict(input, [SLOW_DETECTION]);
  return { fault: 'slow', request: null, takeover, note: 'needsTraffic' };
}

/**
 * From the fault to suspicion, ms. The last response came up to one interval before the fault, evenly
 * spread, and suspicion comes by `maxSilenceMs` after it: T_D <= bound, and bound − interval/2 in the median
 * (Chen, Toueg, Aguilera, IEEE Transactions on Computers 51(5), 2002, for the uniform phase). Sooner once the
 * detector has learnt a margin below the bound, and when clients' requests hang too.
 */
function silenceAfterFault({ maxSilenceMs, intervalMs }: TimingInput): Spread {
  return { p50Ms: maxSilenceMs - intervalMs / 2, p99Ms: maxSilenceMs - intervalMs / 100 };
}

/** The steps that follow a verdict, in the order that the service demands. */
function afterVerdict(input: TimingInput, detection: readonly Spread[]): Spread | null {
  const raise = raiseTime(input);
  if (raise === null) return null;
  const decide = [TURN, COMMIT];
  const fence = input.exclusive ? [EXIT_NOTICE, TURN] : [];
  const acquire = [COMMIT];
  const route = [COMMIT, TURN];
  return sum(...detection, ...decide, ...fence, raise, ...acquire, ...route);
}

function raiseTime(input: TimingInput): Spread | null {
  const { standing, capacity } = upkeepOf(input.standby);
  switch (standing) {
    case 'absent':
      return input.startup;
    case 'frozen':
      return THAW;
    case 'running':
      return capacity === 'reduced' ? TURN : NOTHING;
    default:
      return standing satisfies never;
  }
}

/** Only where two actives do no harm may the data plane turn to a standby without asking. */
function isReplayedAtOnce({ exclusive, replays, standby }: TimingInput): boolean {
  return !exclusive && replays && standingOf(standby) === 'running';
}

function noteOf(takeover: Spread | null): 'none' | 'coldStart' {
  return takeover === null ? 'coldStart' : 'none';
}

function sum(...spreads: readonly Spread[]): Spread {
  return {
    p50Ms: spreads.reduce((total, { p50Ms }) => total + p50Ms, 0),
    p99Ms: spreads.reduce((total, { p99Ms }) => total + p99Ms, 0),
  };
}

export type LeasePrediction = {
  /** The holder stops serving this long after its last successful renewal began, ms. */
  readonly holderStopsMs: number;
  /** With the agent gone, an exclusive service is forwarded for at least this long, ms. */
  readonly graceMinMs: number;
  /** Another host may take over this long after it last saw a renewal, ms. */
  readonly takeoverAfterMs: number;
  /** Relative drift between two hosts' clocks that the margin covers. */
  readonly driftShare: number;
};

/** Holder and observers each use their own clock; the margin keeps the first ahead of the others. */
export function predictLease({ lease }: TimingInput): LeasePrediction {
  const holderStopsMs = lease.durationMs - lease.marginMs;
  return {
    holderStopsMs,
    graceMinMs: holderStopsMs - lease.renewIntervalMs,
    takeoverAfterMs: lease.durationMs,
    driftShare: lease.marginMs / lease.durationMs,
  };
}
